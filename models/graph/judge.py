"""How many of the products bought with one are found from that one: recall of next co-purchases."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from catalog.copurchases import Baskets

__all__ = ["Search", "basket_recall", "nearest", "recall"]

Search = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Exact search: vectors (n, d), queries (q, d), k to scores and rows (q, k), best first, -1 for none."""


def nearest(vectors: np.ndarray, rows: np.ndarray, k: int, search: Search) -> np.ndarray:
    """(q, k) rows of the products whose unit vectors are nearest to those of `rows`, themselves aside.

    Padded with -1 where there are fewer.
    """
    _, found = search(vectors, vectors[rows], k + 1)
    others = found != rows[:, None]
    # Where an equal vector pushed the product out of its own list, the last one goes instead.
    others[others.all(axis=1), -1] = False
    return found[others].reshape(len(rows), k)


def recall(
    found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int, wanted: np.ndarray | None = None
) -> np.ndarray:
    """Recall of each of q products: NaN where no later basket asks it.

    In each basket that holds the product, the share of the basket's other products that were found;
    mean over its baskets. So a much bought product counts no more than another.

    Args:
        found: (q, k) rows found from each product, -1 where there are none.
        rows: (q,) the products.
        later: baskets that nothing was learned from.
        largest: baskets of more distinct products ask nothing.
        wanted: (n,) bool, products that are to be found; None: all.
    """
    total, asked = np.zeros(len(rows)), np.zeros(len(rows))
    for _, askers, shares in _asked(found, rows, later, largest, wanted):
        total[askers] += shares
        asked[askers] += 1
    return np.divide(total, asked, out=np.full(len(rows), np.nan), where=asked > 0)


def basket_recall(found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int) -> np.ndarray:
    """Recall of each of b baskets, the mean over its products that ask: NaN where none does.

    Products of one basket share its luck, baskets do not: of these an interval may be taken. The arguments
    are those of `recall`.
    """
    values = np.full(len(later), np.nan)
    for basket, _, shares in _asked(found, rows, later, largest, None):
        values[basket] = shares.mean()
    return values


def _asked(
    found: np.ndarray, rows: np.ndarray, later: Baskets, largest: int, wanted: np.ndarray | None
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of each basket that asks: its number, the places in `rows` that ask, and the share found from each."""
    wanted = np.ones(later.products, dtype=bool) if wanted is None else wanted
    place = np.full(later.products, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    # The last place stands for -1, which is in no basket.
    held = np.zeros(later.products + 1, dtype=bool)
    ends = np.searchsorted(later.basket, np.arange(len(later) + 1))
    for basket, (start, end) in enumerate(itertools.pairwise(ends)):
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
        yield basket, place[askers], hits / others
