"""What is known of products and of other shoppers at a moment; nothing later is read."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from catalog.copurchases import Baskets, copurchases
from insights.recommendation.history import Histories, Purchases, histories
from shelfspace.settings import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Knowledge", "Neighbourhood", "Past", "learn", "neighbourhood"]

NEAR = Graph(neighbours=100, max_basket=1_000)
"""How co-purchases are counted: a hundred companions of each product, also out of large orders."""
PRIOR = 5
"""Shoppers whose word the average of all products has in the figures of one."""
DEFAULT_INTERVAL = 30.0
"""Days between two purchases of a product where nobody has bought any twice."""
KEPT = 200_000
"""Products times moments whose knowledge is kept, so that memory has a bound; more is learned again."""
MOST_SHOPPERS = 20_000
"""Shoppers that are looked at as neighbours: those who ordered last."""


@dataclass(frozen=True)
class Neighbourhood:
    """Other shoppers' profiles, in the order of `rows`.

    Attributes:
        rows: (u,) the shoppers, by their number in the histories.
        recent: (u, n) share of the latest 25 orders that hold a product; `recent_unit` of length 1.
        slow_unit: (u, n) purchases halved every 90 days, of length 1.
        quick: (u, n) purchases halved every 20 days.
    """

    rows: np.ndarray
    recent: "csr_matrix"
    recent_unit: "csr_matrix"
    slow_unit: "csr_matrix"
    quick: "csr_matrix"

    @cached_property
    def turned(self) -> "tuple[csr_matrix, csr_matrix]":
        """(n, u) `recent_unit` and `slow_unit` by product, so that a short history meets few rows."""
        return self.recent_unit.T.tocsr(), self.slow_unit.T.tocsr()


@dataclass(frozen=True)
class Knowledge:
    """Figures of n products, and the shoppers, at a moment.

    Attributes:
        moment: days since 1970.
        histories: of all shoppers.
        interval: (n,) usual days between two purchases by one shopper.
        repeat: (n,) share of its buyers who bought it again.
        buyers: (n,) shoppers who ever bought it.
        lines: (n,) orders that hold it.
        age, seen: (n,) days since it was first and last bought; -1 where it never was.
        fresh: (n,) shoppers who bought it for the first time in the last 28 days.
        week, fortnight, month, quarter, month_before: (n,) shoppers who bought it in the last 7, 14, 28 and
            90 days, and in the 28 days before the last 28.
        log_price: (n,) NaN where unknown or zero.
        pieces: (n,) mean logarithm of the pieces that a shopper buys; NaN where unknown.
        vectors: (n, d) float32 of length 1, or of length 0 for a product without one.
        baskets, shoppers: (n, n) co-purchases within an order and by a shopper.
    """

    moment: float
    histories: Histories
    interval: np.ndarray
    repeat: np.ndarray
    buyers: np.ndarray
    lines: np.ndarray
    age: np.ndarray
    seen: np.ndarray
    fresh: np.ndarray
    week: np.ndarray
    fortnight: np.ndarray
    month: np.ndarray
    quarter: np.ndarray
    month_before: np.ndarray
    log_price: np.ndarray
    pieces: np.ndarray
    vectors: np.ndarray
    baskets: "csr_matrix"
    shoppers: "csr_matrix"

    def together(self, product: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of a product's co-purchases within orders, and how strong each is."""
        own = slice(self.baskets.indptr[product], self.baskets.indptr[product + 1])
        return self.baskets.indices[own], self.baskets.data[own]

    @property
    def products(self) -> int:
        return len(self.interval)

    @cached_property
    def popular(self) -> np.ndarray:
        """(n,) all products, what most shoppers bought in 28 days first; ties by 90 days, then by all."""
        return np.lexsort((-self.lines, -self.quarter, -self.month))

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        return neighbourhood(self.histories)


def learn(purchases: Purchases, moment: float, vectors: np.ndarray, prices: np.ndarray) -> Knowledge:
    """What is known from the purchases before a moment.

    Args:
        vectors: (n, d) float32 of length 1, zeros for a product without one.
        prices: (n,) NaN or 0 where unknown.
    """
    known = purchases.before(moment)
    at = histories(known, moment)
    n = purchases.products

    def per_product(values: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(at.product, values, minlength=n).astype(np.float64)

    def sold(begin: float, end: float = 0.0) -> np.ndarray:
        lines = known.between(moment - begin, moment - end)
        pairs = np.unique(lines.shopper * max(n, 1) + lines.product)
        return np.bincount(pairs % max(n, 1), minlength=n).astype(np.float64)

    again = at.count > 1
    gap = np.where(again, (at.first - at.last) / np.maximum(at.count - 1, 1), 0.0)
    again_by, gaps, buyers = per_product(again), per_product(gap), per_product()
    usual = gaps.sum() / again_by.sum() if again.any() else DEFAULT_INTERVAL
    share = again.mean() if len(again) else 0.0
    age = np.full(n, -1.0)
    np.maximum.at(age, at.product, at.first)
    seen = np.where(buyers > 0, np.inf, -1.0)
    np.minimum.at(seen, at.product, at.last)
    told = np.isfinite(at.pieces)
    with np.errstate(divide="ignore", invalid="ignore"):
        pieces = per_product(np.where(told, at.pieces, 0.0) * at.count) / per_product(told * at.count)
        log_price = np.where(prices > 0, np.log(prices), np.nan)
    return Knowledge(
        moment=moment,
        histories=at,
        interval=np.maximum((gaps + PRIOR * usual) / (again_by + PRIOR), 1.0),
        repeat=(again_by + PRIOR * share) / (buyers + PRIOR),
        buyers=buyers,
        lines=per_product(at.count),
        age=age,
        seen=seen,
        fresh=per_product(at.first < 28),
        week=sold(7),
        fortnight=sold(14),
        month=sold(28),
        quarter=sold(90),
        month_before=sold(56, 28),
        log_price=log_price,
        pieces=pieces,
        vectors=vectors,
        baskets=_together(known.order, known.product, n),
        shoppers=_together(at.owner, at.product, n),
    )


class Past:
    """What was known at any moment, each learned once though several judge and learn from it.

    Args:
        vectors, prices: of `learn`; what prices were then is not known, and not learned from.
    """

    def __init__(self, purchases: Purchases, vectors: np.ndarray, prices: np.ndarray) -> None:
        self.purchases = purchases
        self._vectors, self._prices = vectors, prices
        self._known: dict[float, Knowledge] = {}

    def at(self, moment: float) -> Knowledge:
        """What was known at a moment, days since 1970."""
        if moment in self._known:
            return self._known[moment]
        known = learn(self.purchases, moment, self._vectors, self._prices)
        if (len(self._known) + 1) * known.products <= KEPT:
            self._known[moment] = known
        return known


def _together(basket: np.ndarray, product: np.ndarray, n: int) -> "csr_matrix":
    """(n, n) shrunk cosines of what shares baskets (`catalog.copurchases`)."""
    names, number = np.unique(basket, return_inverse=True)
    untimed = np.zeros(len(names), "datetime64[ns]")
    return copurchases(Baskets(number.astype(np.int64), product, untimed, n), NEAR).weights


def neighbourhood(of: Histories) -> Neighbourhood:
    """The profiles of the shoppers who ordered last."""
    rows = np.flatnonzero(of.orders > 0)
    rows = np.sort(rows[np.argsort(of.last_order[rows], kind="stable")[:MOST_SHOPPERS]])
    chosen = of.take(rows)
    recent, slow = chosen.matrix(chosen.recent), chosen.matrix(chosen.slow)
    return Neighbourhood(rows, recent, _unit(recent), _unit(slow), chosen.matrix(chosen.quick))


def _unit(rows: "csr_matrix") -> "csr_matrix":
    """Rows of length 1; an empty one stays."""
    from scipy.sparse import diags

    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return (diags(1 / np.maximum(length, 1e-12)) @ rows).tocsr()
