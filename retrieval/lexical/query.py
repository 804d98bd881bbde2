"""A query as the index of words reads it."""

from dataclasses import dataclass

import numpy as np

from retrieval.lexical.score_table import Postings

__all__ = ["LexicalQuery"]


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
    """

    words: tuple[str, ...]
    terms: tuple[str, ...]
    ids: np.ndarray
    rarity: np.ndarray
    postings: tuple[Postings, ...]
    bound: float

    @property
    def unknown_share(self) -> float:
        """Share of the words that no listing has; 0 for a query without words."""
        return float((self.ids < 0).mean()) if len(self.ids) else 0.0
