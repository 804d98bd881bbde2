"""One cell of a raw table: several values in it, numbers, times, and values as text."""

import json
import math
import unicodedata
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

__all__ = ["foreign", "media_cell", "moments", "numbers", "text_of", "usable_key"]

MAX_NAME_BYTES = 255
"""Longest file name that common file systems hold."""

_SIGNS = {
    "€": {"EUR"}, "£": {"GBP", "EGP", "LBP"}, "₹": {"INR"}, "rs": {"INR", "PKR", "LKR", "NPR"},
    "¥": {"CNY", "JPY"}, "円": {"JPY"}, "元": {"CNY", "TWD", "HKD"}, "₽": {"RUB"}, "₩": {"KRW"},
    "$": {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "CLP", "COP", "ARS"},
}  # fmt: skip
_PREFIX = r"^(?:rs\.?|[a-z]{3}|[€£₹¥₽₩$])\s*(?=[\d.,+-])"
_DATE = r"\d{4}([-/])\d{1,2}\1\d{1,2}"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?"
_SUFFIX = r"\s*(?:rs\.?|[a-z]{3}|[€£₹¥₽₩$元円])$"


def media_cell(cell: str, separator: str) -> list[str]:
    """Media keys of a cell (a JSON list, or values with a separator), in order, each once."""
    text = cell.strip()
    if not text:
        return []
    if text.startswith("["):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            values = None  # no JSON after all: a name that begins with a bracket
        if isinstance(values, list):
            return list(dict.fromkeys(str(v).strip() for v in values if v is not None and str(v).strip()))
    return list(dict.fromkeys(part.strip() for part in text.split(separator) if part.strip()))


def usable_key(key: str) -> bool:
    """Whether a media key can name a file below the media root: relative, no `..`, no control mark.

    Keys are written by whoever writes a product row, so this is asked before the file system is.
    """
    path = PurePosixPath(key)
    return not (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or "\\" in key
        or any(unicodedata.category(mark) in ("Cc", "Cs") for mark in key)
        or any(len(part.encode()) > MAX_NAME_BYTES for part in path.parts)
        or len(path.parts) > 32
    )


def text_of(value: object) -> str:
    """One value as text: lists and objects as JSON, nothing as "". Lone surrogates become U+FFFD."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | tuple | dict):
        value = json.dumps(value, ensure_ascii=False, default=text_of)
    # JSON may escape half a character; UTF-8 cannot hold it, so no table could be written with it.
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def numbers(cells: pd.Series) -> pd.Series:
    """Cells as float64: a currency sign and thousands marks are allowed, anything else is NaN.

    "1,299.00", "1,23,456", "1 299,50 €" and "Rs. 399" are numbers; "1.234,56", which reads two
    ways, "12 or 14" and "nan" are none. Each distinct text is parsed once.
    """
    codes, distinct = pd.factorize(cells)
    text = pd.Series(distinct, dtype=object).astype(str).str.normalize("NFKC").str.strip().str.lower()
    text = text.str.replace(_PREFIX, "", regex=True).str.replace(_SUFFIX, "", regex=True)
    comma = text.str.fullmatch(r"[+-]?\d{1,3}(?:[ '’]?\d{3})*,\d{1,2}")
    text = text.mask(comma, text.str.replace(r"[ '’]", "", regex=True).str.replace(",", ".", regex=False))
    grouped = text.str.fullmatch(r"[+-]?\d{1,3}(?:[, '’]\d{2,3})*[, '’]\d{3}(?:\.\d*)?")
    text = text.mask(grouped, text.str.replace(r"[, '’]", "", regex=True))
    plain = text.str.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", flags=2 | 256)  # ASCII digits
    values = pd.to_numeric(text.where(plain.astype(bool)), errors="coerce").to_numpy(dtype="float64")
    values = np.where(np.isfinite(values), values, np.nan)
    return pd.Series(values.take(codes) if len(values) else np.empty(0), index=cells.index, dtype="float64")


def foreign(cells: pd.Series, currency: str) -> pd.Series:
    """Whether a price cell carries the sign or code of another currency than `currency`."""
    codes, distinct = pd.factorize(cells)
    other = np.array([_is_foreign(str(cell), currency) for cell in distinct], dtype=bool)
    return pd.Series(other.take(codes) if len(other) else np.empty(0, bool), index=cells.index, dtype=bool)


def _is_foreign(cell: str, currency: str) -> bool:
    mark = "".join(c for c in unicodedata.normalize("NFKC", cell) if not (c.isdigit() or c in " .,+-'’"))
    if not mark:
        return False
    if len(mark) == 3 and mark.isascii() and mark.isalpha():
        return mark.upper() != currency.upper()
    return mark.lower() in _SIGNS and currency.upper() not in _SIGNS[mark.lower()]


def moments(cells: pd.Series) -> pd.Series:
    """Cells as UTC times to the microsecond; NaT where a cell is no date with year, month and day.

    Times without a zone are UTC. Each distinct text is parsed once.
    """
    codes, distinct = pd.factorize(cells)
    text = pd.Series(distinct, dtype=object).astype(str).str.strip()
    # A parser that is given "5" or "10:30" fills in the day of today; only full dates reach it.
    dated = text.str.fullmatch(_DATE + f"(?:[T ]{_TIME})?")
    parsed = pd.to_datetime(text.where(dated.astype(bool)), errors="coerce", utc=True, format="mixed")
    values = parsed.astype("datetime64[us, UTC]")
    return values.take(codes).set_axis(cells.index) if len(values) else values.reindex(cells.index)
