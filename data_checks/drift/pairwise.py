"""Distances of many windows among themselves, each column read once.

The same distances as `measure`, over a vocabulary and a grid that all windows share: a value becomes a code,
a window a row of counts, and a distance a difference of two rows.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_checks.drift.monitors import (
    CLOSED,
    COMPONENTS,
    DERIVED,
    MIN_VALUES,
    TOP_VALUES,
    count_distance,
    divergence,
    is_number,
    share_distance,
    spread,
    vector_distance,
    with_price_level,
)
from data_checks.drift.windows import Window, pool_windows

__all__ = ["chance_distances", "pair_distances"]

KNOTS = 512
"""Points of the grid on which the distribution functions of numbers are compared."""


class _Column:
    """One column of some rows as codes, and the distance of two rows of counts over those codes."""

    def __init__(self, name: str, values: pd.Series) -> None:
        known = values.dropna()
        self.numeric = is_number(known)
        self.codes = np.full(len(values), -1, np.int64)
        if self.numeric:
            numbers = known.to_numpy(float)
            knots = np.unique(numbers)
            if len(knots) > KNOTS:
                knots = np.unique(np.quantile(numbers, np.linspace(0, 1, KNOTS), method="higher"))
            self.codes[values.notna().to_numpy()] = np.searchsorted(knots, numbers)
            self.widths = np.diff(knots) / spread(name, numbers)
            self.size = max(len(knots), 1)
        else:
            codes, names = pd.factorize(known.astype(str), sort=True)
            self.codes[values.notna().to_numpy()] = codes
            self.size = max(len(names), 1)
            counts = np.bincount(codes, minlength=self.size)
            self.frequent = np.argsort(-counts, kind="stable")[:TOP_VALUES]
            self.open = bool({*names} - CLOSED)

    def count(self, rows: np.ndarray) -> np.ndarray:
        """(size + 1,) counts of the chosen rows; the last one is of missing values."""
        counted = np.bincount(self.codes[rows] + 1, minlength=self.size + 1)
        return np.append(counted[1:], counted[0]).astype(float)

    def distances(self, name: str, then: np.ndarray, now: np.ndarray) -> dict[str, float]:
        """The monitors of this column between two rows of `count`."""
        found = {}
        if name not in DERIVED:
            missing = [side[-1] / max(side.sum(), 1.0) for side in (then, now)]
            found[f"{name} missing"] = share_distance(*missing)
        then, now = then[:-1], now[:-1]
        if min(then.sum(), now.sum()) < MIN_VALUES:
            return found
        first, second = then / then.sum(), now / now.sum()
        if self.numeric:
            gaps = np.abs(np.cumsum(first - second))[:-1]
            return {**found, name: float(gaps @ self.widths)}
        if self.open:
            found[f"{name} new"] = share_distance(0.0, float(second[first == 0].sum()))
        shares = [
            np.append(side[self.frequent], max(1 - side[self.frequent].sum(), 0.0))
            for side in (first, second)
        ]
        return {**found, name: divergence(*shares)}


def pair_distances(windows: Sequence[Window]) -> pd.DataFrame:
    """Distances of every two windows: one row a pair, the earlier one as reference; `first` and `second`."""
    whole = pool_windows(windows)
    place = np.split(np.arange(whole.rows), np.cumsum([w.rows for w in windows])[:-1])
    columns = _columns(whole)
    counts = {name: [column.count(rows) for rows in place] for name, column in columns.items()}
    reduced = {
        name: _reduced(vectors, [w.vectors[name] for w in windows]) for name, vectors in whole.vectors.items()
    }
    found = []
    for i, then in enumerate(windows):
        for j in range(i + 1, len(windows)):
            row: dict[str, float] = {"first": i, "second": j}
            for name, column in columns.items():
                row |= column.distances(name, counts[name][i], counts[name][j])
            for name, sides in reduced.items():
                if min(len(sides[i]), len(sides[j])) >= MIN_VALUES:
                    row[f"{name} vectors"] = vector_distance(sides[i], sides[j])
            for name in set(then.counts) & set(windows[j].counts):
                row[name] = count_distance(then.counts[name], windows[j].counts[name])
            found.append(row)
    return pd.DataFrame(found)


def _columns(period: Window) -> dict[str, _Column]:
    whole = with_price_level(period.columns, period.columns)
    return {str(name): _Column(str(name), values) for name, values in whole.items()}


def chance_distances(period: Window, draws: int, seed: int) -> pd.DataFrame:
    """Distances of random halves of one period, one row a draw, and `inverse`, the sum of 1 / rows of both.

    Rows of one block stay on one side. Vectors and counts have no such halves: their chance is known.
    """
    rng = np.random.default_rng(seed)
    blocks = np.arange(period.rows) if period.blocks is None else pd.factorize(period.blocks)[0]
    columns = _columns(period)
    found = []
    for _ in range(draws):
        side = (rng.random(int(blocks.max(initial=0)) + 1) < 0.5)[blocks]
        if 0 < side.sum() < len(side):
            row = {"inverse": 1 / side.sum() + 1 / (~side).sum()}
            for name, column in columns.items():
                row |= column.distances(name, column.count(side), column.count(~side))
            found.append(row)
    return pd.DataFrame(found)


def _reduced(together: np.ndarray, apart: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Leading components of all windows' vectors, window by window."""
    from sklearn.decomposition import PCA

    if len(together) < 4 * MIN_VALUES or together.shape[1] <= COMPONENTS:
        return [np.asarray(v, np.float64) for v in apart]
    basis = PCA(COMPONENTS, svd_solver="covariance_eigh").fit(np.asarray(together, np.float64))
    return [
        basis.transform(np.asarray(v, np.float64)) if len(v) else np.empty((0, COMPONENTS)) for v in apart
    ]
