"""How much to keep: order-up-to levels, reorder points and order quantities for a share of demand served.

Sales that find nothing are lost, so stock follows Erlang's loss formula, exact for Poisson demand and any
lead time (Karush, Operations Research 1957), and Hayward's approximation of it where demand varies more
(Fredericks, Bell System Technical Journal 1980). Order quantities are Wilson's.
"""

from dataclasses import dataclass

import numpy as np

from shelfspace.errors import InputError

__all__ = ["Levels", "allocate", "check_share", "lost_share", "order_quantity", "stock_for"]

DAYS = 7.0
MOST = 1_000_000
"""Pieces of one product that are kept at most."""


@dataclass(frozen=True)
class Levels:
    """What to keep of n products.

    Attributes:
        order_up_to: (n,) float64 whole pieces: order what stock and orders on their way lack to it.
        served: (n,) share of the pieces asked for that are then there.
        stock: (n,) pieces that then lie in stock on average.
    """

    order_up_to: np.ndarray
    served: np.ndarray
    stock: np.ndarray


def lost_share(level: np.ndarray, mean: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """(n,) share of demand that is lost with an order-up-to level.

    Args:
        level: (n,) pieces, 0 or more.
        mean: (n,) pieces asked for until an order arrives.
        ratio: (n,) variance over mean of that demand; 1 for Poisson. Below 1 counts as 1.
    """
    from scipy.special import gammaincc, gammaln, xlogy

    peaked = np.maximum(ratio, 1.0)
    load, servers = mean / peaked, level / peaked
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        here = np.exp(xlogy(servers, load) - load - gammaln(servers + 1))
        share = here / gammaincc(servers + 1, load)
    # Far below the load both are 0; the share is then what the level cannot carry.
    share = np.where(np.isfinite(share), share, 1 - level / np.maximum(mean, 1e-12))
    return np.where(mean > 0, np.clip(share, 0, 1), 0.0)


def described(level: np.ndarray, mean: np.ndarray, ratio: np.ndarray) -> Levels:
    """What levels lead to."""
    lost = lost_share(level, mean, ratio)
    return Levels(level, 1 - lost, np.maximum(level - mean * (1 - lost), 0))


def stock_for(share: float | np.ndarray, mean: np.ndarray, ratio: np.ndarray) -> Levels:
    """The least level of each product that serves a share of its own demand; 0 where none is expected."""
    low, high = np.zeros(len(mean)), np.ceil(np.minimum(4 * mean + 20 * np.maximum(ratio, 1) + 10, MOST))
    while (high - low > 0).any():
        middle = np.floor((low + high) / 2)
        enough = 1 - lost_share(middle, mean, ratio) >= share
        low, high = np.where(enough | (low == high), low, middle + 1), np.where(enough, middle, high)
    return described(np.where(mean > 0, high, 0), mean, ratio)


def allocate(
    share: float, weekly: np.ndarray, mean: np.ndarray, ratio: np.ndarray, unit_value: np.ndarray
) -> Levels:
    """Levels that serve a share of the demand of all products together, with stock of least value.

    Each product gets another piece as long as that saves more sales for its cost than the last piece of any
    other (Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 2017, chapter 6: least
    value short for a budget of stock). A lost sale counts as its product's value, so what is dear is
    neither spared nor preferred.

    Args:
        share: of demand in value.
        weekly: (n,) pieces asked for a week.
        mean, ratio: see `lost_share`.
        unit_value: (n,) value of a piece, above 0; NaN counts as the median.
    """
    check_share(share)
    usable = np.isfinite(unit_value) & (unit_value > 0)
    value = np.where(usable, unit_value, np.median(unit_value[usable]) if usable.any() else 1.0)
    asked = float((weekly * value).sum())
    low, high = 1e-9, 1e3
    nothing = np.zeros(len(mean))
    if asked <= 0:
        return described(nothing, mean, ratio)
    least, most = nothing, np.ceil(np.minimum(4 * mean + 20 * np.maximum(ratio, 1) + 10, MOST))
    for _ in range(40):
        rate = (low * high) ** 0.5
        # The lower the rate, the higher the levels: those of rates tried before bound the next ones.
        levels = _while_worth(rate, weekly, mean, ratio, least, most)
        if float((weekly * value * described(levels, mean, ratio).served).sum()) >= share * asked:
            low, most = rate, levels
        else:
            high, least = rate, levels
        if high / low < 1.01:
            break
    return described(_while_worth(low, weekly, mean, ratio, least, most), mean, ratio)


def _while_worth(
    rate: float,
    weekly: np.ndarray,
    mean: np.ndarray,
    ratio: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
) -> np.ndarray:
    """(n,) largest levels whose last piece saves `rate` sales a week for each piece that lies in stock.

    What a piece saves falls with the level, so halving finds the last that is worth it.

    Args:
        least, most: (n,) whole levels between which it lies.
    """
    low, high = least.copy(), most.copy()
    while len(open_ := np.flatnonzero(high > low)):
        middle = np.ceil((low[open_] + high[open_]) / 2)
        asked, spread = mean[open_], ratio[open_]
        saved = lost_share(middle - 1, asked, spread) - lost_share(middle, asked, spread)
        worth = (weekly[open_] * saved >= rate * (1 - asked * saved)) & (asked > 0)
        low[open_] = np.where(worth, middle, low[open_])
        high[open_] = np.where(worth, high[open_], middle - 1)
    return low


def order_quantity(
    weekly: np.ndarray, review_days: float, order_cost: np.ndarray, holding_cost: np.ndarray
) -> np.ndarray:
    """(n,) pieces of an order: Wilson's quantity, or the demand between two reviews where that is more.

    Args:
        order_cost: (n,) of an order; holding_cost: (n,) of a piece and week; NaN where not known.
    """
    between = weekly * review_days / DAYS
    with np.errstate(divide="ignore", invalid="ignore"):
        wilson = np.sqrt(2 * weekly * order_cost / holding_cost)
    quantity = np.where(np.isfinite(wilson), np.maximum(wilson, between), between)
    return np.maximum(np.ceil(quantity), 1)


def check_share(share: float) -> None:
    """Refuse a service level that is none."""
    if not 0 < share < 1:
        raise InputError("service_level", share, "give a share between 0 and 1, 0.95 for instance")
