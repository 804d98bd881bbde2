"""Indexes that propose candidates, which the true vectors then rank.

Scores are exact cosines whatever an index compresses, and ties stand by row: where candidates do not
settle who is among the k best, more are fetched, and at last the vectors themselves are scanned.
"""

from typing import Any

import numpy as np

from retrieval.vectors.exact import (
    apart,
    checked_queries,
    checked_rows,
    ordered,
    padded,
    renumber,
    search_rows,
    true_scores,
    unsettled,
)

__all__ = ["GATHER_ROWS", "ProposedIndex", "packed_rows"]

WIDER = 8
"""How many times as many candidates are fetched for a query whose ties reach past the first ones."""
GATHER_ROWS = 4096
"""A filter that leaves at most this many rows is answered by an exact scan of those rows."""


class ProposedIndex:
    """What such indexes share; each says how many candidates it needs and where they come from.

    Attributes:
        vectors: (n, d) float32, the truth.
    """

    vectors: np.ndarray
    _truth: Any

    def __len__(self) -> int:
        return len(self.vectors)

    def spare(self, k: int) -> int:
        """Candidates fetched beyond k."""
        raise NotImplementedError

    def selector(self, rows: np.ndarray) -> Any:
        """What `candidates` takes so as to propose these rows alone."""
        raise NotImplementedError

    def candidates(self, asked: np.ndarray, fetch: int, selector: Any) -> tuple[np.ndarray, np.ndarray]:
        """(q, fetch) scores and rows, best first, where the scores are true; row -1 is padding."""
        raise NotImplementedError

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `RowIndex.search`; a narrow filter is answered exactly."""
        asked = checked_queries(queries, self.vectors.shape[1], k)
        selector, rows = None, None
        if allowed_rows is not None:
            rows = checked_rows(allowed_rows, len(self))
            if len(rows) <= max(GATHER_ROWS, 2 * k):
                return renumber(search_rows(self.vectors[rows], asked, k), rows)
            selector = self.selector(rows)
        fetch = min(len(self), k + self.spare(k))
        scores, best = self.candidates(asked, fetch, selector)
        if apart(scores, best, k):
            return scores[:, :k], best[:, :k]
        return self._settled(asked, k, rows, selector, (scores, best))

    def _settled(
        self,
        asked: np.ndarray,
        k: int,
        allowed: np.ndarray | None,
        selector: Any,
        found: tuple[np.ndarray, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best of candidates that are not clearly apart, or too few."""
        reachable = len(self) if allowed is None else len(allowed)
        scores, best = self._ranked(asked, found)
        short = unsettled(scores, best, k, reachable)
        scores, best = padded(scores, best, k)
        for q in short:
            one = asked[q : q + 1]
            wide = min(len(self), WIDER * found[0].shape[1])
            result = self._ranked(one, self.candidates(one, wide, selector))
            # A filter that agrees with the clusters can leave a probe short of k, and a tie at the
            # cut may reach past the candidates; those queries are scanned.
            if len(unsettled(*result, k, reachable)):
                if allowed is None:
                    result = search_rows(self.vectors, one, k)
                else:
                    result = renumber(search_rows(self.vectors[allowed], one, k), allowed)
            scores[q : q + 1], best[q : q + 1] = padded(*result, k)
        return scores, best

    def _ranked(
        self, asked: np.ndarray, found: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Candidates by true score to six decimals, then by row; -inf where there is none."""
        scores, rows = found
        true_scores(self._truth, asked, rows, scores)
        return ordered(scores, rows, rows.shape[1])


def packed_rows(rows: np.ndarray, n: int) -> np.ndarray:
    """(ceil(n / 8),) uint8 with the bits of these rows of n set, the lowest bit of a byte first."""
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return np.packbits(mask, bitorder="little")
