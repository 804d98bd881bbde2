"""Which products are bought together: a weighted graph from the purchases before a moment.

Item-to-item cosine over baskets, shrunk towards zero where few baskets speak (Sarwar et al., WWW
2001; the shrinkage as in Koren, KDD 2008), and the strongest neighbours of each product kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shelfspace.errors import InputError
from shelfspace.settings import Graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Baskets", "CoPurchases", "copurchases", "read_baskets", "split_by_time"]

BLOCK_CELLS = 2_000_000
"""Pair counts held at once: the product of two blocks' rows and all products, in cells."""


@dataclass(frozen=True)
class Baskets:
    """What was bought together, one row a product in a basket; rows are distinct.

    Attributes:
        basket: (m,) int64 basket numbers from 0, in the order of their times.
        product: (m,) int64 rows of the products they hold.
        times: (b,) datetime64[ns] UTC, a basket's first purchase; ascending.
        products: number of products, bought or not.
    """

    basket: np.ndarray
    product: np.ndarray
    times: np.ndarray
    products: int

    def __len__(self) -> int:
        return len(self.times)

    def take(self, chosen: np.ndarray) -> "Baskets":
        """The baskets of a (b,) bool mask, numbered anew."""
        rows = chosen[self.basket]
        number = np.cumsum(chosen) - 1
        return Baskets(number[self.basket[rows]], self.product[rows], self.times[chosen], self.products)

    def without(self, product: np.ndarray) -> "Baskets":
        """The same baskets with every row of some products taken out, as if nobody had bought them."""
        rows = ~np.isin(self.product, product)
        return Baskets(self.basket[rows], self.product[rows], self.times, self.products)

    def incidence(self) -> "csr_matrix":
        """(baskets, products) float32, 1 where a basket holds a product."""
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.basket), dtype=np.float32)
        return csr_matrix((ones, (self.basket, self.product)), shape=(len(self), self.products))


@dataclass(frozen=True)
class CoPurchases:
    """The graph over n products, undirected.

    Attributes:
        weights: (n, n) float32 CSR, symmetric, no diagonal; shrunk cosine, above 0.
        baskets: baskets it was counted from.
        oversized: baskets left out because they hold more than `graph.max_basket` products.
    """

    weights: "csr_matrix"
    baskets: int
    oversized: int

    @property
    def edges(self) -> int:
        """Pairs of neighbours."""
        return int(self.weights.nnz // 2)

    @property
    def connected(self) -> np.ndarray:
        """(n,) bool: products with at least one neighbour."""
        return np.diff(self.weights.indptr) > 0


def read_baskets(
    events: pd.DataFrame, product_ids: Sequence[str], settings: Graph, before: pd.Timestamp | None = None
) -> Baskets:
    """Baskets of the purchases before a moment.

    A basket is an order; purchases without an order number are one basket a shopper and day. With
    `graph.together: shopper`, all that a shopper bought is one basket.

    Args:
        events: clean events (`catalog.contract.EVENT_COLUMNS`); views and carts are not read.
        product_ids: n distinct identifiers, in row order; events of other products are not read.
        before: purchases at or after it are not read; None reads all.

    Raises:
        InputError: a column is missing.
    """
    for column in ("user_id", "product_id", "event", "time", "order_id"):
        if column not in events:
            raise InputError("events", list(events.columns), f"give a table with the column {column}")
    bought = events["event"].eq("purchase")
    if before is not None:
        bought &= events["time"].lt(before)
    rows = pd.Index(product_ids).get_indexer(pd.Index(events["product_id"]))
    kept = events.loc[bought & (rows >= 0)]
    time = pd.to_datetime(kept["time"], utc=True)
    key = kept["user_id"].astype(str)
    if settings.together == "basket":
        order = kept["order_id"].fillna("").astype(str)
        key = key + "\n" + order.where(order != "", time.dt.strftime("%Y-%m-%d"))
    table = pd.DataFrame({"key": key.to_numpy(), "product": rows[bought & (rows >= 0)], "time": time.array})
    starts = table.groupby("key", sort=True)["time"].min().sort_values(kind="stable")
    number = pd.Series(np.arange(len(starts)), index=starts.index)
    pairs = pd.DataFrame({"basket": table["key"].map(number).astype("int64"), "product": table["product"]})
    pairs = pairs.drop_duplicates().sort_values(["basket", "product"])
    moments = starts.dt.tz_convert(None).to_numpy().astype("datetime64[ns]")
    return Baskets(
        pairs["basket"].to_numpy(), pairs["product"].to_numpy(dtype=np.int64), moments, len(product_ids)
    )


def split_by_time(baskets: Baskets, share: float) -> tuple[Baskets, Baskets]:
    """The earlier baskets and the latest `share` of them; baskets of one moment stay together."""
    if len(baskets) == 0:
        return baskets, baskets
    cut = baskets.times[min(int(len(baskets) * (1 - share)), len(baskets) - 1)]
    return baskets.take(baskets.times < cut), baskets.take(baskets.times >= cut)


def copurchases(baskets: Baskets, settings: Graph) -> CoPurchases:
    """The graph of what stands in the same baskets.

    A pair's weight is c / (sqrt(a b) + shrinkage): c counts the baskets that hold both, a and b
    those that hold each. A basket of s products counts 1 / log2(s) instead of 1, for a trolley of a
    hundred says little of any one pair; one above `graph.max_basket` is left out. Each product
    names its `graph.neighbours` strongest, and a pair is kept when either names the other.

    Memory: counts are made in blocks of products, so at most BLOCK_CELLS of them are held.
    """
    from scipy.sparse import csr_matrix, diags, vstack

    sizes = np.bincount(baskets.basket, minlength=len(baskets))
    usable = (sizes >= 2) & (sizes <= settings.max_basket)
    held = baskets.take(usable).incidence()
    n = baskets.products
    scale = 1 / np.log2(np.maximum(sizes[usable], 2))
    weighted = (diags(scale.astype(np.float32)) @ held).tocsc()
    norm = np.sqrt(np.asarray(weighted.sum(axis=0)).ravel())
    rows_at_once = max(1, BLOCK_CELLS // max(n, 1))
    parts = []
    for start in range(0, n, rows_at_once):
        block = slice(start, min(start + rows_at_once, n))
        counts = (weighted[:, block].T @ held).tocsr()
        parts.append(_strongest(counts, start, norm, settings))
    named = vstack(parts, format="csr") if parts else csr_matrix((n, n), dtype=np.float32)
    weights = named.maximum(named.T).tocsr()
    weights.sort_indices()
    return CoPurchases(weights, int(usable.sum()), int((sizes > settings.max_basket).sum()))


def _strongest(counts: "csr_matrix", start: int, norm: np.ndarray, settings: Graph) -> "csr_matrix":
    """Shrunk cosine of a block of rows, the strongest of each; ties go to the lower row."""
    from scipy.sparse import coo_matrix, csr_matrix

    table = coo_matrix(counts)
    own = table.row + start
    cosine = table.data / (norm[own] * norm[table.col] + settings.shrinkage)
    keep = (own != table.col) & (cosine > 0)
    row, column, cosine = table.row[keep], table.col[keep], cosine[keep].astype(np.float32)
    order = np.lexsort((column, -cosine, row))
    row, column, cosine = row[order], column[order], cosine[order]
    first = np.searchsorted(row, np.arange(counts.shape[0]))
    rank = np.arange(len(row)) - first[row]
    kept = rank < settings.neighbours
    return csr_matrix((cosine[kept], (row[kept], column[kept])), shape=counts.shape)
