"""Purchases and prices of each product in each week, zero weeks kept: what an elasticity is read off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Grid", "weekly_grid"]

WEEK = np.timedelta64(7, "D")
MONDAY = np.datetime64("2024-01-01")


@dataclass(frozen=True)
class Grid:
    """n products over t weeks, Mondays to Sundays, the last one whole.

    Attributes:
        product_ids: (n,) in the order that was asked for.
        bought: (n, t) float64 purchases or pieces; 0 in a week without one.
        price: (n, t) float64, the week's median price; NaN before the first one that is known.
    """

    product_ids: tuple[str, ...]
    bought: np.ndarray
    price: np.ndarray

    def prices(self) -> np.ndarray:
        """(n,) how many different prices each product had."""
        ordered = np.sort(np.round(self.price, 2), axis=1)  # NaN come last, and are no price
        fresh = np.isfinite(ordered[:, :1]).sum(axis=1) if ordered.shape[1] else np.zeros(len(ordered), int)
        return np.asarray(fresh + (np.diff(ordered, axis=1) > 0).sum(axis=1))

    def weeks(self) -> np.ndarray:
        """(n,) weeks whose price is known."""
        return np.asarray(np.isfinite(self.price).sum(axis=1))


def weekly_grid(events: pd.DataFrame, product_ids: Sequence[str], pieces: bool = False) -> Grid:
    """Fill the grid from events.

    A week's price is the median of what its events name; a week without an event has the price of the one
    before: a product that nobody looked at was still on sale. The week that the last event lies in is left
    out where it is not over, since it would look like one of low demand.

    Args:
        events: cleaned events: product_id, event, quantity, unit_price, time (UTC).
        product_ids: rows of the grid; events of other products say nothing.
        pieces: count pieces instead of purchases.
    """
    ids = tuple(product_ids)
    row = events["product_id"].map({name: place for place, name in enumerate(ids)}).fillna(-1).to_numpy(int)
    known = row >= 0
    time = events["time"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]")[known]
    none = np.empty((len(ids), 0))
    if not len(time):
        return Grid(ids, none, none)
    row, week = row[known], (time - MONDAY) // WEEK
    first, last = int(week.min()), int(week.max())
    whole = time.max() >= MONDAY + (last + 1) * WEEK - np.timedelta64(1, "D")
    weeks = last - first + (1 if whole else 0)
    inside = week - first < weeks
    row, week, rows = row[inside], (week - first)[inside], events[known][inside]
    quantity = rows["quantity"].to_numpy(float)
    amount = quantity if pieces else np.ones(len(rows))
    sold = (rows["event"] == "purchase").to_numpy() & (quantity > 0)
    bought = np.zeros((len(ids), weeks))
    np.add.at(bought, (row[sold], week[sold]), amount[sold])
    paid = rows["unit_price"].to_numpy(float)
    usable = np.isfinite(paid) & (paid > 0)
    found = pd.DataFrame({"row": row[usable], "week": week[usable], "price": paid[usable]})
    middle = found.groupby(["row", "week"])["price"].median()
    price = np.full((len(ids), weeks), np.nan)
    at = middle.index.to_frame()
    price[at["row"].to_numpy(int), at["week"].to_numpy(int)] = middle.to_numpy()
    return Grid(ids, bought, carried(price))


def carried(price: np.ndarray) -> np.ndarray:
    """(n, t) with each gap filled by the last value before it."""
    place = np.where(np.isfinite(price), np.arange(price.shape[1]), -1)
    last = np.maximum.accumulate(place, axis=1) if price.shape[1] else place
    filled = np.take_along_axis(price, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, filled, np.nan)
