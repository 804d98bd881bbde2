"""Facts of the products that shoppers filter and sort by, as columns; filters and facet counts over them.

Price, stock and deletion can change at any time and show in the next answer; the rest belongs to the
release.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from catalog.errors import InputError

__all__ = ["Columns", "Filters", "allowed_rows", "facets"]

SEPARATOR = " > "


@dataclass(frozen=True)
class Filters:
    """What may be found; an empty field allows everything, several values of one allow any of them.

    Attributes:
        category: paths, each with all below it: `Home` allows `Home > Lamps`.
        brand: brands, in any case.
        language: codes such as en and zh.
        price_from, price_to: inclusive; products without a price pass neither.
        in_stock: True for those known to be in stock.
        has_photo: True or False.
    """

    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    price_from: float | None = None
    price_to: float | None = None
    in_stock: bool | None = None
    has_photo: bool | None = None

    def __post_init__(self) -> None:
        for name in ("price_from", "price_to"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise InputError(f"filters.{name}", value, "give a number of 0 or more")
        if self.price_from is not None and self.price_to is not None and self.price_from > self.price_to:
            raise InputError("filters.price_from", self.price_from, "give at most price_to")


class _Codes:
    """A text column as numbers into its distinct values: filters look at those, not at every row."""

    def __init__(self, values: list[str]) -> None:
        distinct, codes = np.unique(np.array(values, dtype=object), return_inverse=True)
        self.values: list[str] = [str(v) for v in distinct]
        self.codes = codes.astype(np.int32)

    def rows(self, wanted: np.ndarray) -> np.ndarray:
        """(n,) bool, rows whose value is wanted: (values,) bool."""
        return np.asarray(wanted[self.codes])

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        """Value to the number of rows, (n,) bool, that have it; "" and 0 are left out."""
        found = np.bincount(self.codes[rows], minlength=len(self.values))
        return {v: int(c) for v, c in zip(self.values, found, strict=True) if v and c}


class Columns:
    """Columns over n products, row i being product i of the release.

    Args:
        products: columns product_id, category, brand, language, price and photos, any but the first
            may be missing.
        stock: product id to units on hand; a product that is not named has an unknown stock.

    Attributes:
        price: (n,) float64, NaN where unknown.
        on_hand: (n,) float64, NaN where unknown.
        deleted: (n,) bool.
    """

    def __init__(self, products: pd.DataFrame, stock: Mapping[str, float] | None = None) -> None:
        n = len(products)
        self.product_ids = [str(i) for i in products["product_id"]]
        self.row_of = {product: row for row, product in enumerate(self.product_ids)}
        self.category = _Codes(_texts(products, "category"))
        self.brand = _Codes(_texts(products, "brand"))
        self.language = _Codes(_texts(products, "language"))
        self.price = (
            pd.to_numeric(products["price"], errors="coerce")
            .to_numpy(dtype=np.float64, na_value=np.nan)
            .copy()
            if "price" in products
            else np.full(n, np.nan)
        )
        photos: list[Any] = products["photos"].tolist() if "photos" in products else [None] * n
        self.has_photo = np.array([p is not None and len(p) > 0 for p in photos], dtype=bool)
        self.on_hand = np.full(n, np.nan)
        self.deleted = np.zeros(n, dtype=bool)
        for product, units in (stock or {}).items():
            if product in self.row_of:
                self.set_stock(product, units)

    def __len__(self) -> int:
        return len(self.product_ids)

    def set_price(self, product: str, price: float | None) -> None:
        """Change a price; None is unknown."""
        self.price[self._row(product)] = np.nan if price is None else _number("price", price)

    def set_stock(self, product: str, units: float | None) -> None:
        """Change the units on hand; None is unknown."""
        self.on_hand[self._row(product)] = np.nan if units is None else _number("stock", units)

    def delete(self, product: str) -> None:
        """Let a product be found no more."""
        self.deleted[self._row(product)] = True

    def _row(self, product: str) -> int:
        if product not in self.row_of:
            raise InputError("product_id", product, "name a product of this release")
        return self.row_of[product]


def _texts(products: pd.DataFrame, column: str) -> list[str]:
    if column not in products:
        return [""] * len(products)
    return products[column].fillna("").astype(str).tolist()


def _number(field: str, value: float) -> float:
    if not (np.isfinite(value) and value >= 0):
        raise InputError(field, value, "give a number of 0 or more")
    return float(value)


def allowed_rows(columns: Columns, filters: Filters) -> np.ndarray:
    """(n,) bool: products that pass every filter and are not deleted."""
    allowed = ~columns.deleted
    if filters.category:
        paths = columns.category.values
        allowed &= columns.category.rows(np.array([_below(p, filters.category) for p in paths], dtype=bool))
    for name in ("brand", "language"):
        wanted = {value.casefold() for value in getattr(filters, name)}
        if wanted:
            codes: _Codes = getattr(columns, name)
            allowed &= codes.rows(
                np.array([value.casefold() in wanted for value in codes.values], dtype=bool)
            )
    # A comparison with NaN is False: what has no price is in no price range.
    if filters.price_from is not None:
        allowed &= columns.price >= filters.price_from
    if filters.price_to is not None:
        allowed &= columns.price <= filters.price_to
    if filters.in_stock is not None:
        allowed &= (columns.on_hand > 0) == filters.in_stock
    if filters.has_photo is not None:
        allowed &= columns.has_photo == filters.has_photo
    return np.asarray(allowed)


def _below(path: str, wanted: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(one + SEPARATOR) for one in wanted)


PRICE_STEPS = 5
"""Price ranges offered, of about equally many products."""


def facets(columns: Columns, filters: Filters, rows: np.ndarray | None = None) -> dict[str, Any]:
    """How many products each further choice would leave.

    The counts of a field heed every filter but the field's own, so that a shopper who chose one brand
    still sees how many another has.

    Args:
        rows: (n,) bool, the products that the query found; None for all.

    Returns:
        `category`, by path at every level, `brand` and `language`, the most frequent value first, ties
        in alphabetical order; `in_stock` and `has_photo`, how many; `price`, a list of
        {from, to, count}, ranges that include both ends.
    """
    found = np.ones(len(columns), dtype=bool) if rows is None else rows

    def without(*names: str) -> np.ndarray:
        plain: dict[str, Any] = {field.name: field.default for field in fields(Filters)}
        return found & allowed_rows(columns, replace(filters, **{name: plain[name] for name in names}))

    levels: dict[str, int] = {}
    for path, count in columns.category.counts(without("category")).items():
        nodes = path.split(SEPARATOR)
        for depth in range(1, len(nodes) + 1):
            head = SEPARATOR.join(nodes[:depth])
            levels[head] = levels.get(head, 0) + count
    return {
        "category": _ordered(levels),
        "brand": _ordered(columns.brand.counts(without("brand"))),
        "language": _ordered(columns.language.counts(without("language"))),
        "in_stock": int((without("in_stock") & (columns.on_hand > 0)).sum()),
        "has_photo": int((without("has_photo") & columns.has_photo).sum()),
        "price": price_ranges(columns.price[without("price_from", "price_to")]),
    }


def _ordered(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def price_ranges(prices: np.ndarray) -> list[dict[str, float | int]]:
    """Ranges between quantiles that occur as prices; none overlaps another and every price is in one."""
    known = np.sort(prices[np.isfinite(prices)])
    if len(known) == 0:
        return []
    ends = np.unique(known[np.linspace(0, len(known) - 1, PRICE_STEPS + 1).round().astype(int)[1:]])
    ranges: list[dict[str, float | int]] = []
    start = 0
    for end in ends:
        stop = int(np.searchsorted(known, end, side="right"))
        ranges.append({"from": float(known[start]), "to": float(end), "count": stop - start})
        start = stop
    return ranges
