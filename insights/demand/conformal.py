"""Quantiles that hold: shifted until the weeks that were left out lie below them as often as they say.

Split conformal prediction, one quantile at a time and by group (Romano, Patterson & Candes, Conformalized
Quantile Regression, NeurIPS 2019). Ten lines of numpy: the libraries for it wrap a regressor, and here one
model forecasts four weeks and five quantiles of many series.
"""

import numpy as np

from insights.demand.forecast import LEVELS, MEDIAN

__all__ = ["LEAST", "WAY", "conformal_shifts"]

WAY = 0.5
"""How far quantiles go towards what the weeks that were left out ask for: the next weeks are of another
season, and the whole way swings with each (docs/insights.md has what it brings)."""

LEAST = 200
"""Weeks of products of a group below which it takes the shifts of all."""


def conformal_shifts(
    demand: np.ndarray, quantiles: np.ndarray, level: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """(groups, levels) float32: what to add to each quantile, as a share of the product's level.

    The median stays: it says where demand lies, and one season's surprise is not the next one's.

    Args:
        demand: (m,) pieces of weeks that nothing was learned from.
        quantiles: (m, levels) forecasts of them.
        level: (m,) above 0.
        group: (m,) int from 0; an empty group between others is allowed.
    """
    error = (demand[:, None] - quantiles) / level[:, None]
    shifts = np.zeros((int(group.max(initial=0)) + 1, len(LEVELS)), np.float32)
    for number in range(len(shifts)):
        own = error[group == number]
        own = own if len(own) >= LEAST else error
        for column, share in enumerate(LEVELS):
            if len(own) and column != MEDIAN:
                rank = min(int(np.ceil((len(own) + 1) * share)), len(own)) - 1
                shifts[number, column] = np.partition(own[:, column], rank)[rank]
    return shifts
