"""A query as the index of words reads it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from retrieval.lexical.score_table import Postings, distinct

__all__ = ["Alternative", "LexicalQuery"]


@dataclass(frozen=True, eq=False)
class Alternative:
    """What may stand for a word of a query.

    Attributes:
        place: of the word.
        text: as it is shown.
        terms: a listing that has all of them has it.
        rarity: of each, as in `LexicalQuery`.
        share: by which scores are multiplied, so that it counts no more than the word itself.
        postings: rows that have all, ascending, and what it scores in each.
    """

    place: int
    text: str
    terms: tuple[str, ...]
    rarity: np.ndarray
    share: float
    postings: Postings


@dataclass(frozen=True, eq=False)
class LexicalQuery:
    """A query as the index reads it: all that is looked up by its words, looked up once.

    Attributes:
        words: t distinct words as written, in lower case, without stop words.
        terms: the term of each.
        ids: (t,) int64 term number of each, -1 where no listing has it; numbers from the index's `terms` on
            are of listings that came later.
        rarity: (t,) float64 inverse document frequency of each: its largest score; of one that no listing
            of the index has, that of the rarest.
        postings: of each, the rows that have it, ascending, and what it scores in each.
        bound: what no listing's score exceeds, words that no listing has counted as the rarest of all. A
            score over this bound is a share of the query that is matched: a query of unknown words has low
            shares everywhere.
        also: what may stand for a word.
    """

    words: tuple[str, ...]
    terms: tuple[str, ...]
    ids: np.ndarray
    rarity: np.ndarray
    postings: tuple[Postings, ...]
    bound: float
    also: tuple[Alternative, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The t words, and after them what may stand for some."""
        return (*self.words, *(one.text for one in self.also)) if self.also else self.words

    @cached_property
    def lists(self) -> tuple[Postings, ...]:
        """Of each word, the rows that have it or what may stand for it, and the most that this scores."""
        if not self.also:
            return self.postings
        merged = list(self.postings)
        for one in self.also:
            rows = distinct(np.concatenate([merged[one.place][0], one.postings[0]]))
            values = np.zeros(len(rows), np.float32)
            for own, scores in (merged[one.place], one.postings):
                at = rows.searchsorted(own)
                values[at] = np.maximum(values[at], scores)
            merged[one.place] = rows, values
        return tuple(merged)

    def folded(self, table: np.ndarray) -> np.ndarray:
        """(t, n) of a table (t + a, n) of what `shown` names: a word is as good as the best that stands for
        it."""
        if not self.also:
            return table
        found = table[: len(self.words)].copy()
        for line, one in zip(table[len(self.words) :], self.also, strict=True):
            np.maximum(found[one.place], line, out=found[one.place])
        return found

    @property
    def unknown_share(self) -> float:
        """Share of the words that no listing has; 0 for a query without words."""
        return float((self.ids < 0).mean()) if len(self.ids) else 0.0
