"""Ids: the same text from every reader and every table."""

import re
import unicodedata
from collections.abc import Callable, Iterable

import pandas as pd

from catalog.cells.values import each, filled, says_nothing

__all__ = ["ids", "usable_ids", "written_otherwise"]

_WHOLE = r"(?:0|[1-9]\d*)"
_FLOAT = rf"{_WHOLE}\.0+|[1-9](?:\.\d+)?e\+\d+"
_NO_ID = r"(?i:true|false)|\[.*\]|\{.*\}|\d[.,]\d+E\+\d+"
_PLAINER: dict[str, Callable[[str], str]] = {
    "leading zeros differ": lambda one: one.lstrip("0"),
    "capitals differ": str.casefold,
    "decimals differ": lambda one: one.removesuffix(".0"),
    "spaces or signs differ": lambda one: re.sub(r"\W", "", unicodedata.normalize("NFKC", one)).casefold(),
    "one has more before it": lambda one: re.split(r"[/:#]", one)[-1],
}
_AS_TEXT = re.compile(r"'(\d+)")


def ids(cells: pd.Series) -> pd.Series:
    """A column of ids, each as it is compared: composed, without outer or invisible marks.

    Where all of the column are whole numbers and some are written as a program writes a number with
    decimals (100000000.0, 1e+16), as it does in a column with gaps, those are written whole. Leading zeros
    stay, and the mark by which a spreadsheet keeps them ('007) is none of the id.
    """
    texts = each(cells, lambda found: found.map(_composed))
    shown = texts[texts.ne("")]
    floats = shown.str.fullmatch(_FLOAT)
    if not floats.any() or not (floats | shown.str.fullmatch(_WHOLE)).all():
        return texts
    return each(texts, lambda found: found.map(_whole))


def usable_ids(cells: pd.Series) -> pd.Series:
    """(n,) bool: the cell names something: it is not empty and no word for that, no yes or no, no list or
    object of JSON, and no number that a spreadsheet has rounded (4.00638E+12)."""
    odd = each(cells, lambda texts: texts.str.strip().str.fullmatch(_NO_ID))
    return filled(cells) & ~odd.astype(bool) & ~says_nothing(cells)


def written_otherwise(unknown: Iterable[str], known: Iterable[str]) -> str:
    """How ids that are not known differ from those that are, where most do in one way; "" where none shows.

    Args:
        unknown: ids, as they are compared.
        known: those that they were sought among.
    """
    wanted, there = set(unknown) - {""}, list(known)
    for what, plain in _PLAINER.items():
        found = {plain(one): one for one in there}
        met = sorted(one for one in wanted if plain(one) in found)
        if met and 2 * len(met) > len(wanted):
            return (
                f"; {met[0]!r} is there as {found[plain(met[0])]!r} ({what}): write ids one way in all files"
            )
    return ""


def _composed(text: str) -> str:
    spaced = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", text))
    seen = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf")).strip()
    kept = _AS_TEXT.fullmatch(seen)
    return kept[1] if kept else seen


def _whole(text: str) -> str:
    if "e" in text:
        return str(int(float(text)))
    return text.partition(".")[0]
