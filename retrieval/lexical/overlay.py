"""Listings that came or changed since an index was built, laid over it.

Words and scores of the index stay as they are: a new listing is scored by BM25 with the index's document
frequencies and mean length, and a word that only new listings have counts as the rarest of all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np

from retrieval.lexical.index import K1, B, LexicalIndex
from retrieval.lexical.listings import read_words
from retrieval.lexical.query import LexicalQuery
from retrieval.lexical.score_table import best, distinct, positions
from retrieval.lexical.spelling import Near, edits, is_spelled, nearest
from retrieval.lexical.tokens import Also, query_terms

__all__ = ["LayeredLexical", "LayeredRows", "Listing", "read_listing"]


@dataclass(frozen=True)
class Listing:
    """One listing's terms.

    Attributes:
        keys: (t,) int64 of its distinct terms; see `key_of`.
        shares: (t,) float64 saturated frequency of each, so that a score is the sum of share times rarity.
        titled: (t,) bool, those of the title.
        words: as written.
    """

    keys: np.ndarray
    shares: np.ndarray
    titled: np.ndarray
    words: frozenset[str]


def key_of(term: str) -> int:
    """A number that stands for a term while a process lasts; that two share one of 2^64 is left to chance."""
    return hash(term)


def read_listing(lexical: LexicalIndex, fields: Mapping[str, Any]) -> Listing:
    """A listing as an index over others scores it (BM25, method `lucene`)."""
    read = read_words(fields, lexical.weights, lexical.categories)
    norm = K1 * (1 - B + B * len(read.terms) / max(lexical.mean_length, 1e-9))
    counts = Counter(read.terms)
    times = np.array(list(counts.values()), np.float64)
    keys = np.array([key_of(term) for term in counts], np.int64)
    titled = np.array([term in read.titled for term in counts], bool)
    return Listing(keys, times / (times + norm), titled, read.words)


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
        self._rows = np.array(sorted(listings), np.int64)
        self._dead = dead
        own = [listings[row] for row in self._rows.tolist()]
        # All terms of all new listings in one line: a question goes through it once a word.
        self._keys = np.concatenate([one.keys for one in own] or [np.empty(0, np.int64)])
        self._values = np.concatenate([one.shares for one in own] or [np.empty(0)])
        self._titled = np.concatenate([one.titled for one in own] or [np.empty(0, bool)])
        self._new_words = Counter(word for one in own for word in one.words if is_spelled(word))
        self._owner = np.repeat(np.arange(len(own)), [len(one.keys) for one in own])

    def __len__(self) -> int:
        return self._size

    def query(self, text: str) -> LexicalQuery:
        """See `LexicalIndex.query`."""
        return self.query_of(*query_terms(text))

    def query_of(self, words: tuple[str, ...], terms: tuple[str, ...], also: Also = ()) -> LexicalQuery:
        """See `LexicalIndex.query_of`."""
        asked = self.base.query_of(words, terms, also)
        unknown = [place for place, term in enumerate(asked.ids.tolist()) if term < 0]
        if not unknown:
            return asked
        ids = asked.ids.copy()
        for place in unknown:
            if (self._keys == key_of(asked.terms[place])).any():
                ids[place] = self.base.terms + place
        return replace(asked, ids=ids)

    def best(
        self, query: LexicalQuery, k: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `LexicalIndex.best`."""
        old = None if allowed is None else allowed[: len(self.base)]
        rows, scores = self.base.best(query, k, old, self._dead)
        new = np.asarray(query.folded(self._scores(query)).sum(axis=0), np.float32)
        there = new > 0 if allowed is None else (new > 0) & allowed[self._rows]
        fresh = self._rows
        return best(np.concatenate([rows, fresh[there]]), np.concatenate([scores, new[there]]), k)

    def evidence(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `LexicalIndex.evidence`."""
        return self.held(query, rows)[:2]

    def held(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `LexicalIndex.held`."""
        place, new = positions(self._rows, rows)
        old = ~new & (rows < len(self.base)) & ~positions(self._dead, rows)[1]
        scores, covered = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
        there = np.zeros((len(query.shown), len(rows)), bool)
        scores[old], covered[old], there[:, old] = self.base.held(query, rows[old])
        if new.any():
            own = self._scores(query)[:, place[new]]
            there[:, new] = own > 0
            scores[new] = query.folded(own).sum(axis=0)
            covered[new] = query.rarity @ query.folded(own > 0) / max(query.bound, 1e-12)
        return scores, covered, there

    def matched(self, query: LexicalQuery, rows: np.ndarray) -> list[tuple[str, ...]]:
        """See `LexicalIndex.matched`."""
        shown = query.shown
        return [tuple(compress(shown, has)) for has in self.held(query, rows)[2].T.tolist()]

    def having_all(self, query: LexicalQuery, titled: bool = False) -> np.ndarray:
        """See `LexicalIndex.having_all`."""
        rows = self.base.having_all(query, titled)
        rows = rows[~positions(self._dead, rows)[1]]
        values = self._values * self._titled if titled else self._values
        has = (query.folded(self._scores(query, values)) > 0).all(axis=0)
        return distinct(np.concatenate([rows, self._rows[has] if query.terms else self._rows[:0]]))

    def knows(self, word: str, term: str) -> bool:
        """See `LexicalIndex.knows`."""
        return self.base.knows(word, term) or bool((self._keys == key_of(term)).any())

    def compounds(self, typed: Sequence[str]) -> bool:
        """See `Spelling.compounds`; words of new listings are none."""
        return self.base.compounds(typed)

    def ending(self, character: str) -> list[str]:
        """See `Spelling.ending`; words of new listings are none."""
        return self.base.ending(character)

    def near(self, typed: str) -> list[Near]:
        """See `LexicalIndex.near`; words of new listings count as many more."""
        found = self.base.near(typed)
        listings = self._new_words + Counter({near.word: near.listings for near in found})
        return nearest(typed, list(listings), listings, edits(typed)) if self._new_words else found

    def listed(self, term: str, titled: bool = False) -> np.ndarray:
        """See `LexicalIndex.listed`."""
        return self.having_all(self.query_of((term,), (term,)), titled)

    def _scores(self, query: LexicalQuery, values: np.ndarray | None = None) -> np.ndarray:
        """(shown, m) float64 of what `query.shown` names in the new listings, in the order of rows.

        Args:
            values: of each term of each new listing; default its share.
        """
        lines = [*self._term_scores(query.terms, query.rarity, values)]
        for one in query.also:
            own = self._term_scores(one.terms, one.rarity, values)
            lines.append(np.where((own > 0).all(axis=0), one.share * own.sum(axis=0), 0.0))
        return np.array(lines).reshape(len(lines), len(self._rows))

    def _term_scores(
        self, terms: tuple[str, ...], rarity: np.ndarray, values: np.ndarray | None
    ) -> np.ndarray:
        found = np.zeros((len(terms), len(self._rows)))
        for number, term in enumerate(terms):
            has = np.flatnonzero(self._keys == key_of(term))
            found[number, self._owner[has]] = (self._values if values is None else values)[has]
        return found * rarity[:, None]


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

    @property
    def shape(self) -> tuple[int, int]:
        return self._size, self._base.shape[1]

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
