"""What kernel ridge regression says of each row by a fit on the others.

The scores of left-out rows are exact and cost no further fit (Allen 1974; Rifkin & Lippert 2007). Where there
are more than MOST rows, that many learn, and the others are scored by them: no row is in the fit that judges
it, and time grows with the rows alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.linalg.lapack import dpotrf, dpotri

__all__ = ["MOST", "View", "left_out", "some_of"]

MOST = 2000
"""Rows that a fit learns from at most."""
PENALTIES = (0.3, 1.0, 3.0)
BLOCK = 4096

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class View:
    """One way to look at n products: likeness of any two of them.

    Attributes:
        rows: (n, d), each of unit length or zero; a table of terms (linear) or of vectors (Gaussian kernel).
        present: (n,) bool; what is absent is like nothing.
        beside: (n, e) vectors that stand in one row with the terms; None without.
    """

    rows: sparse.csr_matrix | np.ndarray
    present: np.ndarray
    beside: np.ndarray | None = None

    def __call__(self, some: np.ndarray, others: np.ndarray) -> np.ndarray:
        """(len(some), len(others)) float64."""
        if len(self.present) <= MOST:
            return np.asarray(self._whole[np.ix_(some, others)])
        return self._like(some, others)

    @cached_property
    def _whole(self) -> np.ndarray:
        every = np.arange(len(self.present))
        return self._like(every, every)

    def _like(self, some: np.ndarray, others: np.ndarray) -> np.ndarray:
        if not isinstance(self.rows, np.ndarray):
            terms = np.asarray((self.rows[some] @ self.rows[others].T).toarray(), dtype=np.float64)
            return terms if self.beside is None else terms + self.beside[some] @ self.beside[others].T
        cosine = self.rows[some].astype(np.float64) @ self.rows[others].T.astype(np.float64)
        both = self.present[some][:, None] & self.present[others][None, :]
        return np.where(both, np.exp(2 * cosine - 2), 0.0)


def some_of(rows: np.ndarray, most: int = MOST) -> np.ndarray:
    """At most so many of the rows, the same in each run, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).permutation(rows)[:most])


def left_out(
    kernel: Kernel, rows: np.ndarray, targets: np.ndarray, penalties: Sequence[float] = PENALTIES
) -> np.ndarray:
    """(n, k) float64 scores of the given rows, each by a fit without it; zero of the rows not given.

    Args:
        kernel: of row numbers and row numbers.
        rows: numbers of those that take part.
        targets: (n, k).
        penalties: of which the one with the least squared error of left-out rows is taken.
    """
    scores = np.zeros(targets.shape)
    if not len(rows):
        return scores
    learned = some_of(rows)
    own, wanted = kernel(learned, learned), targets[learned]
    best, dual = np.inf, wanted
    for penalty in penalties:
        inverse = _inverse(own + penalty * np.eye(len(learned)))
        weights = inverse @ wanted
        residual = weights / np.diag(inverse)[:, None]
        error = float((residual**2).mean())
        if error < best:
            best, dual = error, weights
            scores[learned] = wanted - residual
    others = np.setdiff1d(rows, learned, assume_unique=True)
    for start in range(0, len(others), BLOCK):
        here = others[start : start + BLOCK]
        scores[here] = kernel(here, learned) @ dual
    return scores


def _inverse(table: np.ndarray) -> np.ndarray:
    """Of a positive definite table, by Cholesky's factor."""
    factor, failed = dpotrf(table, lower=1)
    half, singular = dpotri(factor, lower=1)
    if failed or singular:
        raise np.linalg.LinAlgError("a kernel with a penalty is not positive definite")
    half[np.triu_indices(len(half), 1)] = half.T[np.triu_indices(len(half), 1)]
    return np.asarray(half)
