"""Hybrid search: candidates from BM25 and from the vector index, ordered by the fusion, each with its why."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import Any, Protocol

import numpy as np

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical
from retrieval.lexical.query import LexicalQuery
from retrieval.lexical.score_table import distinct
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.colours import ColourWords
from retrieval.ranking.expansion import expanded_closeness
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.kinship import as_told, kinship
from retrieval.ranking.rules import TEXTS, nearness
from retrieval.vectors.by_modality import ModalityIndexes
from shelfspace.errors import InputError

__all__ = ["DEPTH", "HybridSearch", "Nearest", "Ranking", "Rows", "WordEvidence"]


class Rows(Protocol):
    """A table that gives some of its rows: an array, or one with rows laid over it."""

    def __len__(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


class Nearest(Protocol):
    """What is asked of a vector index; see `retrieval.vectors.RowIndex`."""

    def __len__(self) -> int: ...

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]: ...


DEPTH = 100
"""Candidates from each of the two searches; more are taken where more hits are asked for."""

NOTHING: Mapping[str, Any] = {}
NO_ROWS = np.empty(0, np.int64)

FEEDBACK = 5
"""Best lexical hits whose neighbours are thought relevant too (pseudo-relevance feedback, Rocchio 1971)."""


@dataclass(frozen=True, eq=False)
class WordEvidence:
    """What the words of one query find, and what they say of its m candidates.

    Attributes:
        query: what the lexical index read.
        best, scores: the best listings by words, best first, and their BM25.
        rows: (m,) int64 of all candidates, ascending: those, and the nearest by vector.
        lexical, covered: (m,) float32, as in `Candidates`.
        held: (shown, m) bool, which candidates have which word, or what may stand for it.
    """

    query: LexicalQuery
    best: np.ndarray
    scores: np.ndarray
    rows: np.ndarray
    lexical: np.ndarray
    covered: np.ndarray
    held: np.ndarray

    def matched(self, rows: np.ndarray) -> list[tuple[str, ...]] | None:
        """Of each given row, the words that it has; None where one of the rows is no candidate."""
        places = self.rows.searchsorted(rows)
        if len(self.rows) == 0 or not np.array_equal(self.rows.take(places, mode="clip"), rows):
            return None
        shown = self.query.shown
        return [tuple(compress(shown, has)) for has in self.held[:, places].T.tolist()]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates of one query, best first.

    Attributes:
        rows: (m,) int64.
        scores: (m,) float64 of the fusion.
        words: what the query's words said of them.
    """

    rows: np.ndarray
    scores: np.ndarray
    words: WordEvidence


class HybridSearch:
    """Search over n products by words, by vector, or by both.

    Args:
        lexical: over the same n products, in the same order.
        index: over `vectors`.
        vectors: (n, d) float32 of unit length.
        fusion: how the two are put together.
        classes: (n, k) class probabilities of the products; None where the encoder has no classes.
        own: name to (n, d) vectors that a query's modalities are compared with (`SearchParts.evidence`).
        colours: what colour words look like; None where photos have no colours.
        told: (n, 1) the classes that the shop says (`told_columns`); None where it says none.

    Raises:
        InputError: parts over different numbers of products.
    """

    def __init__(
        self,
        lexical: LexicalIndex | LayeredLexical,
        index: Nearest,
        vectors: Rows,
        fusion: FusionModel,
        classes: Rows | None = None,
        own: Mapping[str, Rows] = NOTHING,
        colours: ColourWords | None = None,
        told: Rows | None = None,
    ) -> None:
        sizes = {"lexical": len(lexical), "index": len(index), "vectors": len(vectors)}
        if classes is not None:
            sizes["classes"] = len(classes)
        sizes |= {name: len(table) for name, table in own.items()}
        if len(set(sizes.values())) > 1:
            raise InputError("products", sizes, "build all parts from the same products")
        self.lexical, self.index, self.vectors, self.told = lexical, index, vectors, told
        self.fusion, self.classes, self.own, self.colours = fusion, classes, own, colours

    def search(
        self,
        text: str,
        vector: np.ndarray,
        probabilities: np.ndarray | None = None,
        allowed: np.ndarray | None = None,
        depth: int = DEPTH,
        near: np.ndarray | None = None,
        words_weight: float | None = None,
        beside: str = "",
        own: Mapping[str, np.ndarray] = NOTHING,
    ) -> Ranking:
        """Rank the candidates of one query.

        Args:
            text: its words, "" for a photo or a sound.
            vector: (d,) float32 of unit length, of all that the query holds.
            probabilities: (k,) the encoder's class probabilities of the query.
            allowed: (n,) bool, the products that may be found.
            depth: candidates of each search.
            near: rows that the index gave for this query; default: it is asked.
            words_weight: of a mixed query (words and something else), what the words weigh, 1 being as
                much as the mean of its parts; None where the query is words alone or has none.
            beside: what the query holds but words: photo, sound or product.
            own: as `EncodedQuery.own`.
        """
        own = self.compared_by(text, own)
        if near is None:
            near = self.near_all(vector, own, depth) if allowed is None else self.near(vector, allowed, depth)
        words = self.look_up(self.lexical.query(text), near, allowed, depth)
        return self.rank(words, vector, probabilities, words_weight, beside, own)

    def rank(
        self,
        words: WordEvidence,
        vector: np.ndarray,
        probabilities: np.ndarray | None = None,
        words_weight: float | None = None,
        beside: str = "",
        own: Mapping[str, np.ndarray] = NOTHING,
    ) -> Ranking:
        """The second half of `search`: its candidates by both kinds of evidence."""
        found = self.candidates(words, vector, probabilities, words_weight, beside, own)
        order, scores = self.fusion.rank(found)
        return Ranking(found.rows[order], scores, words)

    def candidates(
        self,
        words: WordEvidence,
        vector: np.ndarray,
        probabilities: np.ndarray | None = None,
        words_weight: float | None = None,
        beside: str = "",
        own: Mapping[str, np.ndarray] = NOTHING,
    ) -> Candidates:
        """The best of both searches with all that both say of them, in order of rows.

        Args:
            words: what `look_up` found; the other arguments as those of `search`.
        """
        rows, query = words.rows, words.query
        vectors = picked(self.vectors, rows)
        agreement = np.zeros(len(rows), dtype=np.float32)
        feedback, feedback_agreement = agreement, agreement
        certainty, few = 0.0, rows.searchsorted(words.best[:FEEDBACK])
        classes = None if self.classes is None else picked(self.classes, rows)
        if classes is not None and probabilities is not None and len(probabilities):
            agreement = np.asarray(classes @ probabilities, dtype=np.float32)
            certainty = float(probabilities.max())
        if len(few):
            first = words.scores[:FEEDBACK]
            weight = first / first.sum()
            centre = weight @ vectors[few]
            centre = centre / max(math.sqrt(centre @ centre), 1e-12)
            feedback = np.asarray(vectors @ centre, np.float32)
            if classes is not None:
                feedback_agreement = np.asarray(classes @ (weight @ classes[few]), np.float32)
        seen = self.comparable(own)
        tables = {name: np.asarray(picked(self.own[name], rows), np.float32) for name in seen}
        texts = [name for name in tables if name in TEXTS and query.words]
        found = Candidates(
            rows=rows,
            cosine=np.asarray(vectors @ vector, dtype=np.float32),
            lexical=words.lexical,
            agreement=agreement,
            covered=words.covered,
            feedback=feedback,
            feedback_agreement=feedback_agreement,
            certainty=certainty,
            words=len(query.words),
            unknown_share=query.unknown_share,
            bound=query.bound,
            words_weight=words_weight,
            beside=beside,
            own={name: table @ seen[name] for name, table in tables.items()},
            expanded=expanded_closeness(
                [tables[name] for name in texts], [seen[name] for name in texts], words.lexical
            )
            if texts
            else None,
        )
        return self.with_kin(found, probabilities) if found.kind in self.fusion.by_kinship else found

    def with_kin(self, found: Candidates, probabilities: np.ndarray | None) -> Candidates:
        """The candidates, with their chance to be of the query's class."""
        if self.classes is None or probabilities is None or not len(probabilities):
            return found
        kinds, told = picked(self.classes, found.rows), self.told
        kinds = kinds if told is None else as_told(kinds, picked(told, found.rows))
        return replace(found, kin=kinship(kinds, probabilities, nearness(found)))

    def near(self, vector: np.ndarray, allowed: np.ndarray | None = None, depth: int = DEPTH) -> np.ndarray:
        """(k,) rows nearest to a (d,) vector, best first; -1 is padding.

        Args:
            allowed: (n,) bool, the products that may be found.
            depth: how many.
        """
        if depth < 1:
            raise InputError("depth", depth, "ask for at least one candidate")
        return self.index.search(vector[None].astype(np.float32), min(depth, len(self.index)), allowed)[1][0]

    def near_all(self, vector: np.ndarray, own: Mapping[str, np.ndarray], depth: int = DEPTH) -> np.ndarray:
        """Rows nearest to a query by its vector and by each of its modalities; -1 is padding."""
        near = [
            self.own_index.search(name, asked, depth, NO_ROWS)
            for name, asked in sorted(self.comparable(own).items())
        ]
        return np.concatenate([self.near(vector, depth=depth), *near])

    @cached_property
    def own_index(self) -> ModalityIndexes:
        """Finds the nearest by `own`, where that is arrays."""
        return ModalityIndexes({name: np.asarray(table) for name, table in self.own.items()})

    def compared_by(self, text: str, own: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """What a query is compared by, its colour words among it; `own` as in `search`."""
        return own if self.colours is None else self.colours.beside(text, own)

    def comparable(self, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What of a query there are vectors of; a release from before there were own ones has others."""
        tables = self.own
        return {n: v for n, v in own.items() if n in tables and tables[n].shape[1] == len(v)}

    def look_up(
        self, query: LexicalQuery, near: np.ndarray, allowed: np.ndarray | None = None, depth: int = DEPTH
    ) -> WordEvidence:
        """The first half of `search`: what the lexical index says of a query's words.

        Args:
            near: rows that the vector index gave; -1 is padding.
        """
        best, scores = self.lexical.best(query, depth, allowed)
        rows = distinct(np.concatenate([best, near[near >= 0]]))
        lexical, covered, held = self.lexical.held(query, rows)
        return WordEvidence(query, best, scores, rows, lexical, covered, held)


def picked(table: Rows, rows: np.ndarray) -> np.ndarray:
    """Rows of a table that are there; numpy's `take` costs half of what indexing does."""
    return table.take(rows, axis=0, mode="clip") if isinstance(table, np.ndarray) else table[rows]
