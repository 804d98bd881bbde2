"""Facts of the products that shoppers filter and sort by, as columns, and filters over them.

Price, stock and deletion can change at any time and show in the next answer; the rest belongs to the
release.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from shelfspace.errors import InputError

__all__ = ["SEPARATOR", "Columns", "Filters", "allowed_rows"]

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
        without: texts; what has all words of one is left out (`retrieval.catalogue.exclusions`).
    """

    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    price_from: float | None = None
    price_to: float | None = None
    in_stock: bool | None = None
    has_photo: bool | None = None
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("price_from", "price_to"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise InputError(f"filters.{name}", value, "give a number of 0 or more")
        if self.price_from is not None and self.price_to is not None and self.price_from > self.price_to:
            raise InputError("filters.price_from", self.price_from, "give at most price_to")


class _Codes:
    """A text column as numbers into its distinct values: filters look at those, not at every row."""

    def __init__(self, values: Sequence[str], codes: np.ndarray) -> None:
        self.values = list(values)
        self.codes = codes

    @classmethod
    def of(cls, texts: list[str]) -> "_Codes":
        distinct, codes = np.unique(np.array(texts, dtype=object), return_inverse=True)
        return cls([str(v) for v in distinct], codes.astype(np.int32))

    @cached_property
    def folded(self) -> dict[str, list[int]]:
        """Value, its case ignored, to the numbers it has."""
        found: dict[str, list[int]] = {}
        for number, value in enumerate(self.values):
            found.setdefault(value.casefold(), []).append(number)
        return found

    @cached_property
    def below(self) -> dict[str, list[int]]:
        """Path to the numbers of itself and of all paths below it."""
        found: dict[str, list[int]] = {}
        for number, value in enumerate(self.values):
            nodes = value.split(SEPARATOR)
            for depth in range(1, len(nodes) + 1):
                found.setdefault(SEPARATOR.join(nodes[:depth]), []).append(number)
        return found

    def rows(self, wanted: Iterable[int]) -> np.ndarray:
        """(n,) bool, rows whose value has one of the numbers."""
        among = np.zeros(len(self.values), dtype=bool)
        among[list(wanted)] = True
        return np.asarray(among[self.codes])

    def counts(self, rows: np.ndarray) -> dict[str, int]:
        """Value to the number of rows, (n,) bool, that have it; "" and 0 are left out."""
        found = np.bincount(self.codes[rows], minlength=len(self.values))
        there = np.flatnonzero(found).tolist()
        return {self.values[number]: int(found[number]) for number in there if self.values[number]}

    def take(self, rows: np.ndarray) -> "_Codes":
        """The column of some rows, without the values that none of them has."""
        numbers, codes = np.unique(self.codes[rows], return_inverse=True)
        return _Codes([self.values[number] for number in numbers.tolist()], codes.astype(np.int32))

    def overlaid(self, size: int, changes: Mapping[int, str]) -> "_Codes":
        """The column with `size` rows, some of them changed or new; the others of the new ones are ""."""
        values, number_of = list(self.values), {}
        codes = np.zeros(size, np.int32)
        codes[: len(self.codes)] = self.codes
        for value in dict.fromkeys(changes.values()):
            known = self.folded.get(value.casefold(), [])
            number_of[value] = next((n for n in known if values[n] == value), len(values))
            if number_of[value] == len(values):
                values.append(value)
        codes[list(changes)] = [number_of[value] for value in changes.values()]
        return _Codes(values, codes)


class Columns:
    """Columns over n products, row i being product i of the release.

    Args:
        products: columns product_id, category, brand, language, price and photos, any but the first
            may be missing.
        stock: product id to units on hand; a product that is not named has an unknown stock.

    Attributes:
        row_of: product id to row.
        price: (n,) float64, NaN where unknown.
        on_hand: (n,) float64, NaN where unknown.
        deleted: (n,) bool.
    """

    def __init__(self, products: pd.DataFrame, stock: Mapping[str, float] | None = None) -> None:
        n = len(products)
        self.row_of: Mapping[str, int] = {str(p): row for row, p in enumerate(products["product_id"])}
        self.category = _Codes.of(_texts(products, "category"))
        self.brand = _Codes.of(_texts(products, "brand"))
        self.language = _Codes.of(_texts(products, "language"))
        self.price = _numbers(products, "price")
        self.on_hand = _numbers(products, "on_hand")
        photos: list[Any] = products["photos"].tolist() if "photos" in products else [None] * n
        self.has_photo = np.array([p is not None and len(p) > 0 for p in photos], dtype=bool)
        self.deleted = np.zeros(n, dtype=bool)
        for product, units in (stock or {}).items():
            if product in self.row_of:
                self.set_stock(product, units)

    def __len__(self) -> int:
        return len(self.price)

    def set_stock(self, product: str, units: float | None) -> None:
        """Change the units on hand; None is unknown."""
        self.on_hand[self._row(product)] = np.nan if units is None else _number("stock", units)

    def _row(self, product: str) -> int:
        if product not in self.row_of:
            raise InputError("product_id", product, "name a product of this release")
        return self.row_of[product]

    def take(self, rows: np.ndarray) -> "Columns":
        """The columns of some rows, in the given order; they know no product by its identifier."""
        part = copy(self)
        part.row_of = {}
        for name in ("category", "brand", "language"):
            setattr(part, name, getattr(self, name).take(rows))
        for name in ("price", "on_hand", "has_photo", "deleted"):
            setattr(part, name, getattr(self, name)[rows])
        return part

    def overlaid(
        self,
        facts: Mapping[int, Mapping[str, Any]],
        added: Sequence[str] = (),
        deleted: Iterable[int] = (),
    ) -> "Columns":
        """The same columns with what changed since; these stay as they are.

        Args:
            facts: row to those of category, brand, language, price, on_hand and has_photo that are
                other now; None is unknown.
            added: products of the rows that follow the n there are.
            deleted: rows that are found no more.
        """
        made, n = copy(self), len(self)
        size = n + len(added)
        if added:
            made.row_of = ChainMap({product: n + i for i, product in enumerate(added)}, dict_of(self.row_of))
        for name, blank in (("price", np.nan), ("on_hand", np.nan), ("has_photo", False), ("deleted", False)):
            column = getattr(self, name)
            values = np.concatenate([column, np.full(len(added), blank, column.dtype)])
            told = {row: known[name] for row, known in facts.items() if name in known}
            values[list(told)] = [blank if value is None else value for value in told.values()]
            setattr(made, name, values)
        made.deleted[list(deleted)] = True
        for name in ("category", "brand", "language"):
            changes = {row: str(known[name] or "") for row, known in facts.items() if name in known}
            changes |= {row: "" for row in range(n, size) if row not in changes}
            if changes:
                setattr(made, name, getattr(self, name).overlaid(size, changes))
        return made


def dict_of(mapping: Mapping[str, int]) -> dict[str, int]:
    """The mapping, for `ChainMap`, which asks for one that could be written to."""
    return cast(dict[str, int], mapping)


def _texts(products: pd.DataFrame, column: str) -> list[str]:
    if column not in products:
        return [""] * len(products)
    return products[column].fillna("").astype(str).tolist()


def _numbers(products: pd.DataFrame, column: str) -> np.ndarray:
    if column not in products:
        return np.full(len(products), np.nan)
    values = pd.to_numeric(products[column], errors="coerce")
    return values.to_numpy(dtype=np.float64, na_value=np.nan).copy()


def _number(field: str, value: float) -> float:
    if not (np.isfinite(value) and value >= 0):
        raise InputError(field, value, "give a number of 0 or more")
    return float(value)


def allowed_rows(columns: Columns, filters: Filters) -> np.ndarray:
    """(n,) bool: products that pass every filter but `without`, which columns do not tell, and are not
    deleted."""
    allowed = ~columns.deleted
    if filters.category:
        below = columns.category.below
        allowed &= columns.category.rows(n for path in filters.category for n in below.get(path, ()))
    for name in ("brand", "language"):
        wanted = getattr(filters, name)
        if wanted:
            codes: _Codes = getattr(columns, name)
            allowed &= codes.rows(n for value in wanted for n in codes.folded.get(value.casefold(), ()))
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
