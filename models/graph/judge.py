"""How many of the products bought with one are found from that one: recall of next co-purchases."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from catalog.copurchases import Baskets

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["cold_recall", "nearest", "recall", "strongest"]


def nearest(vectors: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """(q, k) rows of the products whose unit vectors are nearest to those of `rows`, themselves aside.

    Padded with -1 where there are fewer.
    """
    from retrieval.vectors import search_rows

    _, found = search_rows(vectors, vectors[rows], k + 1)
    others = found != rows[:, None]
    # Where an equal vector pushed the product out of its own list, the last one goes instead.
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(rows), k)


def strongest(weights: "csr_matrix", rows: np.ndarray, k: int) -> np.ndarray:
    """(q, k) rows of the heaviest neighbours of `rows`; -1 where there are fewer, ties by row."""
    found = np.full((len(rows), k), -1, dtype=np.int64)
    for place, row in enumerate(rows):
        part = slice(weights.indptr[row], weights.indptr[row + 1])
        order = np.lexsort((weights.indices[part], -weights.data[part]))[:k]
        found[place, : len(order)] = weights.indices[part][order]
    return found


def recall(found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int) -> np.ndarray:
    """Recall of each of q products: NaN where no later basket asks it.

    In each basket that holds the product, the share of the basket's other products that were found;
    mean over its baskets. So a much bought product counts no more than another.

    Args:
        found: (q, k) rows found from each product, -1 where there are none.
        rows: (q,) the products.
        later: baskets that nothing was learned from.
        largest: baskets of more distinct products ask nothing.
    """
    return _recall(found, rows, later, largest, np.ones(later.products, dtype=bool))


def cold_recall(
    found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int, cold: np.ndarray
) -> np.ndarray:
    """`recall`, where only cold products (an (n,) bool mask) are to be found: do they turn up at all?"""
    return _recall(found, rows, later, largest, cold)


def _recall(
    found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int, wanted: np.ndarray
) -> np.ndarray:
    place = np.full(later.products, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    total, asked = np.zeros(len(rows)), np.zeros(len(rows))
    # The last place stands for -1, which is in no basket.
    held = np.zeros(later.products + 1, dtype=bool)
    ends = np.searchsorted(later.basket, np.arange(len(later) + 1))
    for start, end in itertools.pairwise(ends):
        products = later.product[start:end]
        targets = products[wanted[products]]
        askers = products[place[products] >= 0]
        others = len(targets) - wanted[askers].astype(np.int64)
        askers, others = askers[others > 0], others[others > 0]
        if len(products) > largest or len(askers) == 0:
            continue
        held[targets] = True
        hits = held[found[place[askers]]].sum(axis=1)
        held[targets] = False
        total[place[askers]] += hits / others
        asked[place[askers]] += 1
    return np.divide(total, asked, out=np.full(len(rows), np.nan), where=asked > 0)
