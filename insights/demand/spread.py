"""How much a product's weekly demand varies around what is expected."""

import numpy as np

from insights.demand.weekly import WeeklySales

__all__ = ["coverage", "inflation", "weekly_variance"]

RECENT = 26
PRIOR_WEEKS = 13
"""Weeks that the products of like level count for beside a product's own."""
BANDS = 5
INFLATION = (0.25, 16.0)


def weekly_variance(sales: WeeklySales, mean: np.ndarray) -> np.ndarray:
    """(n,) float64 variance of a week's demand, of products that sell `mean` a week.

    A product's own index of dispersion (variance over mean) over its last 26 known weeks, shrunk to that of
    the products of its fifth by level: a few weeks of a slow seller say little.
    """
    known = sales.known[:, -RECENT:]
    units = np.where(known, sales.units[:, -RECENT:], 0).astype(np.float64)
    weeks = known.sum(axis=1)
    level = units.sum(axis=1) / np.maximum(weeks, 1)
    variance = (np.where(known, units - level[:, None], 0) ** 2).sum(axis=1) / np.maximum(weeks - 1, 1)
    usable = (weeks > 1) & (level > 0)
    if not usable.any():
        return np.asarray(mean, np.float64).copy()
    ends = np.quantile(level[usable], np.linspace(0, 1, BANDS + 1)[1:-1])
    band = np.searchsorted(ends, level)
    pooled = np.full(BANDS, variance[usable].sum() / level[usable].sum())
    for number in range(BANDS):
        own = usable & (band == number)
        if own.any():
            pooled[number] = variance[own].sum() / level[own].sum()
    index = np.where(usable, variance / np.where(usable, level, 1), pooled[band])
    shrunk = (weeks * index + PRIOR_WEEKS * pooled[band]) / (weeks + PRIOR_WEEKS)
    return np.asarray(mean, np.float64) * shrunk


def coverage(demand: np.ndarray, mean: np.ndarray, variance: np.ndarray, share: float) -> float:
    """Share of demands below the forecast distribution's quantile of `share`, a tie counted in part.

    Of whole numbers no quantile is exact; counted in part, a distribution that is right covers `share`.
    """
    from scipy.stats import nbinom, poisson

    wide = variance > mean * 1.0001
    size = np.where(wide, mean**2 / np.where(wide, variance - mean, 1), 1)
    chance = np.where(wide, mean / np.where(wide, variance, 1), 0.5)
    at_most = np.where(wide, nbinom.cdf(demand, size, chance), poisson.cdf(demand, mean))
    below = np.where(wide, nbinom.cdf(demand - 1, size, chance), poisson.cdf(demand - 1, mean))
    return float(np.clip((share - below) / np.maximum(at_most - below, 1e-12), 0, 1).mean())


def inflation(demand: np.ndarray, mean: np.ndarray, variance: np.ndarray, share: float) -> float:
    """What to multiply variances by so that past demands are covered as often as `share` says.

    Args:
        demand, mean, variance: (m,) of spans of weeks that nothing was learned from, means above 0.
    """
    low, high = INFLATION
    for _ in range(24):
        middle = (low * high) ** 0.5
        if coverage(demand, mean, variance * middle, share) < share:
            low = middle
        else:
            high = middle
    return high


def demand_quantile(mean: np.ndarray, variance: np.ndarray, share: float) -> np.ndarray:
    """(n,) least whole number of pieces that demand stays at or below with the chance of `share`.

    Negative binomial where the variance is above the mean, else Poisson; means above 0.
    """
    from scipy.stats import nbinom, poisson

    wide = variance > mean * 1.0001
    size = np.where(wide, mean**2 / np.where(wide, variance - mean, 1), 1)
    chance = np.where(wide, mean / np.where(wide, variance, 1), 0.5)
    return np.where(wide, nbinom.ppf(share, size, chance), poisson.ppf(share, mean))


def span_loss(demand: np.ndarray, mean: np.ndarray, variance: np.ndarray, share: float) -> np.ndarray:
    """(m,) pinball loss of the stock that lasts a span of weeks with the chance of `share`."""
    short = demand - demand_quantile(mean, variance, share)
    return np.maximum(share * short, (share - 1) * short)
