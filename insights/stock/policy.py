"""How much to keep: newsvendor, base stock, reorder point and order quantity.

Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains (4th ed., 2017), chapters 6, 7, 9.
"""

from dataclasses import dataclass

import numpy as np

from shelfspace.errors import InputError

__all__ = ["Levels", "base_stock_normal", "demand_quantile", "levels", "newsvendor_normal"]

DAYS = 7.0


@dataclass(frozen=True)
class Levels:
    """What to keep of n products, in pieces.

    Attributes:
        mean: (n,) demand expected until the order after the next one arrives (lead time and review).
        safety_stock: (n,) what is kept beyond that.
        order_up_to: (n,) int64: at each review, order so much that stock and orders on their way reach it.
        reorder_point: (n,) int64: without fixed reviews, order when they have fallen to it or below.
        order_quantity: (n,) int64, at least 1: how much to order then.
    """

    mean: np.ndarray
    safety_stock: np.ndarray
    order_up_to: np.ndarray
    reorder_point: np.ndarray
    order_quantity: np.ndarray


def levels(
    weekly_mean: np.ndarray,
    weekly_variance: np.ndarray,
    lead_time_days: np.ndarray,
    service_level: float,
    review_days: float,
    order_cost: np.ndarray | None = None,
    holding_cost: np.ndarray | None = None,
) -> Levels:
    """Levels at which stock lasts until the next order arrives with the chance of `service_level`.

    Demand over d days has mean m d/7 and variance v d/7, and is negative binomial (Poisson where the
    variance is no more than the mean). The order quantity is Wilson's, sqrt(2 demand cost / holding), where
    both costs are known and a review's demand is less; else the demand between two reviews.

    Args:
        weekly_mean, weekly_variance: (n,) of pieces a week.
        lead_time_days: (n,) above 0.
        order_cost: (n,) of one order, NaN where it is not known; holding_cost: (n,) of a piece and week.

    Raises:
        InputError: a lead time of 0 or less, or a service level outside 0 to 1.
    """
    lead = np.asarray(lead_time_days, np.float64)
    if not 0 < service_level < 1:
        raise InputError("service_level", service_level, "give a share between 0 and 1, 0.95 for instance")
    if (~(lead > 0)).any():
        raise InputError(
            "lead_time_days", float(lead[~(lead > 0)][0]), "give the days until an order arrives, above 0"
        )
    mean, variance = (np.asarray(a, np.float64) for a in (weekly_mean, weekly_variance))
    protected, waiting, between = ((lead + review_days) / DAYS, lead / DAYS, review_days / DAYS)
    up_to = demand_quantile(mean * protected, variance * protected, service_level)
    point = demand_quantile(mean * waiting, variance * waiting, service_level)
    quantity = mean * between
    if order_cost is not None and holding_cost is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            wilson = np.sqrt(2 * mean * order_cost / holding_cost)
        quantity = np.where(np.isfinite(wilson), np.maximum(wilson, quantity), quantity)
    return Levels(
        mean * protected,
        up_to - mean * protected,
        up_to.astype(np.int64),
        point.astype(np.int64),
        np.maximum(np.ceil(quantity), 1).astype(np.int64),
    )


def demand_quantile(mean: np.ndarray, variance: np.ndarray, share: float) -> np.ndarray:
    """Least whole number of pieces, float64, that demand stays at or below with the chance of `share`.

    Negative binomial with these moments where the variance is above the mean, else Poisson. Where no
    demand is expected it is 0.
    """
    from scipy.stats import nbinom, poisson

    mean, variance = np.broadcast_arrays(np.asarray(mean, np.float64), np.asarray(variance, np.float64))
    wanted = np.zeros(mean.shape)
    some = mean > 0
    wide = some & (variance > mean * 1.0001)
    size = mean[wide] ** 2 / (variance[wide] - mean[wide])
    wanted[wide] = nbinom.ppf(share, size, mean[wide] / variance[wide])
    wanted[some & ~wide] = poisson.ppf(share, mean[some & ~wide])
    return wanted


def newsvendor_normal(holding: float, stockout: float, mean: float, deviation: float) -> tuple[float, float]:
    """Best stock for one period of normal demand, and its expected cost.

    Args:
        holding: cost of a piece left over; stockout: of a piece short; both above 0.

    Returns:
        stock, cost: the critical ratio's quantile, and (holding + stockout) phi(z) deviation.
    """
    return base_stock_normal(holding, stockout, mean, deviation, 0.0)


def base_stock_normal(
    holding: float, stockout: float, mean: float, deviation: float, lead_time: float
) -> tuple[float, float]:
    """Best order-up-to level and its cost a period: what is ordered now arrives after `lead_time` periods.

    Demand of a period is normal and what is short waits, so the level has to last lead_time + 1 periods.

    Raises:
        InputError: a cost of 0 or less.
    """
    for name, cost in (("holding", holding), ("stockout", stockout)):
        if not cost > 0:
            raise InputError(name, cost, "give a cost above 0")
    from scipy.stats import norm

    periods = lead_time + 1
    z = float(norm.ppf(stockout / (holding + stockout)))
    spread = deviation * periods**0.5
    return mean * periods + z * spread, (holding + stockout) * float(norm.pdf(z)) * spread
