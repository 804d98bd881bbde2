"""Where a product's price stands among those of its nearest competitors."""

import numpy as np
import pandas as pd

__all__ = ["ENOUGH", "price_positions"]

ENOUGH = 5
"""Priced competitors, fewer of which say nothing."""
NEAR = 0.4
"""Cosine from which on a product competes with another."""


def price_positions(
    products: pd.DataFrame, neighbours: np.ndarray, cosine: np.ndarray, most: int
) -> pd.DataFrame:
    """Place each product's price among the nearest products that are no variants of it.

    Args:
        products: n rows with price (NaN where unknown), currency and group_id.
        neighbours: (n, m) rows of the nearest products, nearest first, itself allowed; -1 where none.
        cosine: (n, m) of each.
        most: competitors compared with.

    Returns:
        n rows of competitors (priced, near enough, in the same currency), median_price of them, against
        (price over the median, minus 1), cheaper (share of them that cost less) and price_note ("" or why
        not); figures are NaN where there is a note.
    """
    price = products["price"].to_numpy(np.float64)
    group = products["group_id"].fillna("").to_numpy(dtype=object)
    currency = products["currency"].fillna("").to_numpy(dtype=object)
    rows = np.arange(len(products))[:, None]
    other = np.where(neighbours < 0, 0, neighbours)
    variant = (group[other] == group[rows]) & (group[other] != "")
    usable = (neighbours >= 0) & (other != rows) & ~variant & (cosine >= NEAR)
    usable &= np.isfinite(price[other]) & (price[other] > 0) & (currency[other] == currency[rows])
    usable &= np.cumsum(usable, axis=1) <= most
    count = usable.sum(axis=1)
    told = (count >= ENOUGH) & (price > 0)
    beside = np.where(usable, price[other], np.nan)
    median = np.full(len(products), np.nan)
    median[told] = np.nanmedian(beside[told], axis=1)
    cheaper = np.full(len(products), np.nan)
    cheaper[told] = (beside[told] < price[told, None]).sum(axis=1) / count[told]
    few = [f"not enough evidence: {n} priced products near it, {ENOUGH} are needed" for n in count]
    note = np.where(told, "", np.where(price > 0, few, "no price"))
    return pd.DataFrame(
        {
            "competitors": count,
            "median_price": median.round(2),
            "against": (price / median - 1).round(4),
            "cheaper": cheaper.round(3),
            "price_note": note,
        }
    )
