"""What a sale's price is beside the prices that the same product had before.

Which goods are sold changes from day to day, and with them prices; what one good costs hardly does. But one
good has several prices at once: by the piece and by the dozen, in one shop and in another. How much is sold
at which of them changes too, so a sale is held against every price of its product rather than against a mean
of them: what was paid for it before is no change.
"""

import numpy as np
import pandas as pd

__all__ = ["OWN_PRICE", "said_of_prices"]

OWN_PRICE = "price_of_same_product"
PAUSE, SPAN = 4, 8
"""Weeks between a sale and the weeks that its price is held against, and how many those are: a rise shows for
`PAUSE` weeks, and what a shop's prices do by themselves is the same in every week."""
SAME = np.log10(1.05)
"""Rounding and odd pennies are no change of a price."""


def said_of_prices(sales: pd.DataFrame, before: pd.DataFrame | None = None) -> pd.Series:
    """Each sale's price as higher, lower or as before: as one that its product was sold at in those weeks.

    Higher and lower are beside the median of the product's weekly medians.

    Args:
        sales: product_id, unit_price, time (UTC).
        before: sales that the prices of before are taken from; the same ones if not given.

    Returns:
        a text a row; None without a price, where the product was not sold in those weeks, or where those
        weeks are not all known: against fewer, the same price is a change more often.
    """
    priced, product = _priced(sales), sales["product_id"]
    known = (
        priced.assign(product=product)
        if before is None
        else _priced(before).assign(product=before["product_id"])
    )
    known = known.dropna()
    if not len(known):
        return pd.Series(None, sales.index, dtype=object)
    usual = _usual(known, product, priced["week"].to_numpy())
    usual[priced["week"].to_numpy() - (PAUSE + SPAN - 1) < known["week"].min()] = np.nan
    ratio = priced["price"].to_numpy() - usual
    words = np.select([_sold_at(known, product, priced), ratio > 0], ["as before", "higher"], "lower")
    return pd.Series(words, sales.index, dtype=object).where(~np.isnan(ratio), None)


def _priced(sales: pd.DataFrame) -> pd.DataFrame:
    """log10 of the price, NaN where it is none, and the number of the week."""
    price = sales["unit_price"].astype(float)
    week = sales["time"].dt.tz_convert(None).to_numpy().astype("datetime64[W]").astype(np.int64)
    return pd.DataFrame({"price": np.log10(price.where(price.gt(0))), "week": week}, sales.index)


def _usual(known: pd.DataFrame, product: pd.Series, week: np.ndarray) -> np.ndarray:
    """The median of the product's weekly medians in the weeks before; NaN where it was not sold in them."""
    weekly = known.groupby(["week", "product"], observed=True)["price"].median().unstack("product")
    weekly = weekly.reindex(range(weekly.index.min(), max(weekly.index.max(), int(week.max())) + 1))
    medians = weekly.rolling(SPAN, min_periods=1).median().shift(PAUSE)
    row, column = medians.index.get_indexer(pd.Index(week)), medians.columns.get_indexer(pd.Index(product))
    return np.where((row >= 0) & (column >= 0), medians.to_numpy()[row, column], np.nan)


def _sold_at(known: pd.DataFrame, product: pd.Series, priced: pd.DataFrame) -> np.ndarray:
    """Whether a price is within `SAME` of one that the product was sold at in one of the weeks before."""
    names = pd.Index(known["product"].unique())
    first, price = int(known["week"].min()), priced["price"].to_numpy()
    weeks = int(max(known["week"].max(), priced["week"].max())) - first + 1
    # One ascending key of product, week and price: a search finds the next price of that product and week.
    low = float(min(known["price"].min(), np.nanmin(price, initial=0.0))) - 1
    width = float(max(known["price"].max(), np.nanmax(price, initial=0.0))) - low + 1
    place = names.get_indexer(pd.Index(known["product"])) * weeks + known["week"].to_numpy() - first
    keys = np.unique(place * width + known["price"].to_numpy() - low)
    code, week = names.get_indexer(pd.Index(product)), priced["week"].to_numpy() - first
    found = np.zeros(len(price), bool)
    for back in range(PAUSE, PAUSE + SPAN):
        asked = (code * weeks + week - back) * width + price - low
        next_up = np.searchsorted(keys, asked - SAME)
        hit = keys[np.minimum(next_up, len(keys) - 1)]
        found |= (code >= 0) & (week >= back) & (next_up < len(keys)) & (hit <= asked + SAME)
    return found
