"""The one reading of a raw cell: ids, numbers, times, currencies, lists, and values as text.

Cleaning reads by these functions, and the checks ask them what cleaning will be able to read.
"""

import json
import math
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from catalog.text.markup import shown_text

__all__ = [
    "SIGNS", "amounts", "attribute_texts", "category_path", "codes", "filled", "foreign", "languages",
    "media_cell", "moments", "numbers", "stripped", "text_of", "usable_key",
]  # fmt: skip

LARGEST = 10**9
"""Largest amount (a quantity, pieces on hand, days) that is taken for one."""
Parsed = TypeVar("Parsed", list[Any], dict[str, Any])

MAX_NAME_BYTES = 255
"""Longest file name that common file systems hold."""

SIGNS: dict[str, set[str]] = {
    "€": {"EUR"}, "£": {"GBP", "EGP", "LBP"}, "₹": {"INR"}, "rs": {"INR", "PKR", "LKR", "NPR"},
    "¥": {"CNY", "JPY"}, "円": {"JPY"}, "元": {"CNY", "TWD", "HKD"}, "₽": {"RUB"}, "₩": {"KRW"},
    "$": {"USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "CLP", "COP", "ARS"},
}  # fmt: skip
"""What is written beside a number to the codes of the currencies that it may mean."""
_PREFIX = r"^(?:rs\.?|[a-z]{3}|[€£₹¥₽₩$])\s*(?=[\d.,+-])"
_DATE = r"\d{4}([-/])\d{1,2}\1\d{1,2}"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?"
_SUFFIX = r"\s*(?:rs\.?|[a-z]{3}|[€£₹¥₽₩$元円])$"


def media_cell(cell: str, separator: str) -> list[str]:
    """Media keys of a cell (a JSON list, or values with a separator), in order, each once."""
    listed = _json(cell, list)
    values = cell.split(separator) if listed is None else [str(v) for v in listed if v is not None]
    return list(dict.fromkeys(value.strip() for value in values if value.strip()))


def category_path(cell: str, separator: str) -> str:
    """A category cell as nodes joined by " > "; of a JSON list of paths the first counts."""
    paths = _json(cell, list)
    text = cell.strip() if paths is None else text_of(paths[0]) if paths else ""
    nodes = [" ".join(node.split()) for node in shown_text(text).split(separator.strip() or separator)]
    return " > ".join(node for node in nodes if node)


def attribute_texts(cell: str) -> dict[str, str]:
    """An attributes cell (a JSON object) as texts, sorted by name; other text becomes its one value."""
    text = cell.strip()
    values = _json(cell, dict)
    if values is None:
        values = {"attributes": text} if text else {}
    return {name: text_of(value) for name, value in sorted(values.items())}


def _json(cell: str, kind: type[Parsed]) -> Parsed | None:
    """The cell as JSON of one kind; None where it is none: a name may begin with a bracket."""
    # Most cells are plain or empty, and an exception for each costs more than all else that cleans them.
    if not cell.lstrip().startswith(("[", "{")):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


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


def stripped(cells: pd.Series) -> pd.Series:
    """Cells without outer whitespace, as ids are compared; each distinct text is handled once."""
    return _each(cells, lambda texts: texts.str.strip())


def filled(cells: pd.Series) -> pd.Series:
    """(n,) bool: something is written in the cell."""
    return stripped(cells).ne("")


def codes(cells: pd.Series) -> pd.Series:
    """Codes (of a currency, of an article) as they are compared: upper case."""
    return stripped(cells).str.upper()


def languages(cells: pd.Series) -> pd.Series:
    """Language cells as codes of two letters in lower case ("en_GB" is "en"); "" where there is none."""
    return stripped(cells).str.lower().str.extract(r"^([a-z]{2})(?:[-_]|$)")[0].fillna("")


def amounts(cells: pd.Series, whole: bool = False) -> pd.Series:
    """Numbers of at most LARGEST in size, whole ones where that is asked; anything else is NaN."""
    values = numbers(cells)
    usable = values.abs().le(LARGEST)
    return values.where(usable & values.mod(1).eq(0) if whole else usable)


def numbers(cells: pd.Series) -> pd.Series:
    """Cells as float64: a currency sign and thousands marks are allowed, anything else is NaN.

    "1,299.00", "1,23,456", "1 299,50 €" and "Rs. 399" are numbers; "1.234,56", which reads two
    ways, "12 or 14" and "nan" are none. Each distinct text is parsed once.
    """
    return _each(cells, _numbers)


def _numbers(texts: pd.Series) -> pd.Series:
    text = texts.astype(str).str.normalize("NFKC").str.strip().str.lower()
    text = text.str.replace(_PREFIX, "", regex=True).str.replace(_SUFFIX, "", regex=True)
    comma = text.str.fullmatch(r"[+-]?\d{1,3}(?:[ '’]?\d{3})*,\d{1,2}")
    text = text.mask(comma, text.str.replace(r"[ '’]", "", regex=True).str.replace(",", ".", regex=False))
    grouped = text.str.fullmatch(r"[+-]?\d{1,3}(?:[, '’]\d{2,3})*[, '’]\d{3}(?:\.\d*)?")
    text = text.mask(grouped, text.str.replace(r"[, '’]", "", regex=True))
    plain = text.str.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", flags=2 | 256)  # ASCII digits
    values = pd.to_numeric(text.where(plain.astype(bool)), errors="coerce").astype("float64")
    return values.where(np.isfinite(values))


def foreign(cells: pd.Series, currency: str) -> pd.Series:
    """Whether a price cell carries the sign or code of another currency than `currency`."""
    return _each(cells, lambda texts: texts.map(lambda cell: _is_foreign(str(cell), currency)).astype(bool))


def _is_foreign(cell: str, currency: str) -> bool:
    mark = "".join(c for c in unicodedata.normalize("NFKC", cell) if not (c.isdigit() or c in " .,+-'’"))
    if not mark:
        return False
    if len(mark) == 3 and mark.isascii() and mark.isalpha():
        return mark.upper() != currency.upper()
    return mark.lower() in SIGNS and currency.upper() not in SIGNS[mark.lower()]


def moments(cells: pd.Series) -> pd.Series:
    """Cells as UTC times to the microsecond; NaT where a cell is no date with year, month and day.

    Times without a zone are UTC. Each distinct text is parsed once.
    """
    return _each(cells, _moments)


def _moments(texts: pd.Series) -> pd.Series:
    text = texts.astype(str).str.strip()
    # A parser that is given "5" or "10:30" fills in the day of today; only full dates reach it.
    dated = text.str.fullmatch(_DATE + f"(?:[T ]{_TIME})?")
    parsed = pd.to_datetime(text.where(dated.astype(bool)), errors="coerce", utc=True, format="mixed")
    return parsed.astype("datetime64[us, UTC]")


def _each(cells: pd.Series, read: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """`read` of the distinct texts, given back to each cell."""
    places, distinct = pd.factorize(cells)
    values = read(pd.Series(distinct, dtype=object))
    return values.take(places).set_axis(cells.index)
