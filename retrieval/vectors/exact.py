"""Exact search, and what every search ends with: checked input, true scores, ties by row.

Scores that agree to six decimals count as tied, and ties stand by row, so equal input gives equal output.
"""

import math
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from shelfspace.errors import InputError
from shelfspace.files import write_json

__all__ = [
    "DECIMALS",
    "EXTRA",
    "TIED",
    "ExactIndex",
    "apart",
    "as_vectors",
    "checked_queries",
    "checked_rows",
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


class ExactIndex:
    """Scans all vectors; recall is 1 by construction.

    Args:
        vectors: (n, d) float32, kept by reference (a memory map stays one).
        note: what `describe` adds, such as why no approximate index is used.
    """

    def __init__(self, vectors: np.ndarray, note: dict[str, Any] | None = None) -> None:
        self.vectors = as_vectors(vectors)
        self.note = note or {}

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `RowIndex.search`."""
        asked = checked_queries(queries, self.vectors.shape[1], k)
        if allowed_rows is None:
            return search_rows(self.vectors, asked, k)
        rows = checked_rows(allowed_rows, len(self))
        return renumber(search_rows(self.vectors[rows], asked, k), rows)

    def save(self, folder: Path) -> None:
        write_json(folder / "index.json", self.describe())

    def describe(self) -> dict[str, Any]:
        n, d = self.vectors.shape
        return {"kind": "exact", "rows": n, "dim": d, "recall_at_10": 1.0, **self.note}


def as_vectors(vectors: np.ndarray) -> np.ndarray:
    """Check (n, d) float32, contiguous; a memory map is not copied."""
    if vectors.ndim != 2 or vectors.dtype != np.float32 or 0 in vectors.shape:
        raise InputError(
            "vectors", (vectors.shape, str(vectors.dtype)), "give a non-empty (n, d) float32 array"
        )
    return np.ascontiguousarray(vectors)


def checked_queries(queries: np.ndarray, dim: int, k: int) -> np.ndarray:
    """Queries as contiguous (q, dim) float32."""
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise InputError("queries", queries.shape, f"give an array of shape (q, {dim})")
    if k < 1:
        raise InputError("k", k, "ask for at least one result")
    asked = np.ascontiguousarray(queries, dtype=np.float32)
    flat = asked.ravel()
    # One pass by BLAS tells of almost every good input; where it does not, each number is looked at.
    if not math.isfinite(flat @ flat) and not np.isfinite(asked).all():
        raise InputError("queries", "nan or infinity", "give finite vectors")
    return asked


def checked_rows(allowed: np.ndarray, n: int) -> np.ndarray:
    """Ascending distinct row numbers of a mask or of row numbers."""
    given = np.asarray(allowed)
    if given.dtype == bool:
        if given.shape != (n,):
            raise InputError("allowed_rows", given.shape, f"give a mask of {n} rows")
        return np.flatnonzero(given)
    rows = given.astype(np.int64, copy=False)
    if not (rows[1:] > rows[:-1]).all():  # ascending rows, the usual case, need no sorting
        rows = np.unique(rows)
    if len(rows) and (rows[0] < 0 or rows[-1] >= n):
        raise InputError(
            "allowed_rows", int(rows[0] if rows[0] < 0 else rows[-1]), f"give rows from 0 to {n - 1}"
        )
    return rows


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
