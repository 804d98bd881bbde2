"""Times: year-first dates, seconds since 1970, and day and month where the column tells them apart."""

import re
from typing import Literal

import pandas as pd

from catalog.cells.reading import AS_FOUND, Reading
from catalog.cells.values import each

__all__ = ["moments", "open_dates"]

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s*[ap]\.?m\.?)?"
_ZONE = r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_TIME = rf"(?P<clock>{_CLOCK})?\s*(?P<zone>{_ZONE})?"
_YEAR_FIRST = (
    rf"(?P<y>\d{{4}})(?P<mark>[-/.])(?P<m>\d{{1,2}})(?P=mark)(?P<d>\d{{1,2}})(?:(?:[T ]|,\s*){_TIME})?"
)
_YEAR_LAST = (
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<y>\d{{4}})(?:(?:[T ]|,\s*){_TIME})?"
)
_COMPACT = r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<h>\d{2})(?P<n>\d{2})(?P<s>\d{2})?Z?)?"
_USUAL = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
_EPOCH: dict[str, Literal["s", "ms", "us"]] = {
    r"[1-9]\d{9}(?:\.\d+)?": "s",
    r"[1-9]\d{12}": "ms",
    r"[1-9]\d{15}": "us",
}


def moments(cells: pd.Series, reading: Reading = AS_FOUND) -> pd.Series:
    """A column as UTC times to the microsecond; NaT where a cell is no full date, or is two.

    Read are year-first dates (2026-01-31, 2026/1/31, 20260131T100000Z), seconds, milliseconds or
    microseconds since 1970, and dates that end with the year where the column tells day from month: a
    number above 12 in one place, and in no other cell in the other place. Times without a zone are UTC.
    """
    return each(cells, lambda texts: _moments(texts, reading)[0])


def open_dates(cells: pd.Series, reading: Reading = AS_FOUND) -> pd.Series:
    """(n,) bool: the cell is a date with the day first and with the month first, and nothing says which."""
    return each(cells, lambda texts: _moments(texts, reading)[1]).astype(bool)


def _moments(texts: pd.Series, reading: Reading) -> tuple[pd.Series, pd.Series]:
    """Times of distinct texts, and which of them are open."""
    text = texts.astype(str).str.strip()
    usual = text.where(text.str.fullmatch(_USUAL, flags=re.ASCII).astype(bool))
    found = pd.to_datetime(usual, errors="coerce", utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    undecided = pd.Series(False, index=text.index)
    other = text[found.isna() & text.ne("")].str.normalize("NFKC").str.strip()
    if other.empty:
        return found, undecided
    found = found.fillna(_parsed(_iso(other.str.extract(f"^(?:{_YEAR_FIRST})$", re.I), "ymd")))
    found = found.fillna(_parsed(_compact(other)))
    for shape, unit in _EPOCH.items():
        counted = other[other.str.fullmatch(shape, flags=re.ASCII).astype(bool)]
        found = found.fillna(
            pd.to_datetime(pd.to_numeric(counted), unit=unit, utc=True).astype("datetime64[us, UTC]")
        )
    late, undecided[other.index] = _year_last(other, reading.dates)
    return found.fillna(late), undecided


def _year_last(text: pd.Series, order: str) -> tuple[pd.Series, pd.Series]:
    """Dates whose year stands last, and which of them neither the column nor `order` decides."""
    parts = text.str.extract(f"^(?:{_YEAR_LAST})$", re.I)
    day_first, month_first = _parsed(_iso(parts, "yba")), _parsed(_iso(parts, "yab"))
    undecided = day_first.notna() & month_first.notna() & day_first.ne(month_first)
    day_only = (day_first.notna() & month_first.isna()).any()
    month_only = (month_first.notna() & day_first.isna()).any()
    if order:  # what contradicts the description is refused
        return day_first if order == "day-first" else month_first, undecided & False
    if day_only != month_only:
        return (
            day_first.fillna(month_first) if day_only else month_first.fillna(day_first)
        ), undecided & False
    return day_first.fillna(month_first).mask(undecided), undecided


def _compact(text: pd.Series) -> pd.Series:
    parts = text.str.extract(f"^{_COMPACT}$", re.I)
    clock = (" " + parts["h"] + ":" + parts["n"] + ":" + parts["s"].fillna("00")).fillna("")
    return parts["y"] + "-" + parts["m"] + "-" + parts["d"] + clock


def _iso(parts: pd.DataFrame, order: str) -> pd.Series:
    """Year, month, day (the columns that `order` names), clock and zone as one text that pandas reads."""
    year, month, day = (parts[name] for name in order)
    date = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    hours = (" " + parts["clock"].str.replace(",", ".", regex=False)).fillna("")
    return date + hours + parts["zone"].fillna("").where(parts["clock"].notna(), "")


def _parsed(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, errors="coerce", utc=True, format="mixed").astype("datetime64[us, UTC]")
