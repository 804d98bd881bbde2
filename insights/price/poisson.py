"""Poisson regression of purchases on log price with an effect of each product and of each week.

log E[bought] = product + week + elasticity * log(price). Given how often a product was bought in all, its
purchases fall on weeks as a multinomial does, and its effect cancels (Hausman, Hall and Griliches, 1984):
what is left are the effects of weeks and one slope, by Newton's method. Purchases vary more than Poisson's
(families, wholesalers), which leaves the estimate right and makes its standard error wider: by the root of
Pearson's dispersion.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Pooled", "one_step", "pooled_elasticity"]

STEPS = 50
ENOUGH = 1e-8
PULL = 4.0
"""Holds the effects of weeks, as if they varied by half around their mean; the slope is not held."""
STEEPEST = 30.0


@dataclass(frozen=True)
class Pooled:
    """One elasticity of many products.

    Attributes:
        elasticity: d log(demand) / d log(price); NaN where no product's price moved while it sold.
        error: its standard error.
        weeks: (t,) log effects, shared by the products.
        dispersion: Pearson's, at least 1.
        products: that took part: bought, at more than one price.
    """

    elasticity: float
    error: float
    weeks: np.ndarray
    dispersion: float
    products: int


def pooled_elasticity(bought: np.ndarray, price: np.ndarray) -> Pooled:
    """The elasticity that products share.

    Args:
        bought: (n, t) purchases, 0 or more.
        price: (n, t) NaN where a product was not on sale yet.
    """
    t = bought.shape[1]
    told = np.isfinite(price)
    bought = np.where(told, bought, 0.0)
    part = bought.sum(axis=1) > 0
    log_price = centred(price, told)
    moved = part & (np.abs(log_price).max(axis=1, initial=0.0) > 0)
    if not moved.any():
        return Pooled(np.nan, np.inf, np.zeros(t), 1.0, 0)
    y, x, there = bought[part], log_price[part], told[part]
    total = y.sum(axis=1)
    weeks, slope = np.zeros(t), 0.0
    value = likelihood(y, x, there, weeks, slope)
    hessian = np.eye(t + 1)
    for _ in range(STEPS):
        share = shares(x, there, weeks, slope)
        expected = total[:, None] * share
        rest = y - expected
        gradient = np.append(rest.sum(axis=0) - PULL * weeks, (rest * x).sum())
        mean = (share * x).sum(axis=1)
        across = (expected * (x - mean[:, None])).sum(axis=0)
        hessian = np.zeros((t + 1, t + 1))
        hessian[:t, :t] = np.diag(expected.sum(axis=0) + PULL) - (share * total[:, None]).T @ share
        hessian[:t, t] = hessian[t, :t] = across
        hessian[t, t] = (expected * (x - mean[:, None]) ** 2).sum()
        step = np.linalg.solve(hessian + 1e-9 * np.eye(t + 1), gradient)
        size = 1.0
        for _ in range(30):
            weeks_then, slope_then = weeks + size * step[:t], float(slope + size * step[t])
            then = likelihood(y, x, there, weeks_then, slope_then)
            if abs(slope_then) <= STEEPEST and then >= value - 1e-12:
                break
            size /= 2
        else:
            break
        gained, weeks, slope, value = then - value, weeks_then, slope_then, then
        if gained < ENOUGH:
            break
    expected = total[:, None] * shares(x, there, weeks, slope)
    fitted = expected[there]
    free = max(int(there.sum()) - len(y) - t - 1, 1)
    pearson = ((y[there] - fitted) ** 2 / np.maximum(fitted, 1e-9)).sum() / free
    dispersion = max(1.0, float(pearson))
    information = 1.0 / np.linalg.inv(hessian + 1e-9 * np.eye(t + 1))[t, t]
    error = float(np.sqrt(dispersion / information)) if information > 1e-9 else np.inf
    return Pooled(float(slope), error, weeks, dispersion, int(moved.sum()))


def one_step(
    bought: np.ndarray, price: np.ndarray, weeks: np.ndarray, centre: float, tau: float, dispersion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Each product's own elasticity, the effects of weeks known, drawn towards `centre`.

    The most likely slope under a normal prior of mean `centre` and standard deviation `tau` (infinite: the
    product's own purchases alone), by Newton's method for all products at once.

    Returns:
        (n,) elasticities and (n,) standard errors: without evidence the prior's own.
    """
    told = np.isfinite(price)
    y = np.where(told, bought, 0.0)
    x, total = centred(price, told), y.sum(axis=1)
    slopes = np.full(len(y), centre)
    held = 0.0 if np.isinf(tau) else 1.0 / max(tau, 1e-6) ** 2
    information = np.zeros(len(y))
    for _ in range(STEPS):
        share = shares(x, told, weeks, slopes[:, None])
        mean = (share * x).sum(axis=1)
        rise = ((y - total[:, None] * share) * x).sum(axis=1) / dispersion
        information = total * (share * (x - mean[:, None]) ** 2).sum(axis=1) / dispersion
        step = (rise - held * (slopes - centre)) / np.maximum(information + held, 1e-9)
        slopes = np.clip(slopes + np.clip(step, -1.0, 1.0), -STEEPEST, STEEPEST)
        if np.abs(step).max(initial=0.0) < 1e-6:
            break
    with np.errstate(divide="ignore"):
        errors = np.sqrt(1.0 / (information + held))
    return slopes, errors


def centred(price: np.ndarray, told: np.ndarray) -> np.ndarray:
    """(n, t) log price less the product's mean; 0 where there is none."""
    logs = np.log(np.where(told, price, 1.0))
    mean = logs.sum(axis=1) / np.maximum(told.sum(axis=1), 1)
    return np.where(told, logs - mean[:, None], 0.0)


def shares(x: np.ndarray, told: np.ndarray, weeks: np.ndarray, slope: float | np.ndarray) -> np.ndarray:
    """(n, t) how a product's purchases are expected to fall on the weeks it was on sale."""
    height = np.where(told, weeks + slope * x, -np.inf)
    top = height.max(axis=1, initial=-1e9, keepdims=True)
    raised = np.exp(height - top)
    return np.asarray(raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-300))


def likelihood(y: np.ndarray, x: np.ndarray, told: np.ndarray, weeks: np.ndarray, slope: float) -> float:
    """Of the weeks that purchases fell on, less the pull on the effects of weeks."""
    height = np.where(told, weeks + slope * x, -np.inf)
    top = height.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(height - top).sum(axis=1))
    own = np.where(y > 0, y * np.where(told, height, 0.0), 0.0).sum()
    return float(own - (y.sum(axis=1) * log_sum).sum() - PULL / 2 * (weeks @ weeks))
