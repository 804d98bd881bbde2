"""Times: year-first dates, dates with the month's name, seconds since 1970, a spreadsheet's days, and day and
month where the column tells them apart."""

import calendar
import re
from typing import Literal

import pandas as pd

from catalog.cells.reading import AS_FOUND, Reading
from catalog.cells.values import each

__all__ = ["moments", "open_dates"]

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s*[ap]\.?m\.?)?"
_ZONE = r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_TIME = rf"(?P<clock>{_CLOCK})?\s*(?:(?P<zone>{_ZONE})(?: UTC|\[[\w/+-]+\])?)?"
_YEAR_FIRST = (
    rf"(?P<y>\d{{4}})(?P<mark>[-/.])(?P<m>\d{{1,2}})(?P=mark)(?P<d>\d{{1,2}})(?:(?:[T ]|,\s*){_TIME})?"
)
_YEAR_LAST = (
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<y>\d{{4}})(?:(?:[T ]|,\s*){_TIME})?"
)
_SHORT_YEAR = (
    rf"(?P<a>\d{{1,2}})(?P<mark>[/.])(?P<b>\d{{1,2}})(?P=mark)(?P<y>\d{{2}})(?:(?:[T ]|,\s*){_TIME})?"
)
_MONTHS = {name.lower(): f"{number:02d}" for number, name in enumerate(calendar.month_abbr) if name}
_MONTH = rf"(?P<m>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_NAMED = (
    rf"(?:[a-z]{{3,9}},?\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-\s]{_MONTH}[-,\s]\s*(?P<y>\d{{4}})(?:,?\s+{_TIME})?",
    rf"(?:[a-z]{{3,9}},?\s+)?{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})(?:,?\s+{_TIME})?",
)
"""6 Jan 2025, Mon, 06 Jan 2025 11:01:00 GMT, January 6, 2025 11:01 AM."""
_EASTERN = (
    rf"(?P<y>\d{{4}})\s?[年년]\s?(?P<m>\d{{1,2}})\s?[月월]\s?(?P<d>\d{{1,2}})\s?[日号일]"
    rf"\s*{_TIME}",
    rf"(?P<y>\d{{4}})\. ?(?P<m>\d{{1,2}})\. ?(?P<d>\d{{1,2}})\.(?:\s+{_TIME})?",
)
"""2025年1月6日, 2025년 1월 6일, 2025. 1. 6."""
_MIDNIGHT = re.compile(r"(?<=[T ])24:00(?::00(?:[.,]0+)?)?(?=\D|$)", re.ASCII)
"""The end of a day, which is the start of the next."""
_DAYS = r"[2-7]\d{4}(?:\.\d+)?"
"""Days since the end of 1899, as a spreadsheet keeps a date: 1954 to 2118."""
_FIRST, _LAST = pd.Timestamp("1970-01-02", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
"""Earlier (1899-12-30, 1970-01-01) and later (9999-12-31) ones are what a program writes for no time."""
_COMPACT = r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<h>\d{2})(?P<n>\d{2})(?P<s>\d{2})?Z?)?"
_USUAL = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
_EPOCH: dict[str, Literal["s", "ms", "us", "ns"]] = {
    r"[1-9]\d{9}(?:\.\d+)?": "s",
    r"[1-9]\d{12}": "ms",
    r"[1-9]\d{15}": "us",
    r"[1-9]\d{18}": "ns",
}


def moments(cells: pd.Series, reading: Reading = AS_FOUND) -> pd.Series:
    """A column as UTC times to the microsecond; NaT where a cell is no full date, or is two.

    Read are year-first dates (2026-01-31, 2026/1/31, 20260131T100000Z), dates with an English month's name
    (31 Jan 2026), Chinese, Japanese and Korean ones, seconds, milliseconds, micro- or nanoseconds since 1970,
    a spreadsheet's days (46053.5), and dates that end with the year, of two digits too, where the column
    tells day from month: a number above 12 in one place, and in no other cell in the other place. Times
    without a zone are UTC; 24:00 ends its day. Times before 1970-01-02 or after 2200 are none.
    """
    found = each(cells, lambda texts: _moments(texts, reading)[0])
    return found.where(found.ge(_FIRST) & found.lt(_LAST))


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
    ends = other.str.contains(_MIDNIGHT)
    other = other.str.replace(_MIDNIGHT, "00:00:00", regex=True)
    for shape in (_YEAR_FIRST, *_EASTERN, *_NAMED):
        found = found.fillna(_parsed(_iso(other.str.extract(f"^(?:{shape})$", flags=re.I), "ymd")))
    found = found.fillna(_parsed(_compact(other)))
    days = pd.to_numeric(other.where(other.str.fullmatch(_DAYS, flags=re.ASCII).astype(bool)))
    since = pd.to_datetime(days, unit="D", origin="1899-12-30", utc=True).dt.round("s")
    found = found.fillna(since.astype("datetime64[us, UTC]"))
    for shape, unit in _EPOCH.items():
        counted = other[other.str.fullmatch(shape, flags=re.ASCII).astype(bool)]
        found = found.fillna(
            pd.to_datetime(pd.to_numeric(counted), unit=unit, utc=True).astype("datetime64[us, UTC]")
        )
    for shape, century in ((_YEAR_LAST, ""), (_SHORT_YEAR, "20")):
        late, unsaid = _year_last(other, shape, century, reading.dates)
        found = found.fillna(late)
        undecided[unsaid.index[unsaid]] = True
    end = ends.reindex(found.index, fill_value=False)
    return found.where(~end, found + pd.Timedelta(days=1)), undecided


def _year_last(text: pd.Series, shape: str, century: str, order: str) -> tuple[pd.Series, pd.Series]:
    """Dates whose year stands last, and which of them neither the column nor `order` decides."""
    parts = text.str.extract(f"^(?:{shape})$", flags=re.I)
    short, parts["y"] = parts["y"], century + parts["y"]
    day_first, month_first = _parsed(_iso(parts, "yba")), _parsed(_iso(parts, "yab"))
    if century:  # 05.03.25 may begin with its year; no date of a shop is of a later year
        late = pd.Timestamp.now(tz="UTC") + pd.DateOffset(years=1)
        day_first, month_first = day_first.where(day_first.lt(late)), month_first.where(month_first.lt(late))
        year_first = _parsed(_iso(parts.assign(a="20" + parts["a"].str.zfill(2), y=short), "aby"))
        if not order and parts["a"].notna().any() and year_first[parts["a"].notna()].lt(late).all():
            return day_first.mask(day_first.notna()), day_first.notna() | month_first.notna()
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
    month = month.map(lambda text: _MONTHS.get(text.lower(), text), na_action="ignore").astype(object)
    date = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    hours = (" " + parts["clock"].str.replace(",", ".", regex=False)).fillna("")
    return date + hours + parts["zone"].fillna("").where(parts["clock"].notna(), "")


def _parsed(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, errors="coerce", utc=True, format="mixed").astype("datetime64[us, UTC]")
