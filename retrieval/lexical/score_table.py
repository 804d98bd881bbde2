"""Scores of a query's words added up over all listings, and the best of them."""

from collections.abc import Sequence

import numpy as np

__all__ = ["Postings", "ScoreTable", "best", "distinct", "in_all", "positions"]

Postings = tuple[np.ndarray, np.ndarray]
"""Rows that have a term, ascending, and what it scores in each."""

FEW = 8
"""Below one in so many listings only those that have a word are looked at, else the whole table: going
through it in order costs an eighth of what picking each listing out does."""
DENSE = 32
"""Of two lists of listings, where one is less than so many times the other, both are gone through."""
DEPTH, PER_HIT = 64, 8
"""Listings of which the best one stands for the others at first: as many, but leaving so many a hit."""


class ScoreTable:
    """One float32 a listing, all 0 between two questions; used from one thread only.

    Args:
        size: number of listings.
    """

    def __init__(self, size: int) -> None:
        self._scores = np.zeros(size, np.float32)

    def best(
        self,
        lists: Sequence[Postings],
        k: int,
        allowed: np.ndarray | None = None,
        without: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the k highest sums over the lists, highest first, and the sums; ties by row, none of 0.

        Args:
            allowed: (n,) bool, those that may be found.
            without: rows that may not.
        """
        scores = self._scores
        listed, _ = zip(*lists, strict=True)
        touched = np.concatenate(listed) if FEW * sum(map(len, listed)) < len(scores) else None
        try:
            for rows, values in lists:
                np.add.at(scores, rows, values)  # of `scores[rows] += values` a quarter of the time
            if without is not None and len(without):
                scores[without] = 0
            if touched is not None:
                rows, values = self._among(touched, k * len(lists), allowed)
            else:
                rows, values = self._highest(k, allowed)
        finally:
            if touched is None:
                scores.fill(0)
            else:
                scores[touched] = 0
        return best(rows, values, k)

    def _among(self, touched: np.ndarray, most: int, allowed: np.ndarray | None) -> Postings:
        """Rows, each once, and sums of what may be among the best, looking at some rows only.

        Args:
            touched: the rows; one may stand there once for each list.
            most: times k that a row may stand there.
        """
        rows = touched if allowed is None else touched[allowed[touched]]
        found = self._scores[rows]
        if len(rows) > most:
            rows = rows[found >= np.partition(found, len(found) - most)[len(found) - most]]
        rows = distinct(rows)
        values = self._scores[rows]
        kept = values > 0
        return rows[kept], values[kept]

    def _highest(self, k: int, allowed: np.ndarray | None) -> Postings:
        """Rows and sums of what may be among the k best, going through all of them."""
        scores = self._scores if allowed is None else np.where(allowed, self._scores, np.float32(0))
        least = self._least(scores, k)
        rows = np.flatnonzero(scores >= least if least > 0 else scores > 0)
        return rows, scores[rows]

    @staticmethod
    def _least(scores: np.ndarray, k: int) -> float:
        """A score that k listings reach: the k-th of the best ones of as many groups of listings as there
        can be; 0 where there are too few for groups."""
        depth = min(DEPTH, len(scores) // (PER_HIT * k))
        if depth < 2:
            return 0.0
        groups = len(scores) // depth
        tops = scores[: depth * groups].reshape(depth, groups).max(axis=0)
        return float(np.partition(tops, groups - k)[groups - k])


def best(rows: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of some rows and their scores, best first; ties by row."""
    if len(rows) > k:
        # Only those that can be among the k are sorted, ties at the cut included.
        kept = scores >= np.partition(scores, len(rows) - k)[len(rows) - k]
        rows, scores = rows[kept], scores[kept]
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]


def distinct(rows: np.ndarray) -> np.ndarray:
    """(m,) int64 distinct rows, ascending; for few of them, sorting is faster than `np.unique`'s hashing."""
    ordered = np.sort(rows).astype(np.int64, copy=False)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def positions(listings: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row stands in ascending `listings`, and whether it does."""
    if len(listings) == 0:
        return np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    # Few rows are looked up in a long list, which numpy would convert to their type.
    asked = rows.astype(listings.dtype, copy=False)
    places = np.minimum(np.searchsorted(listings, asked), len(listings) - 1)
    return places, np.asarray(listings[places] == asked)


def in_all(lists: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Ascending rows, of `size`, that stand in each of some ascending lists; at least one list."""
    rows, *others = sorted(lists, key=len)
    for other in others:
        if len(other) == size:
            continue
        if len(rows) * DENSE < len(other):
            rows = rows[positions(other, rows)[1]]
        else:
            # Marking a list costs less than looking up many rows in it.
            there = np.zeros(size, bool)
            there[other] = True
            rows = rows[there[rows]]
    return rows
