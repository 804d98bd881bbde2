"""All that matches a query of words, beyond its ranked candidates.

A listing matches that has every word of the query, in whatever form. The candidates are the best few by
words and by vector, so a common word has matches that are no candidates: they are counted, follow the
candidates in the order of BM25, and are sorted by price with them. A query that holds more than words has
no matches but its candidates, as what has the word need not be like the photo.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from retrieval.lexical.index import LexicalIndex, LexicalQuery
from retrieval.lexical.overlay import LayeredLexical
from retrieval.lexical.score_table import best, distinct, positions

__all__ = ["Rest", "relevant"]


class Rest:
    """What matches a query and is not among the rows that are known already.

    Args:
        lexical: which found the matches.
        query: what it read.
        matches: ascending rows that have every word; see `LexicalIndex.having_all`.
        known: rows that do not count, in any order: the ranked ones and those that may not be found.
        allowed: (n,) bool, those that may be found; None for all.
    """

    def __init__(
        self,
        lexical: LexicalIndex | LayeredLexical,
        query: LexicalQuery,
        matches: np.ndarray,
        known: np.ndarray,
        allowed: np.ndarray | None,
    ) -> None:
        self._lexical, self._query = lexical, query
        self._matches, self._allowed = matches, allowed
        self._known = distinct(known)

    @cached_property
    def _place(self) -> np.ndarray:
        """Places of the known ones among the matches."""
        place, there = positions(self._matches, self._known)
        return place[there]

    def __len__(self) -> int:
        """Counted without putting them in order."""
        if self._allowed is None or not len(self._matches):
            return len(self._matches) - len(self._place)
        passing = self._allowed[self._matches]
        return int(passing.sum()) - int(passing[self._place].sum())

    def rows(self, k: int | None = None) -> np.ndarray:
        """The first k (default all) of them, those of the highest BM25 first, ties by row."""
        kept = np.ones(len(self._matches), bool) if self._allowed is None else self._allowed[self._matches]
        kept[self._place] = False
        rows = np.asarray(self._matches[kept], np.int64)
        scores, _ = self._lexical.evidence(self._query, rows)
        return best(rows, scores, len(rows) if k is None else k)[0]


def relevant(
    rows: np.ndarray, scores: np.ndarray, matches: np.ndarray, floors: Mapping[str, float], kind: str
) -> np.ndarray:
    """(m,) bool: the candidates that are relevant enough to be sorted by something else than relevance.

    Those are the matches, and those whose score reaches the floor of the query's kind; without one,
    every candidate.

    Args:
        rows, scores: (m,) the candidates.
        matches: ascending rows that have every word of the query.
        floors: kind of query to the lowest score of a relevant hit; see `retrieval.ranking.floors`.
    """
    return np.asarray((scores >= floors.get(kind, -np.inf)) | positions(matches, rows)[1])
