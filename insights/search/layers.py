"""Listings that came or changed since an index was built, laid over it.

Words and scores of the index stay as they are: a new listing is scored by BM25 with the index's document
frequencies and mean length, and a word that only new listings have counts as the rarest of all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from insights.search.lexical import K1, B, LexicalIndex, LexicalQuery, listing_terms
from insights.search.score_table import best, distinct, positions

__all__ = ["LayeredLexical", "LayeredRows", "Listing", "read_listing"]


@dataclass(frozen=True)
class Listing:
    """One listing's terms.

    Attributes:
        shares: term to its saturated frequency, so that a score is the sum of share times rarity.
    """

    shares: Mapping[str, float]


def read_listing(lexical: LexicalIndex, fields: Mapping[str, Any]) -> Listing:
    """A listing as an index over others scores it (BM25, method `lucene`)."""
    terms = listing_terms(fields, lexical.weights)
    norm = K1 * (1 - B + B * len(terms) / max(lexical.mean_length, 1e-9))
    return Listing({term: count / (count + norm) for term, count in Counter(terms).items()})


class LayeredLexical:
    """The same questions as `LexicalIndex` answers, over rows of which some are new.

    Args:
        base: over the first n rows.
        size: number of rows, those that were added after the n included.
        listings: row to listing of those that came or changed since.
        dead: rows of `base` whose listing counts no more, ascending.
    """

    def __init__(
        self, base: LexicalIndex, size: int, listings: Mapping[int, Listing], dead: np.ndarray
    ) -> None:
        self.base = base
        self._size = size
        self._listings = listings
        self._rows = np.array(sorted(listings), np.int64)
        self._dead = dead

    def __len__(self) -> int:
        return self._size

    def query(self, text: str) -> LexicalQuery:
        """See `LexicalIndex.query`."""
        asked = self.base.query(text)
        unknown = [place for place, term in enumerate(asked.ids.tolist()) if term < 0]
        if not unknown:
            return asked
        ids = asked.ids.copy()
        for place in unknown:
            if any(asked.terms[place] in listing.shares for listing in self._listings.values()):
                ids[place] = self.base.terms + place
        return LexicalQuery(asked.words, asked.terms, ids)

    def best(
        self, query: LexicalQuery, k: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `LexicalIndex.best`."""
        old = None if allowed is None else allowed[: len(self.base)]
        rows, scores = self.base.best(query, k, old, self._dead)
        fresh = self._rows if allowed is None else self._rows[allowed[self._rows]]
        new = self._fresh_scores(query, fresh)
        there = new > 0
        return best(np.concatenate([rows, fresh[there]]), np.concatenate([scores, new[there]]), k)

    def evidence(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `LexicalIndex.evidence`."""
        return self.held(query, rows)[:2]

    def held(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `LexicalIndex.held`."""
        old, new = self._sides(rows)
        scores, covered = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
        there = np.zeros((len(query.terms), len(rows)), bool)
        scores[old], covered[old], there[:, old] = self.base.held(query, rows[old])
        if new.any():
            scores[new] = self._fresh_scores(query, rows[new])
            whole = max(self.bound(query), 1e-12)
            rarity = self._rarity(query)
            for place in np.flatnonzero(new).tolist():
                shares = self._listings[int(rows[place])].shares
                there[:, place] = [term in shares for term in query.terms]
                covered[place] = sum(weight for term, weight in rarity.items() if term in shares) / whole
        return scores, covered, there

    def matched(self, query: LexicalQuery, rows: np.ndarray) -> list[tuple[str, ...]]:
        """See `LexicalIndex.matched`."""
        return [tuple(compress(query.words, has)) for has in self.held(query, rows)[2].T.tolist()]

    def having_all(self, query: LexicalQuery) -> np.ndarray:
        """See `LexicalIndex.having_all`."""
        rows = self.base.having_all(query)
        rows = rows[~positions(self._dead, rows)[1]]
        fresh = [
            row
            for row, listing in self._listings.items()
            if query.terms and all(term in listing.shares for term in query.terms)
        ]
        return distinct(np.concatenate([rows, np.array(fresh, np.int64)]))

    def bound(self, query: LexicalQuery) -> float:
        """See `LexicalIndex.bound`."""
        return self.base.bound(query)

    def _sides(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which rows are listings of `base` that still count, and which are new."""
        new = positions(self._rows, rows)[1]
        return ~new & (rows < len(self.base)) & ~positions(self._dead, rows)[1], new

    def _rarity(self, query: LexicalQuery) -> dict[str, float]:
        pairs = zip(query.terms, query.ids.tolist(), strict=True)
        return {term: self.base.rarity(number) for term, number in pairs}

    def _fresh_scores(self, query: LexicalQuery, rows: np.ndarray) -> np.ndarray:
        rarity = self._rarity(query).items()
        listings = (self._listings[row].shares for row in rows.tolist())
        scores = [sum(weight * shares.get(term, 0.0) for term, weight in rarity) for shares in listings]
        return np.array(scores, np.float32)


class LayeredRows:
    """A table with rows laid over it and after it.

    Args:
        base: (n, d) of any float type, kept by reference.
        rows: (m,) ascending row numbers, those from n on being new.
        values: m times (d,) float32, or None for zeros.
    """

    def __init__(self, base: np.ndarray, rows: np.ndarray, values: Sequence[np.ndarray | None]) -> None:
        self._base = base
        self._rows = rows
        self._values = values
        self._size = max(len(base), int(rows[-1]) + 1 if len(rows) else 0)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
        """(len(rows), d) float32."""
        asked = np.asarray(rows, np.int64)
        if not len(self._rows):
            return np.asarray(self._base[asked], np.float32)
        place = np.minimum(np.searchsorted(self._rows, asked), len(self._rows) - 1)
        laid = self._rows[place] == asked
        found = np.zeros((len(asked), self._base.shape[1]), np.float32)
        for row in np.flatnonzero(laid).tolist():
            value = self._values[place[row]]
            if value is not None:
                found[row] = value
        under = ~laid & (asked < len(self._base))
        found[under] = self._base[asked[under]]
        return found
