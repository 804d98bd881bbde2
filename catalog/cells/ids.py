"""Ids: the same text from every reader and every table."""

import unicodedata

import pandas as pd

from catalog.cells.values import each, filled

__all__ = ["ids", "usable_ids"]

_WHOLE = r"(?:0|[1-9]\d*)"
_FLOAT = rf"{_WHOLE}\.0+|[1-9](?:\.\d+)?e\+\d+"


def ids(cells: pd.Series) -> pd.Series:
    """A column of ids, each as it is compared: composed, without outer or invisible marks.

    Where all of the column are whole numbers and some are written as a program writes a number with
    decimals (100000000.0, 1e+16), as it does in a column with gaps, those are written whole. Leading zeros
    stay.
    """
    texts = each(cells, lambda found: found.map(_composed))
    shown = texts[texts.ne("")]
    floats = shown.str.fullmatch(_FLOAT)
    if not floats.any() or not (floats | shown.str.fullmatch(_WHOLE)).all():
        return texts
    return each(texts, lambda found: found.map(_whole))


def usable_ids(cells: pd.Series) -> pd.Series:
    """(n,) bool: the cell names something: it is not empty, no yes or no, and no list or object of JSON."""
    odd = each(cells, lambda texts: texts.str.strip().str.fullmatch(r"(?i:true|false)|\[.*\]|\{.*\}"))
    return filled(cells) & ~odd.astype(bool)


def _composed(text: str) -> str:
    seen = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return "".join(" " if c.isspace() else c for c in seen).strip()


def _whole(text: str) -> str:
    if "e" in text:
        return str(int(float(text)))
    return text.partition(".")[0]
