"""The same thing listed twice: nearly the same words, with the same photo or none."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from catalog.near_duplicates import near_duplicate_pairs
from insights.listing_health.left_out import View

__all__ = ["Duplicate", "duplicates"]

WORD = re.compile(r"[\u4e00-\u9fff]|[^\s_\-\u4e00-\u9fff]+")
SAME = 0.999
"""Cosine of two photos' vectors that are taken as one photo."""
ALIKE = 0.75
"""Share of words from which on two listings may be of one thing."""
UNSEEN = 0.8
"""How much nearly the same words count where a photo is missing on one side."""


@dataclass(frozen=True)
class Duplicate:
    """Two rows that say the same.

    Attributes:
        row, other: the later one in the catalogue, and the earlier.
        alike: share of words that both have, of the text or the title, whichever is less, times the likeness
            of their photos.
        same_photo: whether both show the same.
    """

    row: int
    other: int
    alike: float
    same_photo: bool


def duplicates(products: pd.DataFrame, texts: Sequence[str], photos: View | None) -> list[Duplicate]:
    """Pairs of nearly the same words, in the order of rows.

    Declared variants (one group_id), and products of which an attribute differs or whose texts differ in a
    number or a code, are no duplicates: they come in another size or colour.

    Args:
        texts: (n,) cleaned texts.
        photos: how photos look; None without any.
    """
    groups = products["group_id"].fillna("").to_numpy(dtype=object)
    attributes, titles = (
        products[name].fillna("").to_numpy(dtype=object) for name in ("attributes", "title")
    )
    found = []
    for one, two in near_duplicate_pairs(texts):
        other, row = sorted((one, two))
        if (groups[row] and groups[row] == groups[other]) or _differ(attributes[row], attributes[other]):
            continue
        words, others = _words(texts[row]), _words(texts[other])
        if any(letter.isdigit() for word in (words | others) - (words & others) for letter in word):
            continue
        seen, same = _seen(photos, row, other)
        # One seller's listings share their prose; what is sold stands in the title.
        alike = min(_shared(words, others), _shared(_words(titles[row]), _words(titles[other])))
        if alike >= ALIKE:
            found.append(Duplicate(row, other, alike * seen, same))
    return sorted(found, key=lambda pair: (pair.row, pair.other))


def _words(text: str) -> Counter[str]:
    """Words, and each Chinese character: those stand without a space, and a phrase is no single word."""
    return Counter(WORD.findall(text.lower()))


def _shared(one: Counter[str], other: Counter[str]) -> float:
    return (one & other).total() / (one | other).total() if one | other else 1.0


def _differ(one: str, other: str) -> bool:
    """Whether an attribute that both have has two values."""
    mine, theirs = (json.loads(cell) if cell else {} for cell in (one, other))
    return any(
        str(mine[key]).casefold() != str(theirs[key]).casefold() for key in mine.keys() & theirs.keys()
    )


def _seen(photos: View | None, row: int, other: int) -> tuple[float, bool]:
    if photos is None or not (photos.present[row] and photos.present[other]):
        return UNSEEN, False
    cosine = float(np.dot(photos.rows[row], photos.rows[other]))
    return max(cosine, 0.0), cosine >= SAME
