"""What one query found: its ranked candidates, led by names and rules, and all else that has its words.

A listing matches that has every word of the query, in whatever form. The candidates are the best few by
words and by vector, so a common word has matches that are no candidates: they are counted, follow the
candidates in the order of BM25, and are sorted by price with them. What has every word in its title stands
before all that has not, candidate or match. A query that holds more than words has no matches but its
candidates, as what has the word need not be like the photo.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from catalog.text.letters import CUT, rejoined
from retrieval.catalogue.exclusions import passing, rows_saying
from retrieval.catalogue.variants import ALONE
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters
from retrieval.filters.facets import facets, relaxed
from retrieval.filters.sorting import Sort, sorted_rows
from retrieval.lexical.marks import marks
from retrieval.lexical.score_table import best, distinct, positions
from retrieval.query import EncodedQuery
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.hybrid import WordEvidence
from retrieval.ranking.why import why

__all__ = ["SearchResults", "relevant", "titled_first"]

NEAREST = 4
"""Products that are named where nothing is an answer."""
FEW = 8
"""Where less than one product in so many was found, facets look at those alone."""


@dataclass(frozen=True, eq=False)
class SearchResults:
    """What a query found that passes its filters.

    Attributes:
        words: what the index of words said of the candidates.
        candidates: all that was ranked, and what was known of it.
        matches: ascending positions of all products that have every word, filters aside, or, where none has,
            that are of a category the words name; none of a query that holds more than words.
        titled: those of them that stand first, ascending: every word in their title, or of that category.
        allowed: (positions,) bool, products that pass the filters; None for all.
        rows, scores: (m,) positions in their order and their scores; those that have the words and are not
            among them follow by BM25.
        out: positions that no answer of this query holds.
        below: the candidates that are no answer, in their order.
        pinned: how many of them, at the head, were placed by a rule.
        folded: ascending positions that stand behind another, a variant of theirs.
        sort: how `rows` are ordered; other than by relevance, they are all there is.
    """

    catalogue: CatalogueView
    asked: EncodedQuery
    words: WordEvidence
    candidates: Candidates
    matches: np.ndarray
    titled: np.ndarray
    allowed: np.ndarray | None
    rows: np.ndarray
    scores: np.ndarray
    out: np.ndarray
    below: np.ndarray
    pinned: int = 0
    folded: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    sort: Sort = "relevance"

    @cached_property
    def _known(self) -> np.ndarray:
        """Places, among the matches, of what is ranked or may not be found."""
        place, there = positions(self.matches, distinct(np.concatenate([self.rows, self.out, self.folded])))
        return place[there]

    @cached_property
    def unranked(self) -> int:
        """How many match and were not ranked; counted without putting them in order."""
        if self.sort != "relevance" or not len(self.matches):
            return 0
        if self.allowed is None:
            return len(self.matches) - len(self._known)
        passing = self.allowed[self.matches]
        return int(passing.sum()) - int(passing[self._known].sum())

    @cached_property
    def _rest(self) -> np.ndarray:
        """What matches and was not ranked, ascending."""
        kept = np.ones(len(self.matches), bool) if self.allowed is None else self.allowed[self.matches]
        kept[self._known] = False
        return np.asarray(self.matches[kept], np.int64)

    def unranked_rows(self, k: int | None = None) -> np.ndarray:
        """The first k (default all) that match and were not ranked, the highest BM25 first, ties by row."""
        return self._by_words(self._rest, k) if self.unranked else self.matches[:0]

    def _by_words(self, rows: np.ndarray, k: int | None = None) -> np.ndarray:
        scores, _ = self.catalogue.search.lexical.evidence(self.words.query, rows)
        return best(rows, scores, len(rows) if k is None else k)[0]

    @property
    def total(self) -> int:
        """How many can be paged to."""
        return len(self.rows) + self.unranked

    @property
    def _head(self) -> int:
        """How many ranked stand before what has every word in its title and was not ranked."""
        has = positions(self.titled, self.rows)[1]
        return len(has) - int(has[::-1].argmax()) if has.any() else self.pinned

    def window(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and scores of the hits from one place to before another.

        What was not ranked scores 0, and, where it stands among the titled, as much as the last of them.
        """
        rows, scores = self.rows, self.scores
        head = self._head
        if last <= head or not self.unranked:
            return rows[first:last], scores[first:last]
        titled = positions(self.titled, self._rest)[1]
        late = self._by_words(self._rest[titled])
        score = scores[head - 1] if head else max(scores.max(initial=0.0), np.finfo(np.float64).tiny)
        rows = np.concatenate([rows[:head], late, rows[head:]])
        scores = np.concatenate([scores[:head], np.full(len(late), score), scores[head:]])
        if last > len(rows):
            after = self._by_words(self._rest[~titled], last - len(rows))
            rows = np.concatenate([rows, after])
            scores = np.concatenate([scores, np.zeros(len(after))])
        return rows[first:last], scores[first:last]

    def relevant(self, rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Which of some candidates are sorted by price."""
        relevance = self.catalogue.parts.relevance(self.candidates)
        if relevance is not None:
            may = self.catalogue.parts.answering(self.candidates, relevance, self.matches, sorting=True)
            return positions(self.candidates.rows[may], rows)[1] | positions(self.matches, rows)[1]
        return relevant(rows, scores, self.matches, self.catalogue.parts.floors, self.candidates.kind)

    def by(self, sort: Sort) -> "SearchResults":
        """All that has the words or is relevant enough, by price; equal prices stand by relevance.

        Where that is nothing, all candidates are sorted.
        """
        kept = self.relevant(self.rows, self.scores)
        kept[: self.pinned] = True
        rest = self.unranked_rows()
        if not (kept.any() or len(rest)):
            kept[:] = True
        rows = np.concatenate([self.rows[kept], rest])
        scores = np.concatenate([self.scores[kept], np.zeros(len(rest))])
        order = sorted_rows(rows, -np.arange(len(rows), dtype=np.float64), self.catalogue.columns, sort)
        # Equal relevance stands by row, which the places say already.
        return replace(self, rows=rows[order], scores=scores[order], pinned=0, sort=sort)

    def collapsed(self) -> "SearchResults":
        """The same with one hit for the variants of a product: the first of them; what is pinned stays."""
        groups = self.catalogue.variants
        if groups is None:
            return self
        rows, rest = self.rows, self.unranked_rows_of(groups)
        titled = positions(self.titled, rest)[1]
        head = self._head if len(rest) else len(rows)
        order = np.concatenate([rows[:head], rest[titled], rows[head:], rest[~titled]])
        own = groups[order]
        grouped = np.flatnonzero(own != ALONE)
        later = np.ones(len(grouped), bool)
        later[np.unique(own[grouped], return_index=True)[1]] = False
        folded = order[grouped[later & (grouped >= self.pinned)]]
        if not len(folded):
            return self
        folded = distinct(folded)
        kept = ~positions(folded, rows)[1]
        return replace(self, rows=rows[kept], scores=self.scores[kept], folded=folded)

    def unranked_rows_of(self, groups: np.ndarray) -> np.ndarray:
        """What matches, was not ranked and has variants, ascending."""
        return self._rest[groups[self._rest] != ALONE] if self.unranked else self.matches[:0]

    def behind(self, rows: np.ndarray) -> list[list[str]]:
        """Of each hit, the products that stand behind it."""
        groups, places = self.catalogue.variants, self.catalogue.places
        if groups is None or not len(self.folded):
            return [[] for _ in range(len(rows))]
        own = groups[self.folded]
        return [
            [places.product(row) for row in self.folded[own == group].tolist()] if group != ALONE else []
            for group in groups[rows].tolist()
        ]

    def answer(self) -> dict[str, Any]:
        """One page of it as an answer has it: hits with their why, how many there are, and facets."""
        options, catalogue = self.asked.options, self.catalogue
        first = (options.page - 1) * options.size
        rows, scores = self.window(first, first + options.size)
        hits = catalogue.hits(rows.tolist(), np.minimum(scores, 1.0).tolist())
        self._explain(hits, rows)
        for place, (hit, others) in enumerate(zip(hits, self.behind(rows), strict=True)):
            hit["pinned"] = first + place < self.pinned
            hit["variants"] = others
        result: dict[str, Any] = {
            "hits": hits, "total": self.total, "page": options.page,
            "understood": list(self.asked.query.said), "nearest": self.nearest() if not self.total else [],
        }  # fmt: skip
        if options.facets:
            result["facets"] = self.facets()
        return result

    def nearest(self) -> list[dict[str, Any]]:
        """The first few candidates where none is an answer, as hits."""
        rows = self.below[~positions(distinct(self.out), self.below)[1]][:NEAREST]
        hits = self.catalogue.hits(rows.tolist(), [0.0] * len(rows))
        self._explain(hits, rows)
        return hits

    def _explain(self, hits: list[dict[str, Any]], rows: np.ndarray) -> None:
        if not hits:
            return
        matched = self.words.matched(rows)
        if matched is None:  # a rule or a name put a product there that no search found
            matched = self.catalogue.search.lexical.matched(self.words.query, rows)
        whys = why(matched, self.candidates, rows, self.asked.vector, self.catalogue.modalities)
        query = self.words.query
        terms = frozenset(query.terms).union(*(one.terms for one in query.also))
        marked = marks([hit["title"] for hit in hits], terms)
        shown = rejoined if CUT.search(" ".join(terms)) else tuple
        once = dict.fromkeys if query.also else tuple  # one text may stand for two words
        for hit, said, ranges in zip(hits, whys, marked, strict=True):
            hit["why"] = {"words": shown(tuple(once(said.words))), "modality": said.modality}
            hit["marks"] = ranges

    def facets(self) -> dict[str, Any]:
        """Counts over what the query finds, and, for each filter that is set, over what it finds without."""
        catalogue, asked, search = self.catalogue, self.asked, self.catalogue.search
        query, options = asked.query, asked.options
        whole = np.zeros(len(catalogue), bool)
        whole[self.matches] = True
        whole[self.rows] = True
        for other in relaxed(options.filters):
            allowed = None if other == Filters() else passing(catalogue, other)
            words = search.look_up(self.words.query, catalogue.near_to(asked, allowed), allowed)
            found = search.candidates(
                words, asked.vector, asked.probabilities, query.words_weight, query.beside, asked.own
            )
            relevance, sorting = catalogue.parts.relevance(found), options.sort != "relevance"
            kept = catalogue.parts.answering(found, relevance, self.matches, sorting)
            if sorting and relevance is None:
                order, scores = search.fusion.rank(found)
                kept[order] = relevant(
                    found.rows[order], scores, self.matches, catalogue.parts.floors, found.kind
                )
            whole[found.rows[kept] if kept.any() or not sorting else found.rows] = True
        whole[self.out] = False
        if options.filters.without:
            whole[rows_saying(catalogue, options.filters.without)] = False
        whole[self.folded] = False
        if FEW * int(whole.sum()) < len(whole):
            return facets(catalogue.columns.take(np.flatnonzero(whole)), options.filters)
        return facets(catalogue.columns, options.filters, whole)


def titled_first(rows: np.ndarray, scores: np.ndarray, titled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Candidates with those first that have every word in their title, and their scores.

    The scores of those are raised, in their order, over all others: what sorts by score keeps the order.

    Args:
        rows, scores: (m,) best first; scores from 0 to 1.
        titled: ascending rows.
    """
    has = positions(titled, rows)[1]
    if not has.any() or has.all():
        return rows, scores
    least = scores[~has].max()
    raised = least + (1 - least) * scores[has]
    return np.concatenate([rows[has], rows[~has]]), np.concatenate([raised, scores[~has]])


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
