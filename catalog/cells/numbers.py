"""Numbers as the world writes them: 1,299.00, 1.299,00, 1 299,00, 1'299.00, 1,23,456, 12.-, ١٢.

A cell is read both ways, with a point and with a comma before the decimals. Where the two differ (1.261 is
1261 or 1.261) the other cells of the column decide, or catalog.yaml; nothing is guessed.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from catalog.cells.money import money_parts
from catalog.cells.reading import AS_FOUND, Reading
from catalog.cells.values import each

__all__ = ["LARGEST", "LARGEST_PRICE", "amounts", "is_number", "numbers", "open_numbers"]

LARGEST = 10**9
"""Largest amount (a quantity, pieces on hand, days) that is taken for one."""
LARGEST_PRICE = 10**12
"""Largest price, of any currency, that is taken for one; a barcode has thirteen digits."""

_POINT = re.compile(
    r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:([,' ])\d{3})(?:\1\d{3})*|[1-9]\d?(?:,\d{2})*,\d{3})(?:\.\d+)?|\.\d+)"
    r"(?:e[+-]?\d{1,3})?"
)
_COMMA = re.compile(r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:([.' ])\d{3})(?:\1\d{3})*)(?:,\d+)?|,\d+)")
_WHOLE = re.compile(r"[+-]?\d+(?:e[+-]?\d{1,3})?")
_EASY = r"[+-]?\d+(?:\.\d{1,2})?"


@dataclass(frozen=True)
class _Cells:
    """Distinct cells read both ways; NaN where a way gives no number."""

    point: pd.Series
    comma: pd.Series

    @property
    def open(self) -> pd.Series:
        """Cells that are another number each way."""
        return self.point.notna() & self.comma.notna() & self.point.ne(self.comma)


def amounts(cells: pd.Series, whole: bool = False, reading: Reading = AS_FOUND) -> pd.Series:
    """Numbers of at most LARGEST in size, whole ones where that is asked; anything else is NaN."""
    values = numbers(cells, reading, money=False)
    usable = values.abs().le(LARGEST)
    return values.where(usable & values.mod(1).eq(0) if whole else usable)


def numbers(cells: pd.Series, reading: Reading = AS_FOUND, money: bool = True) -> pd.Series:
    """A column as float64; NaN where a cell is no number, or is two and nothing says which.

    Read are thousands marks, digits of every script, a sign before or behind, brackets for a negative
    number, exponents, and with `money` one currency's sign or code on either side. Ranges, percentages
    and words ("12 or 14", "ca. 12", "call us") are no numbers.
    """
    return each(cells, lambda texts: _values(_read(texts, money), reading))


def open_numbers(cells: pd.Series, reading: Reading = AS_FOUND, money: bool = True) -> pd.Series:
    """(n,) bool: the cell is a number two ways, and neither its column nor `reading` says which."""

    def undecided(texts: pd.Series) -> pd.Series:
        read = _read(texts, money)
        return read.open & _values(read, reading).isna()

    return each(cells, undecided).astype(bool)


def is_number(text: str) -> bool:
    """Whether a cell is a number one way at least."""
    return not np.isnan(_both(text, money=True)).all()


def _read(texts: pd.Series, money: bool) -> _Cells:
    cells = texts.astype(str).str.strip()
    # Most cells are plain, and the others cost a hundred times as much.
    easy = cells.str.fullmatch(_EASY, flags=re.ASCII).astype(bool)
    plain = pd.to_numeric(cells.where(easy), errors="coerce").astype("float64")
    point, comma = plain.copy(), plain.mask(cells.str.contains(".", regex=False))
    other = cells[~easy & cells.ne("")]
    if len(other):
        read = np.array([_both(text, money) for text in other])
        point[other.index], comma[other.index] = read[:, 0], read[:, 1]
    return _Cells(point.where(np.isfinite(point)), comma.where(np.isfinite(comma)))


def _both(text: str, money: bool) -> tuple[float, float]:
    """A cell with a point, and with a comma, before its decimals."""
    number, marks = money_parts(text)
    if not number or (marks and not money):
        return np.nan, np.nan
    point = float(re.sub("[,' ]", "", number)) if _POINT.fullmatch(number) else np.nan
    if _WHOLE.fullmatch(number):
        return point, point
    comma = number.replace(".", "").replace(",", ".").replace("'", "").replace(" ", "")
    return point, float(comma) if _COMMA.fullmatch(number) else np.nan


def _values(read: _Cells, reading: Reading) -> pd.Series:
    """One value a cell: the one there is, or the one that the description or the column's others say."""
    point_only = (read.point.notna() & read.comma.isna()).any()
    comma_only = (read.comma.notna() & read.point.isna()).any()
    found = reading
    if not (reading.decimal or reading.thousands) and point_only != comma_only:
        found = Reading(decimal="." if point_only else ",")
    alone = read.point.where(read.point.notna(), read.comma)
    if not read.open.any():
        return alone
    # Of an open cell the smaller value has the mark before decimals: by a point, or by a comma.
    decimal = pd.Series(np.where(read.point.abs() < read.comma.abs(), ".", ","), index=alone.index)
    by_mark = {mark: _settled(mark, found) for mark in ".,"}
    wanted = decimal.map(by_mark)
    grouped = np.maximum(read.point.abs(), read.comma.abs()) * np.sign(read.point)
    split = np.minimum(read.point.abs(), read.comma.abs()) * np.sign(read.point)
    settled = grouped.where(wanted.eq("thousands"), split.where(wanted.eq("decimal")))
    return alone.mask(read.open, settled)


def _settled(mark: str, reading: Reading) -> str:
    """What the mark of an open cell is: decimal, thousands, or "" where nothing says."""
    if mark == reading.decimal:
        return "decimal"
    if mark == reading.thousands:
        return "thousands"
    if bool(reading.decimal) == bool(reading.thousands):
        return ""
    return "thousands" if reading.decimal else "decimal"
