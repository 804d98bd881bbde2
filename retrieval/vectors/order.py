"""The order of what a search finds: true scores, ties by row, and whether candidates are sure.

Scores that agree to six decimals count as tied, and ties stand by row, so equal input gives equal output.
"""

from typing import Any

import faiss
import numpy as np

__all__ = [
    "DECIMALS",
    "EXTRA",
    "TIED",
    "apart",
    "ordered",
    "padded",
    "renumber",
    "search_rows",
    "true_scores",
    "unsettled",
]

RAW: Any = faiss
"""faiss, for the functions that its type stubs leave out."""

DECIMALS = 6
"""Scores are compared at this precision: float32 dot products of unit vectors err below it."""
TIED = 10.0**-DECIMALS
"""Scores this far apart are not tied."""
EXTRA = 16
"""Candidates an exact scan fetches beyond k, so that a tie at the cut is seen."""


def search_rows(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact search by a full scan: scores and rows as `RowIndex.search` returns them."""
    fetch = min(len(vectors), k + EXTRA)
    if fetch == 0:
        return np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
    scores, rows = faiss.knn(queries, vectors, fetch, faiss.METRIC_INNER_PRODUCT)
    if fetch < len(vectors):
        # Ties that reach past what was fetched: the lowest rows must win, so those queries see all.
        rough = np.round(scores, DECIMALS)
        for q in np.flatnonzero(rough[:, k - 1] == rough[:, -1]):
            level = rough[q, k - 1]
            exact = vectors @ queries[q]
            keep = np.flatnonzero(np.round(exact, DECIMALS) >= level - 10.0**-DECIMALS)
            best_scores, best_rows = ordered(exact[None, keep], keep[None], k)
            scores[q, :k], rows[q, :k] = best_scores[0], best_rows[0]
            scores[q, k:], rows[q, k:] = -np.inf, -1
    return ordered(scores, rows, k)


def true_scores(table: Any, queries: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Inner products of queries (q, d) with rows (q, m) of a table, into `out`; -inf for row -1.

    The same two vectors give the same bits wherever they lie. What a graph says does not: it
    scores four vectors at a time, to other last bits.

    Args:
        table: faiss pointer to (n, d) float32.
    """
    (q, d), m = queries.shape, rows.shape[1]
    given, found, result = faiss.swig_ptr(queries), faiss.swig_ptr(rows), faiss.swig_ptr(out)
    threads = faiss.omp_get_max_threads()
    if threads > 1:  # faiss wakes all its threads for this, which takes longer than the work
        faiss.omp_set_num_threads(1)
    RAW.fvec_inner_products_by_idx(result, given, table, found, d, q, m)
    if threads > 1:
        faiss.omp_set_num_threads(threads)
    if rows.size and rows.min() < 0:  # faiss leaves 0 there
        out[rows < 0] = -np.inf


def apart(scores: np.ndarray, rows: np.ndarray, k: int) -> bool:
    """Whether (q, m) candidates are more than k, in order and farther apart than any tie.

    Then their order is certain, also that of the last against what was not fetched.
    """
    q, m = rows.shape
    if m <= k or (rows[0, -1] if q == 1 else rows[:, -1].min()) < 0:
        return False
    if q == 1:  # one query is the service's case: plain indexing is quicker
        line = scores[0]
        return np.count_nonzero(line[:-1] - line[1:] > 2 * TIED) == m - 1
    steps = scores[:, :-1] - scores[:, 1:] > 2 * TIED
    return np.count_nonzero(steps) == steps.size


def unsettled(scores: np.ndarray, rows: np.ndarray, k: int, reachable: int) -> np.ndarray:
    """Queries whose k best are not sure from (q, m) candidates, best first: too few, or tied at the cut."""
    last, fetched = min(k, reachable) - 1, rows.shape[1]
    short = rows[:, min(last, fetched - 1)] < 0
    if fetched < reachable:
        short |= scores[:, last] <= scores[:, -1] + TIED
    return np.flatnonzero(short)


def ordered(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k of each line by score at six decimals, then by row; padded with -1 and -inf."""
    if len(scores) == 1:  # one query is the service's case: plain indexing is three times as fast
        order = np.lexsort((rows[0], -np.round(scores[0], DECIMALS)))[:k]
        best_scores, best_rows = scores[:, order].astype(np.float32, copy=False), rows[:, order]
    else:
        order = np.lexsort((rows, -np.round(scores, DECIMALS)), axis=1)[:, :k]
        best_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
        best_rows = np.take_along_axis(rows, order, axis=1)
    return padded(best_scores, best_rows, k)


def padded(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k of each line, filled up with -1 and -inf."""
    missing = k - rows.shape[1]
    if missing <= 0:
        return scores[:, :k], rows[:, :k]
    return (
        np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf),
        np.pad(rows, ((0, 0), (0, missing)), constant_values=-1),
    )


def renumber(result: tuple[np.ndarray, np.ndarray], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows found within a gathered part, as rows of the whole; `rows` ascends, so ties keep their order."""
    scores, found = result
    if len(rows) == 0:
        return scores, found
    return scores, np.where(found >= 0, rows[np.maximum(found, 0)], -1)
