"""A forecast of weekly demand, and the simple one that any other has to beat."""

from dataclasses import dataclass

import numpy as np

from insights.demand.weekly import WeeklySales

__all__ = ["HORIZON", "LEVELS", "MEDIAN", "Forecast", "pinball", "simple_forecast"]

HORIZON = 4
"""Weeks ahead, each with a forecast of its own."""
LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)
"""Quantiles that are forecast."""
MEDIAN = LEVELS.index(0.5)


@dataclass(frozen=True)
class Forecast:
    """Demand of n products in each of the next weeks.

    Attributes:
        quantiles: (n, HORIZON, len(LEVELS)) float32 pieces, rising with the level, never below 0.
        mean: (n, HORIZON) float32 pieces, never below 0.
    """

    quantiles: np.ndarray
    mean: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantiles", np.sort(np.maximum(self.quantiles, 0), axis=2))
        object.__setattr__(self, "mean", np.maximum(self.mean, 0))


def simple_forecast(sales: WeeklySales) -> Forecast:
    """The same for every week ahead: the median of 8 weeks, other quantiles and the mean of 12."""
    quarter = sales.units[:, -12:]
    if quarter.size == 0:
        nothing = np.zeros((len(sales), HORIZON), np.float32)
        return Forecast(np.repeat(nothing[..., None], len(LEVELS), axis=2), nothing)
    quantiles = np.quantile(quarter, LEVELS, axis=1).T
    quantiles[:, MEDIAN] = np.median(sales.units[:, -8:], axis=1)
    ahead = (len(sales), HORIZON)
    return Forecast(
        np.repeat(quantiles[:, None, :], HORIZON, axis=1).astype(np.float32),
        np.broadcast_to(quarter.mean(axis=1)[:, None], ahead).astype(np.float32),
    )


def pinball(demand: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Loss of each level, (..., levels): the level times what is short, the rest times what is over.

    Args:
        demand: (...) pieces.
        quantiles: (..., levels) of LEVELS.
    """
    short = demand[..., None] - quantiles
    levels = np.array(LEVELS)
    return np.maximum(levels * short, (levels - 1) * short)
