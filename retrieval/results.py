"""What one query found: its ranked candidates, led by names and rules, and all else that has its words."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters, allowed_rows
from retrieval.filters.facets import facets, relaxed
from retrieval.filters.matches import Rest, relevant
from retrieval.filters.sorting import Sort, sorted_rows
from retrieval.lexical.index import LexicalQuery
from retrieval.query import SearchOptions, SearchQuery
from retrieval.ranking.hybrid import DEPTH
from retrieval.ranking.parts import kind_named

__all__ = ["SearchResults", "facets_of"]

FEW = 8
"""Where less than one product in so many was found, facets look at those alone."""


@dataclass(frozen=True, eq=False)
class SearchResults:
    """What a query found that passes its filters.

    Attributes:
        query: what the lexical index read.
        matches: ascending positions of all products that have every word, filters aside; none of a query
            that holds more than words.
        allowed: (positions,) bool, products that pass the filters; None for all.
        rows, scores: (m,) positions in their order and their scores; those that have the words and are not
            among them follow by BM25.
        pinned: how many of them, at the head, were placed by a rule.
        out: positions that no answer of this query holds.
        sort: how `rows` are ordered; other than by relevance, they are all there is.
    """

    shelf: CatalogueView
    ask: SearchQuery
    query: LexicalQuery
    matches: np.ndarray
    allowed: np.ndarray | None
    rows: np.ndarray
    scores: np.ndarray
    pinned: int
    out: np.ndarray
    sort: Sort = "relevance"

    @cached_property
    def rest(self) -> Rest:
        """What has the words and was not ranked."""
        known = np.concatenate([self.rows, self.out])
        matches = self.matches if self.sort == "relevance" else self.matches[:0]
        return Rest(self.shelf.search.lexical, self.query, matches, known, self.allowed)

    @property
    def total(self) -> int:
        """How many can be paged to."""
        return len(self.rows) + len(self.rest)

    def window(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and scores of the hits from one place to before another; what was not ranked scores 0."""
        rows, scores = self.rows[first:last], self.scores[first:last]
        if last <= len(self.rows) or not len(self.rest):
            return rows, scores
        after = self.rest.rows(last - len(self.rows))[max(first - len(self.rows), 0) :]
        return np.concatenate([rows, after]), np.concatenate([scores, np.zeros(len(after))])

    @property
    def kind(self) -> str:
        """Whose floor holds."""
        return kind_named(len(self.query.words), self.ask.beside if self.ask.words_weight is not None else "")

    def relevant(self, rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Which of some candidates are sorted by price."""
        return relevant(rows, scores, self.matches, self.shelf.parts.floors, self.kind)

    def by(self, sort: Sort) -> "SearchResults":
        """All that has the words or is relevant enough, by price; equal prices stand by relevance.

        Where that is nothing, all candidates are sorted.
        """
        kept = self.relevant(self.rows, self.scores)
        kept[: self.pinned] = True
        rest = self.rest.rows()
        if not (kept.any() or len(rest)):
            kept[:] = True
        rows = np.concatenate([self.rows[kept], rest])
        scores = np.concatenate([self.scores[kept], np.zeros(len(rest))])
        order = sorted_rows(rows, -np.arange(len(rows), dtype=np.float64), self.shelf.columns, sort)
        # Equal relevance stands by row, which the places say already.
        return replace(self, rows=rows[order], scores=scores[order], pinned=0, sort=sort)


def facets_of(
    shelf: CatalogueView,
    found: SearchResults,
    form: SearchOptions,
    vector: np.ndarray,
    probabilities: np.ndarray | None,
) -> dict[str, Any]:
    """Counts over what the query finds, and, for each filter that is set, over what it finds without."""
    ask, whole = found.ask, np.zeros(len(shelf), bool)
    whole[found.matches] = True
    whole[found.rows] = True
    for other in relaxed(form.filters):
        allowed = None if other == Filters() else allowed_rows(shelf.columns, other)
        if form.sort == "relevance":
            whole[shelf.search.found(found.query, vector, allowed, DEPTH)[2]] = True
            continue
        ranked = shelf.search.search(
            ask.text, vector, probabilities, allowed, words_weight=ask.words_weight, beside=ask.beside
        )
        kept = found.relevant(ranked.rows, ranked.scores)
        whole[ranked.rows[kept] if kept.any() else ranked.rows] = True
    whole[found.out] = False
    if FEW * int(whole.sum()) < len(whole):
        return facets(shelf.columns.take(np.flatnonzero(whole)), form.filters)
    return facets(shelf.columns, form.filters, whole)
