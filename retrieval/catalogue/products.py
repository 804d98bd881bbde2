"""What is shown of the release's products, by row."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pandas as pd

__all__ = ["BLANK", "ProductFacts", "attributes_of", "plain", "text_if_any"]

BLANK: dict[str, Any] = {
    "title": "", "brand": "", "category": "", "price": None, "currency": "", "photo": "", "sound": "",
    "on_hand": None,
}  # fmt: skip
"""What a hit shows of a product that came after the release, where nothing was said of it."""


class ProductFacts:
    """The fields hits and product pages show; columns that a release lacks are empty."""

    def __init__(self, products: pd.DataFrame) -> None:
        self._products = products
        self.product_id = _texts(products, "product_id")
        self.title = _texts(products, "title")
        self.brand = _texts(products, "brand")
        self.category = _texts(products, "category")
        self.group = _texts(products, "group_id")
        self.currency = _texts(products, "currency")
        self.price = _numbers(products, "price")
        self.on_hand = _numbers(products, "on_hand")
        self.photo = [keys[0] if keys else "" for keys in _keys(products, "photos")]
        self.sound = [keys[0] if keys else "" for keys in _keys(products, "sounds")]

    @cached_property
    def named(self) -> dict[str, list[int]]:
        """Title or identifier, as `plain` makes them, to the rows that have it."""
        found: dict[str, list[int]] = {}
        for row, names in enumerate(zip(self.title, self.product_id, strict=True)):
            for name in {plain(one) for one in names} - {""}:
                found.setdefault(name, []).append(row)
        return found

    def hits(self, rows: Sequence[int], scores: Sequence[float]) -> list[dict[str, Any]]:
        """Hits of rows of the release, as answers have them, found for no reason yet."""
        return [
            {
                "product_id": self.product_id[row],
                "score": round(score, 6),
                "title": self.title[row],
                "brand": self.brand[row],
                "category": self.category[row],
                "price": self.price[row],
                "currency": self.currency[row],
                "photo": self.photo[row],
                "sound": self.sound[row],
                "on_hand": self.on_hand[row],
                "why": {"words": [], "modality": ""},
                "pinned": False,
                "marks": [],
                "variants": [],
            }
            for row, score in zip(rows, scores, strict=True)
        ]

    def details(self, row: int) -> dict[str, Any]:
        """What a product page shows beyond a hit: texts, attributes, all media keys."""
        known = self._products.iloc[row]
        return {
            "description": text_if_any(known.get("description")),
            "attributes": attributes_of(known.get("attributes")),
            "language": text_if_any(known.get("language")),
            "photos": keys_of(known.get("photos")),
            "sounds": keys_of(known.get("sounds")),
        }


def plain(name: str) -> str:
    """A name without its case and with single spaces: what makes two equal."""
    return " ".join(name.casefold().split())


def attributes_of(cell: Any) -> dict[str, Any]:
    """Attributes as a mapping; catalogues keep them as the JSON text of one."""
    if isinstance(cell, str) and cell:
        cell = orjson.loads(cell)
    return {str(k): v for k, v in cell.items() if v is not None} if isinstance(cell, Mapping) else {}


def text_if_any(cell: Any) -> str:
    """A cell as text, anything null as nothing."""
    return cell if isinstance(cell, str) else ""


def keys_of(cell: Any) -> list[str]:
    """Media keys of a cell, which holds an array of them or nothing."""
    return [str(key) for key in cell] if isinstance(cell, (list, tuple, np.ndarray)) else []


def _keys(products: pd.DataFrame, column: str) -> list[list[str]]:
    if column not in products:
        return [[]] * len(products)
    return [keys_of(cell) for cell in products[column].tolist()]


def _numbers(products: pd.DataFrame, column: str) -> list[float | None]:
    if column not in products:
        return [None] * len(products)
    values = products[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return [float(value) if np.isfinite(value) else None for value in values]


def _texts(products: pd.DataFrame, column: str) -> list[str]:
    if column not in products:
        return [""] * len(products)
    return products[column].fillna("").astype(str).tolist()
