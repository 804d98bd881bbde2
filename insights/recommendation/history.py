"""What each shopper bought, and the figures of every (shopper, product) pair at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shelfspace.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["DAY", "KINDS", "Histories", "Purchases", "days_of", "histories", "read_purchases"]

DAY = 86_400.0
"""Seconds."""
SLOW, QUICK = 90.0, 20.0
"""Half-lives, in days, of the two decayed counts."""
RECENT, LAST = 25, 5
"""Orders of a shopper's recent profile, and of what is lately on the mind."""
KINDS = ("purchase", "cart", "view")
"""What counts as buying: the first of which there is any."""
COLUMNS = ("user_id", "product_id", "event", "time", "order_id")


@dataclass(frozen=True)
class Purchases:
    """Lines, each a product in an order, distinct, by shopper and then by time.

    Attributes:
        shoppers: (s,) identifiers, ascending.
        shopper, product, order: (m,) int64 rows; an order is one shopper's.
        day: (m,) float64 days since 1970, UTC.
        pieces: (m,) float64 natural logarithm of how many; NaN where it is not told.
        products: number of products, bought or not.
    """

    shoppers: np.ndarray
    shopper: np.ndarray
    product: np.ndarray
    order: np.ndarray
    day: np.ndarray
    pieces: np.ndarray
    products: int

    def __len__(self) -> int:
        return len(self.product)

    def take(self, lines: np.ndarray) -> "Purchases":
        """The lines of a mask or of places; the shoppers stay, some without a line."""
        return replace(
            self,
            shopper=self.shopper[lines],
            product=self.product[lines],
            order=self.order[lines],
            day=self.day[lines],
            pieces=self.pieces[lines],
        )

    def before(self, day: float) -> "Purchases":
        """What was bought before a moment."""
        return self.take(self.day < day)

    def between(self, begin: float, end: float) -> "Purchases":
        """What was bought from `begin` on and before `end`."""
        return self.take((self.day >= begin) & (self.day < end))


def days_of(times: pd.Series) -> np.ndarray:
    """(n,) float64 days since 1970 of times with a zone, or of naive ones, which count as UTC."""
    moments = pd.to_datetime(times, utc=True).dt.tz_convert(None).to_numpy().astype("datetime64[ms]")
    return moments.astype(np.int64) / (DAY * 1000)


def read_purchases(events: pd.DataFrame, product_ids: Sequence[str], kind: str = "purchase") -> Purchases:
    """The purchases in a table of events (`catalog.contract.EVENT_COLUMNS`); other kinds are not read.

    Purchases without an order number are one order a shopper and day. A product that stands twice in an
    order is one line, at its first time. Prices are not read: one of zero is a purchase like others.

    Args:
        product_ids: distinct identifiers, in row order; events of other products are not read.
        kind: what counts as a purchase.

    Raises:
        InputError: a column is missing.
    """
    for column in COLUMNS:
        if column not in events:
            raise InputError("events", list(events.columns), f"give a table with the column {column}")
    rows = pd.Index(product_ids).get_indexer(pd.Index(events["product_id"]))
    kept = events["event"].eq(kind).to_numpy() & (rows >= 0)
    bought, product = events.loc[kept], rows[kept].astype(np.int64)
    day = days_of(bought["time"])
    shopper, shoppers = pd.factorize(bought["user_id"].astype(str).to_numpy(dtype=object), sort=True)
    number = bought["order_id"].fillna("").astype(str).to_numpy(dtype=object)
    number = np.where(number == "", np.floor(day).astype(np.int64).astype(str).astype(object), number)
    numbers, names = pd.factorize(number, sort=True)
    _, order = np.unique(shopper * max(len(names), 1) + numbers, return_inverse=True)
    pieces = np.full(len(bought), np.nan)
    if "quantity" in bought:
        pieces = np.log(np.maximum(bought["quantity"].to_numpy(np.float64), 1))
    # Of a product that stands twice in an order the first stays.
    first = np.lexsort((day, product, order))
    same = (np.diff(order[first], prepend=-1) == 0) & (np.diff(product[first], prepend=-1) == 0)
    kept_lines = first[~same]
    by_time = kept_lines[np.lexsort((product[kept_lines], day[kept_lines], shopper[kept_lines]))]
    people = np.asarray(shoppers, dtype=object)
    every = Purchases(people, shopper.astype(np.int64), product, order, day, pieces, len(product_ids))
    return every.take(by_time)


@dataclass(frozen=True)
class Histories:
    """Shoppers' figures at a moment; the pairs of shopper s are `indptr[s]:indptr[s + 1]`, by product.

    Attributes:
        products: number of products.
        indptr: (s + 1,) int64.
        product: (p,) int64 row of the product.
        count: (p,) orders that hold it.
        last, first: (p,) days since its latest and its first purchase.
        slow, quick: (p,) its purchases, each halved every 90 or 20 days.
        recent: (p,) share of the shopper's latest 25 orders that hold it.
        lately: (p,) of the latest 5 orders, how many hold it.
        skipped, since: (p,) orders made after the latest one that holds it, and from the first one on.
        pieces, pieces_last: (p,) logarithm of how many were bought, its mean and the latest; NaN if unknown.
        orders: (s,) how many a shopper made; 0 where none.
        last_order, first_order: (s,) days since; NaN where none.
    """

    products: int
    indptr: np.ndarray
    product: np.ndarray
    count: np.ndarray
    last: np.ndarray
    first: np.ndarray
    slow: np.ndarray
    quick: np.ndarray
    recent: np.ndarray
    lately: np.ndarray
    skipped: np.ndarray
    since: np.ndarray
    pieces: np.ndarray
    pieces_last: np.ndarray
    orders: np.ndarray
    last_order: np.ndarray
    first_order: np.ndarray

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def distinct(self) -> np.ndarray:
        """(s,) how many products each shopper bought."""
        return np.diff(self.indptr)

    @property
    def owner(self) -> np.ndarray:
        """(p,) row of the shopper of each pair."""
        return np.repeat(np.arange(len(self)), self.distinct)

    def per_shopper(self, values: np.ndarray) -> np.ndarray:
        """(s,) sums over each shopper's pairs."""
        return np.bincount(self.owner, values, minlength=len(self))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """(s,) means over each shopper's pairs, each as often as it was bought; NaN where all are NaN."""
        told = np.isfinite(values)
        weight = self.per_shopper(told * self.count)
        total = self.per_shopper(np.where(told, values, 0.0) * self.count)
        return np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan)

    def matrix(self, values: np.ndarray) -> "csr_matrix":
        """(s, products) of one figure of the pairs, zeros taken out."""
        from scipy.sparse import csr_matrix

        made = csr_matrix((values, self.product, self.indptr), shape=(len(self), self.products), copy=True)
        made.eliminate_zeros()
        return made

    def take(self, shoppers: np.ndarray) -> "Histories":
        """Those of some shoppers, in the order given."""
        sizes = self.distinct[shoppers]
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        pairs = np.repeat(self.indptr[shoppers] - indptr[:-1], sizes) + np.arange(indptr[-1])
        of_pairs = (self.product, self.count, self.last, self.first, self.slow, self.quick, self.recent)
        by_orders = (self.lately, self.skipped, self.since, self.pieces, self.pieces_last)
        of_shoppers = (self.orders, self.last_order, self.first_order)
        return Histories(
            self.products,
            indptr,
            *(part[pairs] for part in (*of_pairs, *by_orders)),
            *(part[shoppers] for part in of_shoppers),
        )


def histories(purchases: Purchases, moment: float) -> Histories:
    """The figures of all shoppers at a moment, from purchases before it; later ones count as of today.

    Args:
        moment: days since 1970.
    """
    ago = np.maximum(moment - purchases.day, 0.0)
    shoppers, products = len(purchases.shoppers), purchases.products
    # Orders, the newest of each shopper first; an order is as old as its latest line.
    order, place = np.unique(purchases.order, return_inverse=True)
    made = np.full(len(order), np.inf)
    np.minimum.at(made, place, ago)
    buyer = np.zeros(len(order), np.int64)
    buyer[place] = purchases.shopper
    orders = np.bincount(buyer, minlength=shoppers)
    newest = np.lexsort((made, buyer))
    rank = np.empty(len(order), np.int64)
    rank[newest] = np.arange(len(order)) - np.repeat(np.cumsum(orders) - orders, orders)
    last_order, first_order = np.full(shoppers, np.inf), np.full(shoppers, -np.inf)
    np.minimum.at(last_order, buyer, made)
    np.maximum.at(first_order, buyer, made)
    # Pairs: lines of one shopper and product.
    pair, at = np.unique(purchases.shopper * max(products, 1) + purchases.product, return_inverse=True)
    owner, product = np.divmod(pair, max(products, 1))
    line_rank = rank[place]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(at, values, minlength=len(pair))

    last, first = np.full(len(pair), np.inf), np.full(len(pair), -np.inf)
    np.minimum.at(last, at, ago)
    np.maximum.at(first, at, ago)
    told = np.isfinite(purchases.pieces)
    lines = total(told)
    pieces = total(np.where(told, purchases.pieces, 0.0)) / np.where(lines > 0, lines, np.nan)
    # Lines stand by time within a shopper: of equal places the last one written stays.
    pieces_last = np.full(len(pair), np.nan)
    pieces_last[at] = purchases.pieces
    skipped, since = np.full(len(pair), len(order)), np.zeros(len(pair), np.int64)
    np.minimum.at(skipped, at, line_rank)
    np.maximum.at(since, at, line_rank + 1)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=shoppers))]).astype(np.int64)
    return Histories(
        products=products,
        indptr=indptr,
        product=product,
        count=total(np.ones(len(at))),
        last=last,
        first=first,
        slow=total(0.5 ** (ago / SLOW)),
        quick=total(0.5 ** (ago / QUICK)),
        recent=total(line_rank < RECENT) / np.maximum(np.minimum(orders, RECENT), 1)[owner],
        lately=total(line_rank < LAST),
        skipped=skipped,
        since=since,
        pieces=pieces,
        pieces_last=pieces_last,
        orders=orders,
        last_order=np.where(orders > 0, last_order, np.nan),
        first_order=np.where(orders > 0, first_order, np.nan),
    )
