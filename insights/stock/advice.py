"""Advice on each product of a plan: when to order, how much, and which will run out or lie too long."""

import numpy as np
import pandas as pd

from insights.stock.policy import DAYS, check_share, stock_for
from insights.stock.reasons import reason
from shelfspace.errors import InputError
from shelfspace.settings.insights import Demand

__all__ = ["STATES", "advice"]

RISK = 0.2
"""Chance to run out before an order of today arrives, from which on a stock-out is likely."""
STATES = (
    "sold out", "likely stock-out", "order now", "overstock", "enough", "unknown stock",
    "not enough evidence",
)  # fmt: skip


def advice(
    plan: pd.DataFrame,
    settings: Demand,
    service_level: float | None = None,
    lead_time_days: float | None = None,
) -> pd.DataFrame:
    """What to do with each product, in rows of the plan.

    Args:
        plan: columns of COLUMNS; `on_hand` may be newer than the plan.
        service_level: share of each product's own demand that is to be there, instead of the plan's levels,
            which share the stock's value out among all products; lead_time_days: instead of its own.

    Returns:
        product_id, state (one of STATES; `order now` where stock would hardly last if the order waited for
        the next look at it), reason and reason_zh, served, weekly_demand, lead_time_days, on_hand,
        weeks_left, stockout_chance, safety_stock, order_up_to, reorder_point, order_quantity, order_now;
        numbers are NaN where nothing supports them.

    Raises:
        InputError: a lead time of 0 or less, or a service level outside 0 to 1.
    """
    if service_level is not None:
        check_share(service_level)
    if lead_time_days is not None and not lead_time_days > 0:
        raise InputError("lead_time_days", lead_time_days, "give the days until an order arrives, above 0")
    mean = plan["weekly_mean"].to_numpy(np.float64)
    known = np.isfinite(mean)
    weekly = np.where(known, mean, 0)
    ratio = np.where(known, plan["weekly_deviation"] ** 2 / np.maximum(weekly, 1e-12), 1)
    own_lead = plan["lead_time_days"].to_numpy(np.float64)
    lead = own_lead if lead_time_days is None else np.full(len(plan), float(lead_time_days))
    waiting, span = weekly * lead / DAYS, weekly * (lead + settings.review_days) / DAYS
    share = settings.service_level if service_level is None else service_level
    if service_level is None and lead_time_days is None:
        up_to, served = plan["order_up_to"].to_numpy(np.float64), plan["served"].to_numpy(np.float64)
    else:
        found = stock_for(share, span, ratio)
        up_to, served = found.order_up_to, found.served
    point = np.maximum(np.minimum(_least_for(share, span, ratio), up_to) - 1, 0)
    lot = plan["order_quantity"].to_numpy(np.float64)
    on_hand = plan["on_hand"].to_numpy(np.float64)
    counted = known & np.isfinite(on_hand)
    with np.errstate(divide="ignore", invalid="ignore"):
        weeks_left = np.where(counted & (weekly > 0), on_hand / weekly, np.nan)
    chance = np.where(counted, _stockout_chance(waiting, ratio, on_hand), np.nan)
    kept = up_to > 0
    state = np.select(
        [
            ~known,
            ~np.isfinite(on_hand),
            kept & (on_hand <= 0),
            kept & (chance >= RISK),
            kept & (on_hand <= point),
            (on_hand > up_to) & ~(weeks_left <= settings.overstock_weeks) & (on_hand > 0),
        ],
        ["not enough evidence", "unknown stock", "sold out", "likely stock-out", "order now", "overstock"],
        "enough",
    )
    table = pd.DataFrame(
        {
            "product_id": plan["product_id"].to_numpy(object),
            "state": state.astype(object),
            "reason": "",
            "reason_zh": "",
            "served": np.where(known, served, np.nan),
            "weekly_demand": mean,
            "lead_time_days": lead,
            "on_hand": on_hand,
            "weeks_left": weeks_left,
            "stockout_chance": chance,
            "safety_stock": np.where(known, np.maximum(up_to - span, 0), np.nan),
            "order_up_to": np.where(known, up_to, np.nan),
            "reorder_point": np.where(known, point, np.nan),
            "order_quantity": np.where(known & kept, lot, np.nan),
            "order_now": np.where(counted, np.maximum(up_to - on_hand, 0), np.nan),
        }
    )
    told = plan["lead_time_known"].to_numpy(bool) | (lead_time_days is not None)
    told_of = zip(table.to_dict("records"), plan.to_dict("records"), told.tolist(), strict=True)
    reasons = [reason(row, own, lead_told) for row, own, lead_told in told_of]
    return table.assign(reason=[en for en, _ in reasons], reason_zh=[zh for _, zh in reasons])


def _least_for(share: float, mean: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """(n,) least whole stock that lasts with the chance of `share`."""
    low, high = np.zeros(len(mean)), np.ceil(4 * mean + 20 * np.maximum(ratio, 1) + 10)
    while (high - low > 0).any():
        middle = np.floor((low + high) / 2)
        enough = _stockout_chance(mean, ratio, middle) <= 1 - share
        low, high = np.where(enough | (low == high), low, middle + 1), np.where(enough, middle, high)
    return high


def _stockout_chance(mean: np.ndarray, ratio: np.ndarray, on_hand: np.ndarray) -> np.ndarray:
    """(n,) that more is asked for than is there, until an order of today arrives."""
    from scipy.special import betainc, gammainc  # scipy.stats takes a second to import

    wide = (ratio > 1.0001) & (mean > 0)
    size = np.where(wide, mean / np.where(wide, ratio - 1, 1), 1)
    share = np.where(wide, 1 / np.where(wide, ratio, 1), 0.5)
    left = np.maximum(np.nan_to_num(on_hand), 0)
    return np.where(wide, betainc(left + 1, size, 1 - share), gammainc(left + 1, mean))
