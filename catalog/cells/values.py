"""Texts, lists and values of a cell."""

import json
import math
import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

import pandas as pd

from catalog.text.markup import shown_text

__all__ = [
    "attribute_texts", "category_path", "codes", "each", "filled", "languages", "media_cell", "number_text",
    "says_nothing", "stripped", "text_of", "usable_key",
]  # fmt: skip

Parsed = TypeVar("Parsed", list[Any], dict[str, Any])

NOTHING = (
    "null", "\\n", "n/a", "#n/a", "nan", "none", "<na>", "<null>", "undefined", "-", "--", "\u2013", "\u2014",
    "#null!", "#value!", "#ref!", "#name?", "#div/0!",
)  # fmt: skip
"""What programs and people write into a cell that holds nothing, in lower case."""
_ON_A_DRIVE = re.compile(r"[A-Za-z]:|\\\\")
MAX_NAME_BYTES = 255
"""Longest file name that common file systems hold."""


def media_cell(cell: str, separator: str) -> list[str]:
    """Media keys of a cell (a JSON list, or values with a separator), in order, each once; the parts of a
    relative path are parted by / as Windows does not."""
    listed = _json(cell, list)
    values = cell.split(separator) if listed is None else [str(v) for v in listed if v is not None]
    keys = (value.strip() for value in values)
    slashed = (key if _ON_A_DRIVE.match(key) else key.replace("\\", "/") for key in keys)
    return list(dict.fromkeys(filter(None, slashed)))


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


def number_text(value: object) -> str:
    """`text_of`, of a number as a table's cell: 100000000.0 is 100000000, and no number reads two ways.

    A number with three decimals gets a fourth: 1.261, which a column of texts leaves open, is 1.2610.
    """
    if not isinstance(value, float) or not math.isfinite(value):
        return text_of(value)
    if value.is_integer() and abs(value) < 1e22:
        return str(int(value))
    text = repr(value)
    return f"{text}0" if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text) else text


def stripped(cells: pd.Series) -> pd.Series:
    """Cells without outer whitespace, as ids are compared; each distinct text is handled once."""
    return each(cells, lambda texts: texts.str.strip())


def filled(cells: pd.Series) -> pd.Series:
    """(n,) bool: something is written in the cell."""
    return stripped(cells).ne("")


def says_nothing(cells: pd.Series) -> pd.Series:
    """(n,) bool: the cell holds a word for nothing (NULL, N/A, nan, #N/A, -)."""
    return each(cells, lambda texts: texts.str.strip().str.lower().isin(NOTHING)).astype(bool)


def codes(cells: pd.Series) -> pd.Series:
    """Codes (of a currency, of an article) as they are compared: upper case, half width."""
    return each(cells, lambda texts: texts.str.normalize("NFKC").str.strip().str.upper())


def languages(cells: pd.Series) -> pd.Series:
    """Language cells as codes of two letters in lower case ("en_GB" is "en"); "" where there is none."""
    return stripped(cells).str.lower().str.extract(r"^([a-z]{2})(?:[-_]|$)")[0].fillna("")


def each(cells: pd.Series, read: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """`read` of the distinct texts, given back to each cell."""
    places, distinct = pd.factorize(cells)
    values = read(pd.Series(distinct, dtype=object))
    return values.take(places).set_axis(cells.index)
