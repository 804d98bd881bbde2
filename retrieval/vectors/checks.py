"""What an index is given, checked: vectors, queries, and rows that may be found."""

import math

import numpy as np

from shelfspace.errors import InputError

__all__ = ["as_vectors", "checked_queries", "checked_rows"]


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
