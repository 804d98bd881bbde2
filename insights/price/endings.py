"""How a shop's prices end: .99, 9, 49, as its own catalogue shows it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

__all__ = ["Endings"]

UNITS = (1000, 100, 10, 1)
"""In tenths: the coarsest that prices share an ending within is taken."""
MOST = {1000: 2, 100: 2, 10: 5, 1: 2}
"""Endings of each; of cents there are a hundred, so that five of them are few."""
HELD = 0.6
LEAST = 20


@dataclass(frozen=True)
class Endings:
    """Prices that the shop could have written.

    Attributes:
        unit: endings come again after it: of 10, 9 and 4 stand for 19, 24, 29; 0 where prices share none.
        endings: of `unit`, rising.
        step: the least difference of two prices: 0.01, or 1 where no price has cents.
    """

    unit: float = 0.0
    endings: tuple[float, ...] = ()
    step: float = 0.01

    @classmethod
    def of(cls, prices: np.ndarray) -> "Endings":
        """Learn them: the fewest endings that 60% of the prices above twice the unit have."""
        known = prices[np.isfinite(prices) & (prices > 0)]
        cents = np.round(known * 100).astype(np.int64)
        step = 1.0 if len(cents) and not (cents % 100).any() else 0.01
        for unit in UNITS:
            size = unit * 10  # in cents
            large = cents[cents >= 2 * size]
            if len(large) < max(LEAST, len(cents) / 2) or size <= step * 100:
                continue
            counted = sorted(Counter((large % size).tolist()).items(), key=lambda pair: (-pair[1], pair[0]))
            held = np.cumsum([count for _, count in counted[: MOST[unit]]])
            few = int(np.searchsorted(held, HELD * len(large))) + 1
            if few <= len(held):
                return cls(size / 100, tuple(sorted(ending / 100 for ending, _ in counted[:few])), step)
        return cls(step=step)

    def between(self, low: float, high: float, most: int = 400) -> np.ndarray:
        """Rising prices from `low` to `high` that end as the shop's do, at most some `most` of them."""
        if not (np.isfinite(low) and np.isfinite(high)) or high < low:
            return np.empty(0)
        unit, endings = (self.unit, self.endings) if self.unit else (self.step, (0.0,))
        first, last = (int(np.floor(end / unit + 1e-9)) for end in (low, high))
        apart = max(1, (last - first) * len(endings) // most)
        whole = np.arange(first, last + 1, apart)[:, None] * unit + np.array(endings)
        prices = np.round(np.sort(whole.ravel()), 2)
        return prices[(prices >= low - 1e-9) & (prices <= high + 1e-9) & (prices > 0)]

    def nearest(self, price: float) -> float:
        """The nearest such price; the price itself, in whole steps, where there is none above zero."""
        reach = self.unit or self.step
        near = self.between(max(price - reach, self.step), price + reach)
        if not len(near):
            return round(max(round(price / self.step), 1) * self.step, 2)
        return float(near[np.abs(near - price).argmin()])
