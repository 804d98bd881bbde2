"""One release, loaded whole: encoder, index and the product facts that hits show."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from catalog.settings import Media
from models.index import RowIndex
from models.product_encoder import ProductEncoder
from models.release import Release

__all__ = ["LoadedRelease", "ProductFacts"]


class ProductFacts:
    """The fields hits show, by row; columns that a release lacks are empty."""

    def __init__(self, products: pd.DataFrame) -> None:
        n = len(products)
        self.product_id = _texts(products, "product_id")
        self.title = _texts(products, "title")
        self.category = _texts(products, "category")
        self.currency = _texts(products, "currency")
        prices = products["price"].to_numpy(dtype=np.float64) if "price" in products else np.full(n, np.nan)
        self.price = [float(p) if np.isfinite(p) else None for p in prices]
        photos: list[Any] = products["photos"].tolist() if "photos" in products else [None] * n
        self.photo = [str(p[0]) if p is not None and len(p) else "" for p in photos]

    def hit(self, row: int, score: float) -> dict[str, Any]:
        """One hit, as schemas.Hit."""
        return {
            "product_id": self.product_id[row],
            "score": score,
            "title": self.title[row],
            "category": self.category[row],
            "price": self.price[row],
            "currency": self.currency[row],
            "photo": self.photo[row],
        }


def _texts(products: pd.DataFrame, column: str) -> list[str]:
    if column not in products:
        return [""] * len(products)
    return products[column].fillna("").astype(str).tolist()


@dataclass(frozen=True, eq=False)
class LoadedRelease:
    """What one release needs in memory to answer; replaced whole, never changed.

    Attributes:
        id: release identifier, in every answer.
        vectors: (n, d) float32, memory-mapped.
        rows: product id to row.
        media: caps that photos and sounds of a request are opened under.
    """

    id: str
    manifest: dict[str, Any]
    encoder: ProductEncoder
    index: RowIndex
    vectors: np.ndarray
    rows: dict[str, int]
    facts: ProductFacts
    media: Media

    @classmethod
    def load(cls, release: Release, media: Media) -> "LoadedRelease":
        """Read every part now, so that no answer waits for a file or finds it pruned.

        Raises:
            ArtifactError: a part is missing or damaged.
        """
        return cls(
            id=release.id,
            manifest=release.manifest,
            encoder=ProductEncoder.load(release.model_folder),
            index=release.index,
            vectors=release.embeddings,
            rows=release.rows,
            facts=ProductFacts(release.products),
            media=media,
        )

    def hits(self, scores: np.ndarray, rows: np.ndarray, k: int, without: int = -1) -> list[dict[str, Any]]:
        """Hits of one query: (m,) scores and rows, best first; row -1 is padding.

        Args:
            without: a row to leave out (a product is no hit of itself).
        """
        found: list[dict[str, Any]] = []
        for score, row in zip(scores.tolist(), rows.tolist(), strict=True):
            if row < 0 or row == without:
                continue
            if len(found) == k:
                break
            found.append(self.facts.hit(row, round(score, 6)))
        return found
