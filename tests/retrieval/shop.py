"""A small shop for tests of search: listings, vectors that point at their kind, and classes."""

import numpy as np
import pandas as pd

from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.vectors import ExactIndex

__all__ = ["KINDS", "hybrid", "products", "vectors"]

KINDS = ("Shoes > Running", "Shoes > Boots", "Home > Lamps")


def products() -> pd.DataFrame:
    """Nine listings, three a kind; one is Chinese, some lack a price, a photo or a brand."""
    return pd.DataFrame(
        {
            "product_id": [f"P{i}" for i in range(9)],
            "title": [
                "Red running shoe", "Blue running shoes", "Trail runner",
                "Leather boot", "Rubber boots for rain", "Winter boot",
                "Desk lamp", "Floor lamp with dimmer", "红色台灯",
            ],
            "brand": [
                "Northpeak", "Northpeak", None, "Harbour", "Harbour", "northpeak", "Lumen", "Lumen", "",
            ],
            "attributes": [{"Colour": "red"}, {"Colour": "blue"}, {}, None, {}, {}, {"Power": "5 W"}, {}, {}],
            "category": [kind for kind in KINDS for _ in range(3)],
            "description": ["Light, with a grippy sole."] * 3 + [""] * 5 + ["适合阅读的灯"],
            "price": [80.0, 60.0, np.nan, 120.0, 40.0, 90.0, 30.0, 70.0, 30.0],
            "language": ["en"] * 8 + ["zh"],
            "photos": [["a.jpg"], [], None, ["b.jpg"], [], [], ["c.jpg"], [], []],
        }
    )  # fmt: skip


def vectors() -> np.ndarray:
    """(9, 4) unit vectors: one direction a kind, with a little of its own for each product."""
    rng = np.random.default_rng(0)
    made = np.repeat(np.eye(3, 4, dtype=np.float32), 3, axis=0) + rng.normal(0, 0.05, (9, 4))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def hybrid(fusion: FusionModel | None = None) -> HybridSearch:
    """Search over the shop, category paths not searchable."""
    weights = {"title": 3, "brand": 1, "attributes": 1, "category": 0, "description": 1}
    classes = np.repeat(np.eye(3, dtype=np.float32), 3, axis=0)
    table = vectors()
    lexical = LexicalIndex.build(products(), weights)
    return HybridSearch(lexical, ExactIndex(table), table, fusion or FusionModel.fallback(), classes)
