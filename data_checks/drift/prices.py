"""What a sale's price is beside the price that the same product had before.

Which goods are sold changes from day to day, and with them prices; what one good costs hardly does. Against
its own former price most lines of a real shop stand at exactly the same, so that a rise of all prices by a
tenth is plain where the mere prices of what is sold hide one by a third.
"""

import numpy as np
import pandas as pd

__all__ = ["OWN_PRICE", "price_ratio", "said_of_prices"]

OWN_PRICE = "same_product_price"
PAUSE, SPAN = 4, 8
"""Weeks between a sale and the weeks that its price is held against, and how many those are: a rise shows for
`PAUSE` weeks, and what a shop's prices do by themselves is the same in every week."""
SAME = np.log10(1.05)
"""Rounding and odd pennies are no change of a price."""


def price_ratio(events: pd.DataFrame) -> pd.Series:
    """log10 of each sale's price over the median of the same product's weekly medians of before.

    Args:
        events: product_id, unit_price, time (UTC).

    Returns:
        a float a row; NaN without a price, or where the product was not sold in those weeks.
    """
    price = events["unit_price"].astype(float)
    logged = pd.Series(np.log10(price.where(price.gt(0)).to_numpy()), price.index)
    week = events["time"].dt.tz_convert(None).to_numpy().astype("datetime64[W]").astype(np.int64)
    sold = pd.DataFrame({"product": events["product_id"], "week": week, "price": logged}).dropna()
    if not len(sold):
        return logged
    weekly = sold.groupby(["week", "product"], observed=True)["price"].median().unstack("product")
    weekly = weekly.reindex(range(weekly.index.min(), weekly.index.max() + 1))
    before = weekly.rolling(SPAN, min_periods=1).median().shift(PAUSE)
    row, column = before.index.get_indexer(week), before.columns.get_indexer(pd.Index(events["product_id"]))
    known = before.to_numpy()[row, column]
    return logged - np.where((row >= 0) & (column >= 0), known, np.nan)


def said_of_prices(ratio: pd.Series) -> pd.Series:
    """A ratio as higher, lower or as before; None where none is known.

    Args:
        ratio: of `price_ratio`.
    """
    said = np.select([ratio.gt(SAME), ratio.lt(-SAME)], ["higher", "lower"], "as before")
    return pd.Series(said, ratio.index, dtype=object).where(ratio.notna(), None)
