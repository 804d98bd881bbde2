"""The listings that say most nearly the same, among those with a price."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

__all__ = ["Near", "nearest", "normalised"]

MOST = 30
BLOCK = 500


@dataclass(frozen=True)
class Near:
    """Of m listings the nearest of others, the nearest first.

    Attributes:
        places: (m, k) rows of the others.
        likeness: (m, k) cosine; 0 where nothing is shared.
    """

    places: np.ndarray
    likeness: np.ndarray

    def median(self, values: np.ndarray, most: int) -> np.ndarray:
        """(m,) of the nearest."""
        return np.asarray(np.median(values[self.places[:, :most]], axis=1))

    def mean(self, values: np.ndarray, most: int) -> np.ndarray:
        """(m,) of the nearest, by their squared likeness."""
        weight = np.square(np.maximum(self.likeness[:, :most], 1e-3))
        return np.asarray((weight * values[self.places[:, :most]]).sum(axis=1) / weight.sum(axis=1))

    def deviation(self, values: np.ndarray, most: int) -> np.ndarray:
        """(m,) how far the nearest lie from one another."""
        mean = self.mean(values, most)
        return np.sqrt(np.maximum(self.mean(np.square(values), most) - np.square(mean), 0.0))


def normalised(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of unit length."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(length, 1e-12)).dot(rows).tocsr()


def nearest(
    rows: sparse.csr_matrix,
    others: sparse.csr_matrix,
    groups: np.ndarray | None = None,
    other_groups: np.ndarray | None = None,
) -> Near:
    """The 30 nearest of the others, by cosine; equal ones in their order.

    Args:
        rows, others: (m, d) and (n, d) of unit length.
        groups, other_groups: listings of one group are not near one another.
    """
    most = min(MOST, others.shape[0])
    places, likeness = [np.empty((0, most), np.int64)], [np.empty((0, most))]
    across = others.T.tocsr()
    for start in range(0, rows.shape[0], BLOCK):
        near = (rows[start : start + BLOCK] @ across).toarray()
        if groups is not None and other_groups is not None:
            near[groups[start : start + BLOCK, None] == other_groups[None, :]] = -1.0
        order = np.argsort(-near, axis=1, kind="stable")[:, :most]
        places.append(order)
        likeness.append(np.maximum(np.take_along_axis(near, order, axis=1), 0.0))
    return Near(np.concatenate(places), np.concatenate(likeness))
