"""What is known of the demand and stock of every product, and how much of it to keep."""

import numpy as np
import pandas as pd

from insights.demand.demand import ExpectedDemand
from insights.stock.policy import DAYS, allocate, order_quantity
from shelfspace.settings.insights import Demand

__all__ = ["COLUMNS", "LEAST_SALES", "borrowed_demand", "stock_plan", "unit_values"]

NEAREST = 10
NEAR = 0.5
"""Cosine from which on another product's demand says something of this one's."""
LEAST_SALES = 2
"""Weeks with a sale below which a product's own history says too little."""
COLUMNS = {
    "product_id": "object", "evidence": "object", "weekly_mean": "float64", "weekly_deviation": "float64",
    "on_hand": "float64", "lead_time_days": "float64", "lead_time_known": "bool",
    "order_up_to": "float64", "served": "float64", "order_quantity": "float64", "weeks_sold": "int64",
    "weeks_known": "int64",
}  # fmt: skip
"""Of the table that is kept, one row a product; everything that `insights.stock.advice` reads.
What pieces and orders cost the shop is not in it, for releases carry it."""


def stock_plan(
    products: pd.DataFrame,
    stock: pd.DataFrame,
    expected: ExpectedDemand,
    vectors: np.ndarray | None,
    settings: Demand,
) -> pd.DataFrame:
    """What `insights.stock.advice` needs to know of each product: COLUMNS, rows in the order of `products`.

    `evidence` says whose demand it is: `own sales`, `nearest products` where it sold in fewer than two weeks
    and something like it sells, else `none`, with a mean of NaN.

    Args:
        products: n rows with product_id and price, and cost where the catalogue has it.
        stock: product_id, on_hand, lead_time_days, and order_cost where the catalogue has it.
        vectors: (n, d) float32 of unit length of `products`, or None.
    """
    sales = expected.sales
    ids = products["product_id"]
    row = pd.Index(sales.product_ids).get_indexer(pd.Index(ids))
    own = row >= 0
    weeks_sold = np.where(own, _at((sales.units > 0).sum(axis=1), row), 0)
    weeks_known = np.where(own, _at(sales.known.sum(axis=1), row), 0)
    mean, variance = (
        np.where(own, _at(a, row), np.nan) for a in (expected.weekly_mean, expected.weekly_variance)
    )
    enough = own & (weeks_sold >= LEAST_SALES)
    evidence = np.where(enough, "own sales", "none").astype(object)
    mean, variance = np.where(enough, mean, np.nan), np.where(enough, variance, np.nan)
    if vectors is not None and enough.any() and not enough.all():
        lent_mean, lent_variance = borrowed_demand(vectors, mean, variance)
        lent = ~enough & np.isfinite(lent_mean)
        evidence[lent] = "nearest products"
        mean, variance = np.where(lent, lent_mean, mean), np.where(lent, lent_variance, variance)
    held = stock.drop_duplicates("product_id", keep="last").set_index("product_id").reindex(ids)
    lead = held["lead_time_days"].to_numpy(np.float64)
    known = lead > 0
    value = unit_values(products)
    order_cost = (
        held["order_cost"].to_numpy(np.float64) if "order_cost" in held else np.full(len(ids), np.nan)
    )
    lead = np.where(known, lead, settings.lead_time_days)
    weekly = np.nan_to_num(mean)
    kept = allocate(
        settings.service_level,
        weekly,
        weekly * (lead + settings.review_days) / DAYS,
        np.nan_to_num(variance) / np.maximum(weekly, 1e-12),
        value,
    )
    table = pd.DataFrame(
        {
            "product_id": ids.to_numpy(object),
            "evidence": evidence,
            "weekly_mean": mean,
            "weekly_deviation": np.sqrt(variance),
            "on_hand": held["on_hand"].to_numpy(np.float64),
            "lead_time_days": lead,
            "lead_time_known": known,
            "order_up_to": kept.order_up_to,
            "served": kept.served,
            "order_quantity": order_quantity(
                weekly, settings.review_days, order_cost, settings.holding_share / 52 * value
            ),
            "weeks_sold": weeks_sold,
            "weeks_known": weeks_known,
        }
    )
    return table.astype(COLUMNS)


def unit_values(products: pd.DataFrame) -> np.ndarray:
    """(n,) float64 what a piece in stock is worth: its cost, else its price; NaN where neither is known."""
    price = products["price"].to_numpy(np.float64)
    cost = products["cost"].to_numpy(np.float64) if "cost" in products else np.full(len(products), np.nan)
    return np.where(np.isfinite(cost), cost, price)


def _at(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Values of rows; of -1, which is no row, any."""
    return values[row] if len(values) else np.zeros(len(row))


def borrowed_demand(
    vectors: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) mean and variance of a week of products without their own (NaN), from the nearest that have one.

    Weighted by the cube of the cosine; how much the neighbours differ among themselves is part of the
    variance. A product whose nearest are further than a cosine of NEAR keeps NaN.
    """
    lenders = np.flatnonzero(np.isfinite(mean))
    borrowers = np.flatnonzero(~np.isfinite(mean))
    lent_mean, lent_variance = np.full(len(mean), np.nan), np.full(len(mean), np.nan)
    k = min(NEAREST, len(lenders))
    for start in range(0, len(borrowers), 1000):
        rows = borrowers[start : start + 1000]
        cosine = vectors[rows] @ vectors[lenders].T
        best = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(cosine, best, axis=1).astype(np.float64)
        weight = np.where(near >= NEAR, near, 0) ** 3
        total = weight.sum(axis=1)
        some = total > 0
        share = weight[some] / total[some, None]
        means, variances = mean[lenders][best[some]], variance[lenders][best[some]]
        expected = (share * means).sum(axis=1)
        lent_mean[rows[some]] = expected
        between = (share * (means - expected[:, None]) ** 2).sum(axis=1)
        lent_variance[rows[some]] = (share * variances).sum(axis=1) + between
    return lent_mean, lent_variance
