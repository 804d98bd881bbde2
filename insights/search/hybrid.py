"""Hybrid search: candidates from BM25 and from the vector index, ordered by the fusion, each with its why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.errors import InputError
from insights.search.evidence import Candidates
from insights.search.fusion import FusionModel
from insights.search.lexical import LexicalIndex, LexicalQuery
from models.index import RowIndex

__all__ = ["DEPTH", "HybridSearch", "Ranking", "Why", "closest_modality"]

DEPTH = 100
"""Candidates from each of the two searches; more are taken where more hits are asked for."""

FEEDBACK = 5
"""Best lexical hits whose neighbours are thought relevant too (pseudo-relevance feedback, Rocchio 1971)."""


@dataclass(frozen=True)
class Why:
    """Why a product was found.

    Attributes:
        words: words of the query that the listing has, as the query wrote them.
        modality: the product's modality nearest to the query, "" where that is not known.
    """

    words: tuple[str, ...] = ()
    modality: str = ""


@dataclass(frozen=True)
class Ranking:
    """Candidates of one query, best first.

    Attributes:
        rows: (m,) int64.
        scores: (m,) float64 of the fusion.
        query: what the lexical index read.
        unknown_share: share of the query's words that no listing has.
    """

    rows: np.ndarray
    scores: np.ndarray
    query: LexicalQuery

    @property
    def unknown_share(self) -> float:
        return self.query.unknown_share


class HybridSearch:
    """Search over n products by words, by vector, or by both.

    Args:
        lexical: over the same n products, in the same order.
        index: over `vectors`.
        vectors: (n, d) float32 of unit length.
        fusion: how the two are put together.
        classes: (n, k) class probabilities of the products; None where the encoder has no classes.

    Raises:
        InputError: parts over different numbers of products.
    """

    def __init__(
        self,
        lexical: LexicalIndex,
        index: RowIndex,
        vectors: np.ndarray,
        fusion: FusionModel,
        classes: np.ndarray | None = None,
    ) -> None:
        sizes = {"lexical": len(lexical), "index": len(index), "vectors": len(vectors)}
        if classes is not None:
            sizes["classes"] = len(classes)
        if len(set(sizes.values())) > 1:
            raise InputError("products", sizes, "build all parts from the same products")
        self.lexical, self.index, self.vectors = lexical, index, vectors
        self.fusion, self.classes = fusion, classes

    def search(
        self,
        text: str,
        vector: np.ndarray,
        probabilities: np.ndarray | None = None,
        allowed: np.ndarray | None = None,
        depth: int = DEPTH,
    ) -> Ranking:
        """Rank the candidates of one query.

        Args:
            text: its words, "" for a photo or a sound.
            vector: (d,) float32 of unit length, of all that the query holds.
            probabilities: (k,) the encoder's class probabilities of the query.
            allowed: (n,) bool, the products that may be found.
            depth: candidates of each search.
        """
        query = self.lexical.query(text)
        found = self.candidates(query, vector, probabilities, allowed, depth)
        order, scores = self.fusion.rank(found)
        return Ranking(found.rows[order], scores, query)

    def candidates(
        self,
        query: LexicalQuery,
        vector: np.ndarray,
        probabilities: np.ndarray | None = None,
        allowed: np.ndarray | None = None,
        depth: int = DEPTH,
    ) -> Candidates:
        """The best of both searches, in order of rows."""
        if depth < 1:
            raise InputError("depth", depth, "ask for at least one candidate")
        lexical = self.lexical.scores(query)
        matching = lexical > 0 if allowed is None else (lexical > 0) & allowed
        by_words = best(lexical, np.flatnonzero(matching), depth)
        _, near = self.index.search(vector[None].astype(np.float32), min(depth, len(self.index)), allowed)
        rows = np.union1d(by_words, near[0][near[0] >= 0]).astype(np.int64)
        agreement = np.zeros(len(rows), dtype=np.float32)
        feedback, feedback_agreement = agreement, agreement
        certainty = 0.0
        if self.classes is not None and probabilities is not None and len(probabilities):
            agreement = np.asarray(self.classes[rows] @ probabilities, dtype=np.float32)
            certainty = float(probabilities.max())
        few = by_words[:FEEDBACK]
        if len(few):
            weight = lexical[few] / lexical[few].sum()
            centre = weight @ self.vectors[few]
            feedback = np.asarray(
                self.vectors[rows] @ (centre / max(np.linalg.norm(centre), 1e-12)), np.float32
            )
            if self.classes is not None:
                feedback_agreement = np.asarray(self.classes[rows] @ (weight @ self.classes[few]), np.float32)
        return Candidates(
            rows=rows,
            cosine=np.asarray(self.vectors[rows] @ vector, dtype=np.float32),
            lexical=lexical[rows],
            agreement=agreement,
            covered=self.lexical.covered(query, rows),
            feedback=feedback,
            feedback_agreement=feedback_agreement,
            certainty=certainty,
            words=len(query.words),
            unknown_share=query.unknown_share,
            bound=self.lexical.bound(query),
        )

    def why(
        self,
        ranking: Ranking,
        rows: np.ndarray,
        vector: np.ndarray,
        modalities: Mapping[str, np.ndarray] | None = None,
    ) -> list[Why]:
        """Why each of the given rows was found.

        Args:
            modalities: name to (n, d) vectors of each product seen through that modality alone, zero
                where the product lacks it.
        """
        words = self.lexical.matched(ranking.query, rows)
        nearest: Sequence[str] = [""] * len(rows)
        if modalities:
            nearest = closest_modality(vector, rows, modalities)
        return [Why(found, name) for found, name in zip(words, nearest, strict=True)]


def best(scores: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The k best of the given rows; ties by row."""
    if len(rows) > k:
        # Only those that can be among the k are sorted, ties at the cut included.
        found = scores[rows]
        rows = rows[found >= np.partition(found, len(rows) - k)[len(rows) - k]]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order[:k]]


def closest_modality(vector: np.ndarray, rows: np.ndarray, modalities: Mapping[str, np.ndarray]) -> list[str]:
    """Of each row, the modality whose vector is nearest to the query; "" for a product with none."""
    names = list(modalities)
    parts = np.stack([modalities[name][rows] for name in names])
    cosine = np.where(np.any(parts != 0, axis=2), parts @ vector, -np.inf)
    found = cosine.argmax(axis=0)
    return [names[m] if np.isfinite(cosine[m, place]) else "" for place, m in enumerate(found.tolist())]
