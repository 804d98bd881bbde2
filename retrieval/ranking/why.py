"""Why each product was found: the words that it has, and the modality that brought it."""

from collections.abc import Mapping, Set
from typing import NamedTuple

import numpy as np

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.hybrid import Rows

__all__ = ["Why", "why"]

SEEN = {"text": "text", "title": "text", "image": "image", "audio": "audio"}
"""What a query is compared by, and the modality of a product that this is of."""


class Why(NamedTuple):
    """Why a product was found.

    Attributes:
        words: words of the query that the listing has, as the query wrote them.
        modality: the product's modality that brought it, "" where that is not known.
    """

    words: tuple[str, ...] = ()
    modality: str = ""


def why(
    matched: list[tuple[str, ...]],
    candidates: Candidates,
    rows: np.ndarray,
    vector: np.ndarray,
    modalities: Mapping[str, Rows],
) -> list[Why]:
    """Why each of the given rows was found.

    A query is compared with a product by the modalities that both have: of several the one by which the
    product stands out most among the candidates. What was not ranked was brought by the modality that is
    nearest in the space of the vectors, of those that both have if there are any; so was one whose words
    say nothing of a query of words that is compared by the vectors alone, by any modality.

    Args:
        matched: of each row, the words that it has.
        candidates: all that was ranked.
        vector: (d,) of the query.
        modalities: name to (n, d) vectors of each product seen through that modality alone, zero where the
            product lacks it.
    """
    # Of words alone, without vectors of their own, nothing but the space of the vectors tells.
    blind = candidates.expanded is None and candidates.words > 0 and candidates.words_weight is None
    asked = {SEEN[name] for name in candidates.own if name in SEEN} | (
        {"text"} if candidates.words else set()
    )
    nearest = closest_modality(vector, rows, modalities, set() if blind else asked)
    outstanding = most_outstanding(candidates, rows)
    found = []
    for has, near, out in zip(matched, nearest, outstanding, strict=True):
        shared = near if blind and not has else out
        found.append(Why(has, shared or near))
    return found


def most_outstanding(candidates: Candidates, rows: np.ndarray) -> list[str]:
    """Of each row, the shared modality by which it stands out most; "" where none is."""
    named = [name for name in candidates.own if name in SEEN]
    if not named or not len(candidates.rows):
        return [""] * len(rows)
    table = np.stack([candidates.own[name] for name in named]).astype(np.float64)
    there = table != 0
    mean = table.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    spread = np.sqrt((there * (table - mean) ** 2).mean(axis=1, keepdims=True))
    standing = np.where(there, (table - mean) / np.maximum(spread, 1e-9), -np.inf)
    places = candidates.rows.searchsorted(rows)
    known = candidates.rows.take(places, mode="clip") == rows
    best = standing[:, np.minimum(places, len(candidates.rows) - 1)]
    return [
        SEEN[named[first]] if is_known and np.isfinite(best[first, place]) else ""
        for place, (first, is_known) in enumerate(zip(best.argmax(axis=0).tolist(), known, strict=True))
    ]


def closest_modality(
    vector: np.ndarray, rows: np.ndarray, modalities: Mapping[str, Rows], asked: Set[str] = frozenset()
) -> list[str]:
    """Of each row, the modality whose vector is nearest to the query; "" for a product with none.

    Args:
        asked: modalities of the query; of a product that has one of them the others are left out.
    """
    if not modalities:
        return [""] * len(rows)
    names = list(modalities)
    cosine = np.empty((len(names), len(rows)), np.float32)
    for own, table in zip(cosine, modalities.values(), strict=True):
        part = np.asarray(table[rows], np.float32)
        own[:] = part @ vector
        if own.all():
            continue
        # A vector of zeros has cosine 0; hardly any other has it exactly.
        maybe = np.flatnonzero(own == 0)
        own[maybe[~np.any(part[maybe], axis=1)]] = -np.inf
    both = np.array([name in asked for name in names])
    if both.any():
        cosine[~both] = np.where(np.isfinite(cosine[both]).any(axis=0), -np.inf, cosine[~both])
    found = cosine.argmax(axis=0)
    return [names[m] if np.isfinite(cosine[m, place]) else "" for place, m in enumerate(found.tolist())]
