"""Demand by product and week, and each segment's share of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.market.folder import NOTHING, Said

__all__ = ["Demand", "monday_of", "segment_demand", "weekly_demand"]

NO_PURCHASES = Said(
    "there are no purchases: demand, movers and gaps need events of them",
    "没有购买记录：需求、涨跌与空白需要购买事件",
)
NO_WEEK = Said("no week of purchases is over yet", "还没有一整周的购买记录")


@dataclass(frozen=True)
class Demand:
    """Purchases by product and whole week, Monday to Sunday.

    Attributes:
        weeks: (w,) Mondays, without gaps; the last one is over.
        lines: (n, w) purchase lines: a customer of a thousand pieces counts once.
        units, revenue: (n, w) pieces, and what they were sold for.
        why_not: why there is none; empty where there is.
    """

    weeks: pd.DatetimeIndex
    lines: np.ndarray
    units: np.ndarray
    revenue: np.ndarray
    why_not: Said = NOTHING


def weekly_demand(events: pd.DataFrame, product_ids: list[str], most: int) -> Demand:
    """Demand of n products over the last whole weeks.

    Args:
        events: cleaned events; those of other products and of other kinds than `purchase` do not count.
        most: weeks looked at, back from the last whole one.
    """
    ids = pd.Index(product_ids)
    bought = events[events["event"] == "purchase"] if len(events) else events
    if not len(bought):
        return _none(len(ids), NO_PURCHASES)
    newest = events["time"].max()
    monday = monday_of(newest)
    # A week that has come to its Sunday's last hour is over.
    over = newest - monday >= pd.Timedelta(days=6, hours=23)
    end = monday + pd.Timedelta(days=7) if over else monday
    count = min(most, (end - monday_of(bought["time"].min())).days // 7)
    if count < 1:
        return _none(len(ids), NO_WEEK)
    weeks = pd.date_range(end - pd.Timedelta(days=7 * count), periods=count, freq="7D")
    place = ids.get_indexer(pd.Index(bought["product_id"]))
    week = ((bought["time"] - weeks[0]).dt.total_seconds() // (7 * 86_400)).to_numpy(np.int64)
    kept = (place >= 0) & (week >= 0) & (week < count)
    cell = place[kept] * count + week[kept]
    pieces = bought["quantity"].to_numpy(np.float64)[kept]
    paid = np.nan_to_num(bought["unit_price"].to_numpy(np.float64)[kept]) * pieces

    def grid(weights: np.ndarray | None) -> np.ndarray:
        return np.bincount(cell, weights, len(ids) * count).reshape(len(ids), count)

    return Demand(weeks, grid(None), grid(pieces), grid(paid).round(2))


def monday_of(time: pd.Timestamp) -> pd.Timestamp:
    """The Monday on which the week of a moment begins."""
    return time.normalize() - pd.Timedelta(days=time.weekday())


def segment_demand(demand: Demand, segments: np.ndarray) -> pd.DataFrame:
    """Week, segment, lines, units, revenue and share (of the week's lines; NaN in an empty week)."""
    names, label = np.unique(segments, return_inverse=True)
    member = np.eye(len(names))[label].T
    by = {name: member @ getattr(demand, name) for name in ("lines", "units", "revenue")}
    week = by["lines"].sum(axis=0)
    share = np.divide(by["lines"], week, out=np.full(by["lines"].shape, np.nan), where=week > 0)
    return pd.DataFrame(
        {
            "week": np.tile(demand.weeks.strftime("%Y-%m-%d"), len(names)),
            "segment": np.repeat(names, len(demand.weeks)),
            "lines": by["lines"].ravel().astype(np.int64),
            "units": by["units"].ravel().astype(np.int64),
            "revenue": by["revenue"].ravel().round(2),
            "share": share.ravel().round(4),
        }
    )


def _none(products: int, why: Said) -> Demand:
    empty = np.zeros((products, 0))
    return Demand(pd.DatetimeIndex([]), empty, empty, empty, why)
