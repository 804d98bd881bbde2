"""What is known of each product's demand at the end of a week."""

import numpy as np
import pandas as pd

from insights.demand.weekly import WeeklySales

__all__ = ["WARM_UP", "DemandFeatures"]

WARM_UP = 12
"""Weeks of history from which on a week's features are complete."""
COMPONENTS = 8
"""Directions of the vectors that a forecast sees."""
NEIGHBOURS = 40
LAGS = 8


class DemandFeatures:
    """Features of n products at any week, of what was known then.

    Everything in pieces is divided by the product's own level (`level`), so that products that sell a
    hundred a week teach those that sell two.

    Args:
        sales: n products by w weeks.
        vectors: (n, d) float32 of unit length, or None: neighbours and directions are then left out.
    """

    def __init__(self, sales: WeeklySales, vectors: np.ndarray | None) -> None:
        self.sales = sales
        self._near = nearest(vectors) if vectors is not None and len(sales) > 1 else None
        self._directions = None if vectors is None else directions(vectors)
        sold = sales.units > 0
        self._first = np.where(sold.any(axis=1), sold.argmax(axis=1), sold.shape[1])

    def level(self, week: int) -> np.ndarray:
        """(n,) float32 of at least 1: median of the last 8 weeks and half the mean of the last 12."""
        known = self.sales.units[:, : week + 1]
        return np.maximum(np.median(known[:, -8:], axis=1) + known[:, -12:].mean(axis=1) / 2, 1)

    def at(self, week: int) -> pd.DataFrame:
        """n rows of float32 features, known at the end of week number `week`."""
        units = self.sales.units[:, : week + 1]
        level = self.level(week)
        found: dict[str, np.ndarray] = {}
        for lag in range(1, LAGS + 1):
            found[f"week_{lag}"] = units[:, -lag] / level
        for weeks in (2, 4, 6, 8, 12, 20):
            recent = units[:, -weeks:]
            found[f"mean_{weeks}"] = recent.mean(axis=1) / level
            found[f"median_{weeks}"] = np.median(recent, axis=1) / level
            found[f"geometric_{weeks}"] = np.expm1(np.log1p(recent).mean(axis=1)) / level
        quarter = units[:, -12:]
        shares = (0.1, 0.25, 0.4, 0.6, 0.75, 0.9)
        *quantiles, often = np.quantile(quarter, (*shares, 0.8), axis=1)
        for share, quantile in zip(shares, quantiles, strict=True):
            found[f"quantile_{share}"] = quantile / level
        found["deviation"] = quarter.std(axis=1) / level
        found["weeks_sold"] = (quarter > 0).mean(axis=1)
        found["level"] = np.log(level)
        found["age"] = np.log1p(np.maximum(week - self._first, 0))
        clipped = np.minimum(quarter, often[:, None])
        for weeks in (2, 4, 8):
            found[f"clipped_{weeks}"] = clipped[:, -weeks:].mean(axis=1) / level
        found |= self._buyers(week, level) | self._price(week) | self._market(week, clipped)
        return pd.DataFrame(found).astype(np.float32)

    def _buyers(self, week: int, level: np.ndarray) -> dict[str, np.ndarray]:
        """How many bought, and how much of it one of them: a wholesaler's order says little."""
        buyers, largest = (a[:, : week + 1] for a in (self.sales.buyers, self.sales.largest))
        rest = self.sales.units[:, : week + 1] - largest
        usual = np.maximum(buyers[:, -12:].mean(axis=1), 0.1)
        found = {f"buyers_{weeks}": buyers[:, -weeks:].mean(axis=1) / usual for weeks in (1, 2, 4, 8)}
        found["buyers"] = np.log(usual)
        found["largest"] = largest[:, -8:].max(axis=1) / level
        found |= {f"without_largest_{weeks}": rest[:, -weeks:].mean(axis=1) / level for weeks in (1, 4, 8)}
        return found

    def _price(self, week: int) -> dict[str, np.ndarray]:
        price = pd.DataFrame(self.sales.price[:, : week + 1])
        now, median, highest = price.iloc[:, -1], price.iloc[:, -12:].median(axis=1), price.max(axis=1)
        named = {"price": np.log(now), "price_change": now / median, "price_of_highest": now / highest}
        return {name: value.to_numpy() for name, value in named.items()}

    def _market(self, week: int, clipped: np.ndarray) -> dict[str, np.ndarray]:
        """How the whole shop and the nearest products have moved, and where the product lies."""
        n = len(self.sales)
        total = self.sales.buyers[:, : week + 1].sum(axis=0)
        usual = max(float(total[-12:].mean()), 1e-9)
        found = {
            "shop_1": np.full(n, total[-1] / usual),
            "shop_4": np.full(n, total[-4:].mean() / usual),
        }
        if self._near is not None:
            rows, weights = self._near
            weights = weights * (clipped.sum(axis=1) > 0)[rows]
            weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
            for short, long in ((2, 8), (4, 12)):
                moved = np.log1p(clipped[:, -short:].mean(axis=1)) - np.log1p(clipped[:, -long:].mean(axis=1))
                found[f"near_{short}"] = (weights * moved[rows]).sum(axis=1)
            found["near_last_year"] = self._last_year(week, rows, weights)
        if self._directions is not None:
            found |= {f"direction_{i}": column for i, column in enumerate(self._directions.T)}
        return found

    def _last_year(self, week: int, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """How the nearest products moved in the weeks that now lie ahead, a year ago; NaN in a first year."""
        then = week - 52
        if then < 12:
            return np.full(len(rows), np.nan)
        units = self.sales.units
        ahead = (weights * units[:, then + 1 : then + 5].mean(axis=1)[rows]).sum(axis=1)
        before = (weights * units[:, then - 11 : then + 1].mean(axis=1)[rows]).sum(axis=1)
        return np.log((ahead + 0.1) / (before + 0.1))


def nearest(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, k) of each one's nearest others and their weights, the cube of the cosine."""
    n, k = len(vectors), min(NEIGHBOURS, len(vectors) - 1)
    rows, weights = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for start in range(0, n, 1000):
        cosine = vectors[start : start + 1000] @ vectors.T
        own = np.arange(len(cosine))
        cosine[own, start + own] = -np.inf
        best = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
        rows[start : start + 1000] = best
        weights[start : start + 1000] = np.maximum(np.take_along_axis(cosine, best, axis=1), 0) ** 3
    return rows, weights


def directions(vectors: np.ndarray) -> np.ndarray:
    """(n, c) float32 coordinates in the c directions in which the vectors differ most, c at most 8."""
    centred = vectors - vectors.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    leading = axes[:, np.argsort(-values)[:COMPONENTS]]
    # An axis has no sign of its own; the largest entry makes it the same in every run.
    leading = leading * np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    return (centred @ leading).astype(np.float32)
