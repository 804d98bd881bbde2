"""Which products are looked at for a shopper, and how strongly each way speaks for them.

All that the shopper bought before, and of the rest the best by each way:

    taste        shoppers of like recent orders, by the fifth power of the likeness (UP-CF, Faggioli et al.,
                 UMAP 2020)
    neighbours   what the 200 shoppers of likest purchases bought lately
    habits       what those shoppers buy at all
    baskets      what shares orders with what the shopper bought
    shoppers     what is bought by the same shoppers
    likeness     what is near, by product vector, to the shopper's last five orders
    popular      what most shoppers bought in the last 28 days
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from insights.recommendation.history import Histories
from insights.recommendation.knowledge import Knowledge

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["WAYS", "Candidates", "batches", "candidates", "way_scores"]

WAYS = {"taste": 60, "neighbours": 60, "habits": 40, "baskets": 60, "shoppers": 40, "likeness": 40}
"""Way to how many of its best are looked at."""
POPULAR = 60
POWER, NEIGHBOURS = 5, 200
CELLS = 4_000_000
"""Shoppers by products that are scored at once."""


@dataclass(frozen=True)
class Candidates:
    """Products looked at for some shoppers, by shopper and then by product.

    Attributes:
        shopper: (c,) row in the histories.
        product: (c,) row.
        pair: (c,) the pair's place in the histories; -1 where the shopper never bought it.
        scores: way to (c,) how strongly it speaks for the product.
    """

    shopper: np.ndarray
    product: np.ndarray
    pair: np.ndarray
    scores: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.product)

    def take(self, chosen: np.ndarray) -> "Candidates":
        """Some of them."""
        scores = {name: values[chosen] for name, values in self.scores.items()}
        return Candidates(self.shopper[chosen], self.product[chosen], self.pair[chosen], scores)

    def best(self, score: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Places of the k best of each shopper, best first, ties by product, and the rank of each from 0."""
        order = np.lexsort((self.product, -score, self.shopper))
        shopper = self.shopper[order]
        rank = np.arange(len(order)) - np.searchsorted(shopper, shopper)
        return order[rank < k], rank[rank < k]


def batches(shoppers: int, products: int) -> Iterator[np.ndarray]:
    """Rows of shoppers, as many at once as CELLS allows."""
    at_once = max(1, min(512, CELLS // max(products, 1)))
    for begin in range(0, shoppers, at_once):
        yield np.arange(begin, min(begin + at_once, shoppers))


def candidates(of: Histories, known: Knowledge, own: np.ndarray | None = None) -> Candidates:
    """What is looked at for each shopper.

    Args:
        of: the shoppers' histories.
        own: (s,) who each is among the shoppers of `known`, so that none is a neighbour of itself; -1 for
            a stranger. None: all are strangers.
    """
    own = np.full(len(of), -1) if own is None else own
    parts = [
        _block(of.take(rows), known, own[rows], int(rows[0]), int(of.indptr[rows[0]]))
        for rows in batches(len(of), known.products)
    ]
    none = np.empty(0, np.int64)
    shopper, product, pair = (
        np.concatenate([none, *(getattr(part, name) for part in parts)])
        for name in ("shopper", "product", "pair")
    )
    scores = {name: np.concatenate([np.empty(0), *(part.scores[name] for part in parts)]) for name in WAYS}
    return Candidates(shopper, product, pair, scores)


def _block(of: Histories, known: Knowledge, own: np.ndarray, shopper: int, pair: int) -> Candidates:
    """Candidates of a few shoppers, the first of whom is `shopper` and whose first pair is `pair`."""
    scores = way_scores(of, known, own)
    pairs = np.full((len(of), known.products), -1, np.int64)
    pairs[of.owner, of.product] = np.arange(len(of.product))
    bought = pairs >= 0
    looked_at = bought.copy()
    for name, most in WAYS.items():
        fresh = np.where(bought, -np.inf, scores[name])
        k = min(most, known.products)
        best = np.argpartition(-fresh, k - 1, axis=1)[:, :k]
        np.put_along_axis(looked_at, best, True, axis=1)
    looked_at[:, known.popular[:POPULAR]] = True
    row, product = np.nonzero(looked_at)
    here = pairs[row, product]
    found = {name: values[row, product] for name, values in scores.items()}
    return Candidates(row + shopper, product, np.where(here < 0, -1, here + pair), found)


def way_scores(of: Histories, known: Knowledge, own: np.ndarray) -> dict[str, np.ndarray]:
    """Way to (shoppers, n) scores; arguments as `candidates` takes them."""
    others = known.neighbourhood
    by_recent, by_slow = others.turned
    recent, slow = of.matrix(of.recent), of.matrix(of.slow)
    itself = np.flatnonzero(np.isin(own, others.rows))
    at = np.searchsorted(others.rows, own[itself])
    shared = recent @ by_recent
    shared.data **= POWER
    taste, near = shared.toarray(), (slow @ by_slow).toarray()
    taste[itself, at] = near[itself, at] = 0
    for row in near:
        # Most of a row is zero, of which a partition of the whole would take its time.
        some = row[row > 0]
        if len(some) > NEIGHBOURS:
            row[row < np.partition(some, -NEIGHBOURS)[-NEIGHBOURS]] = 0
    weight = np.maximum(of.per_shopper(of.slow), 1e-12)[:, None]
    # The history's own length cancels where others are weighted by their likeness to it.
    mind = of.matrix(of.lately) @ known.vectors
    mind /= np.maximum(np.linalg.norm(mind, axis=1, keepdims=True), 1e-9)
    return {
        "taste": _mean(taste, others.recent),
        "neighbours": _mean(near, others.quick),
        "habits": _mean(near, others.slow_unit),
        "baskets": (slow @ known.baskets).toarray() / weight,
        "shoppers": (slow @ known.shoppers).toarray() / weight,
        "likeness": mind @ known.vectors.T,
    }


def _mean(weights: np.ndarray, rows: "csr_matrix") -> np.ndarray:
    """(b, n) means of rows (u, n), weighted by (b, u); zeros where nothing weighs."""
    return np.asarray(weights @ rows) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
