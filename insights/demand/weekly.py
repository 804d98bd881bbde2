"""What was sold of each product in each whole week."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from shelfspace.errors import InputError

__all__ = ["MONDAY", "WEEK", "WeeklySales", "weekly_sales"]

WEEK = np.timedelta64(7, "D")
MONDAY = np.datetime64("1970-01-05", "D")
READ = ("product_id", "user_id", "event", "quantity", "unit_price", "time")


@dataclass(frozen=True)
class WeeklySales:
    """n products by w whole weeks (Monday to Sunday), the oldest first; a week without a sale is 0.

    Attributes:
        product_ids: (n,) the products that were sold in these weeks, in the order that was given.
        weeks: (w,) datetime64[D] Mondays.
        units: (n, w) float32 pieces asked for: those sold; of a week sold out at least what is usual.
        buyers: (n, w) float32 distinct shoppers.
        largest: (n, w) float32 pieces of the shopper who bought most.
        price: (n, w) float32 mean price of a piece, carried forward; NaN before the first one known.
        known: (n, w) bool: from the product's first event on, and not sold out.
        sold_out: weeks, over all products, that are not known because nothing was left; None where the
            stock over time is not told, so that no week could be marked.
    """

    product_ids: np.ndarray
    weeks: np.ndarray
    units: np.ndarray
    buyers: np.ndarray
    largest: np.ndarray
    price: np.ndarray
    known: np.ndarray
    sold_out: int | None = None

    def __len__(self) -> int:
        return len(self.product_ids)

    @property
    def last_day(self) -> str:
        """The last Sunday, ISO 8601; "" without a week."""
        return str(self.weeks[-1] + np.timedelta64(6, "D")) if len(self.weeks) else ""

    def until(self, weeks: int) -> "WeeklySales":
        """The first weeks alone, as they were known then."""
        cut = {
            name: getattr(self, name)[:, :weeks] for name in ("units", "buyers", "largest", "price", "known")
        }
        return replace(self, weeks=self.weeks[:weeks], **cut)


def weekly_sales(
    events: pd.DataFrame, product_ids: np.ndarray, stock: pd.DataFrame | None = None, most: int = 104
) -> WeeklySales:
    """Purchases by product and week.

    A last week that the events do not reach the Sunday of is left out: it would look like a fall.

    Args:
        events: clean events, by time.
        product_ids: those to read; products without a purchase have no row.
        stock: product_id, on_hand and time of each count; None or without a time: no week is marked.
        most: latest weeks that are read.

    Raises:
        InputError: a column is missing.
    """
    for column in READ:
        if column not in events:
            raise InputError("events", list(events.columns), f"give a table with the column {column}")
    days = pd.to_datetime(events["time"], utc=True).dt.tz_convert(None).to_numpy().astype("datetime64[D]")
    number = (days - MONDAY).astype(np.int64) // 7
    if len(days) == 0:
        return _grid(events.assign(week=0, row=0), np.empty(0, object), 0, 0)
    end = int((days.max() + np.timedelta64(1, "D") - MONDAY).astype(np.int64) // 7)
    first = max(int(number.min()), end - most)
    row = pd.Index(product_ids).get_indexer(pd.Index(events["product_id"]))
    inside = (row >= 0) & (number >= first) & (number < end)
    bought = inside & events["event"].eq("purchase").to_numpy()
    sold = np.unique(row[bought])
    to = np.full(len(product_ids) + 1, -1)
    to[sold] = np.arange(len(sold))
    lines = events.assign(week=number - first, row=to[row])
    grid = _grid(lines[bought], np.asarray(product_ids, object)[sold], first, end - first)
    began = np.full(len(sold), end - first)
    seen = (row >= 0) & (number < end) & (to[row] >= 0)
    np.minimum.at(began, to[row[seen]], np.maximum(number[seen] - first, 0))
    known = np.arange(end - first)[None, :] >= began[:, None]
    return _without_sold_out(replace(grid, known=known), stock)


def _grid(lines: pd.DataFrame, ids: np.ndarray, first: int, weeks: int) -> WeeklySales:
    shape = (len(ids), weeks)
    flat = lines["row"].to_numpy() * weeks + lines["week"].to_numpy()
    cells = int(np.prod(shape))

    def total(values: np.ndarray, at: np.ndarray = flat) -> np.ndarray:
        return np.bincount(at, values, minlength=cells).reshape(shape).astype(np.float32)

    pieces = lines["quantity"].to_numpy(np.float64)
    price = lines["unit_price"].to_numpy(np.float64)
    priced = np.isfinite(price)
    worth = total(np.where(priced, price * pieces, 0.0))
    counted = total(np.where(priced, pieces, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        paid = pd.DataFrame(np.where(counted > 0, worth / counted, np.nan)).ffill(axis=1).to_numpy(np.float32)
    shoppers = (
        lines.assign(cell=flat).groupby(["cell", "user_id"], sort=False)["quantity"].sum().reset_index()
    )
    largest = np.zeros(cells, np.float32)
    np.maximum.at(largest, shoppers["cell"].to_numpy(), shoppers["quantity"].to_numpy(np.float32))
    return WeeklySales(
        ids,
        MONDAY + (first + np.arange(weeks)) * WEEK,
        total(pieces),
        total(np.ones(len(shoppers)), shoppers["cell"].to_numpy()),
        largest.reshape(shape),
        paid.reshape(shape),
        np.ones(shape, bool),
    )


def _without_sold_out(grid: WeeklySales, stock: pd.DataFrame | None) -> WeeklySales:
    """Mark the weeks in which a count found nothing left; what was asked for then was at least the usual."""
    if stock is None or "time" not in stock or not stock["time"].notna().any():
        return grid
    counts = stock[stock["time"].notna() & stock["on_hand"].le(0)]
    row = pd.Index(grid.product_ids).get_indexer(pd.Index(counts["product_id"]))
    days = pd.to_datetime(counts["time"], utc=True).dt.tz_convert(None).to_numpy().astype("datetime64[D]")
    week = (days - MONDAY).astype(np.int64) // 7
    if len(grid.weeks):
        week = week - int((grid.weeks[0] - MONDAY).astype(np.int64) // 7)
    inside = (row >= 0) & (week >= 0) & (week < len(grid.weeks))
    out = np.zeros(grid.units.shape, bool)
    out[row[inside], week[inside]] = True
    units, known = grid.units.copy(), grid.known & ~out
    for column in np.flatnonzero(out.any(axis=0)):
        rows = np.flatnonzero(out[:, column])
        before = units[rows, max(column - 8, 0) : column]
        usual = np.median(before, axis=1) if before.shape[1] else np.zeros(len(rows), np.float32)
        units[rows, column] = np.maximum(units[rows, column], usual)
    return replace(grid, units=units, known=known, sold_out=int((grid.known & out).sum()))
