"""Intervals by split conformal prediction within each category, as wide as a listing is hard to price.

Errors of left-out listings are divided by how large they were expected to be; the quantile of that ratio
within a category, times what is expected of a new listing, is its half width (Mondrian and normalised
conformal prediction: Vovk et al., 2005; Papadopoulos et al., 2002). It is these few lines: MAPIE 1.x would be
one more dependency, fits the models itself, and has no calibration from errors that are there already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Difficulty", "quantiles_within"]

FLOOR = 0.1
"""Errors of log price below this tenth are all small: their logarithm says nothing."""
PENALTY = 30.0
CUTS = (0.25, 0.5, 0.75)
PARTS = 5


@dataclass(frozen=True)
class Difficulty:
    """How large an error is expected: a ridge on facts of a listing, bent at their quartiles.

    Attributes:
        cuts: (quartiles, facts).
        middle, scale: (columns,) of the bent facts.
        weights: (columns,); base: of the logarithm.
        ends: (2,) the least and most that it says of what it was fitted on; nothing lies beyond.
    """

    cuts: np.ndarray
    middle: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    ends: np.ndarray
    base: float

    @classmethod
    def fit(cls, facts: np.ndarray, errors: np.ndarray) -> "Difficulty":
        """Learn from (n, facts) of listings and their (n,) absolute errors, left out."""
        cuts = np.quantile(facts, CUTS, axis=0)
        columns = bent(facts, cuts)
        middle, scale = columns.mean(axis=0), np.maximum(columns.std(axis=0), 1e-9)
        rows = (columns - middle) / scale
        logs = np.log(errors + FLOOR)
        base = float(logs.mean())
        held = rows.T @ rows + PENALTY * np.eye(rows.shape[1])
        weights = np.linalg.solve(held, rows.T @ (logs - base))
        said = rows @ weights
        return cls(cuts, middle, scale, weights, np.array([said.min(), said.max()]), base)

    def expected(self, facts: np.ndarray) -> np.ndarray:
        """(m,) expected size of the error, on a scale of its own."""
        rows = (bent(facts, self.cuts) - self.middle) / self.scale
        return np.asarray(np.exp(np.clip(rows @ self.weights, *self.ends) + self.base))


def bent(facts: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """(n, columns) facts, and how far each lies above its quartiles."""
    return np.concatenate([facts, *(np.maximum(facts - cut, 0.0) for cut in cuts)], axis=1)


def expected_left_out(facts: np.ndarray, errors: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(n,) what is expected of each listing by a fit to other groups."""
    expected = np.empty(len(errors))
    part = groups % PARTS
    for number in range(PARTS):
        held = part == number
        if held.any() and not held.all():
            expected[held] = Difficulty.fit(facts[~held], errors[~held]).expected(facts[held])
        else:
            expected[held] = Difficulty.fit(facts, errors).expected(facts[held])
    return expected


def quantiles_within(
    ratios: np.ndarray, categories: Sequence[str], coverage: float, least: int
) -> dict[str, float]:
    """Category to the quantile of its ratios that holds `coverage` of further ones; "" over all.

    A category of fewer than `least` listings is left out: that over all stands for it.
    """
    labels = np.asarray(categories, dtype=object)
    found = {"": conformal(ratios, coverage)}
    for label in sorted(set(labels.tolist()) - {""}):
        own = ratios[labels == label]
        if len(own) >= least:
            found[label] = conformal(own, coverage)
    return found


def conformal(values: np.ndarray, coverage: float) -> float:
    """The value below which a further one lies with at least the probability `coverage`."""
    place = int(np.ceil((len(values) + 1) * coverage))
    return float(np.sort(values)[min(place, len(values)) - 1])
