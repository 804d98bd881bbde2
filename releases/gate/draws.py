"""How far two models lie apart, and how far chance alone moves that: a bootstrap over products.

The same draws serve every figure, so that figures which rise and fall together are judged together. Products
that are near duplicates of one another (variants) are drawn together: they are not independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from releases.gate.figures import Figure

__all__ = ["RETRAINED", "Difference", "critical", "differences", "widened"]

DRAWS = 2000
RETRAINED = 100
"""Products whose chance is like that of another training."""
BLOCK = 250
"""Draws at once: bounds memory to some 100 MB for 100,000 products."""


@dataclass(frozen=True)
class Difference:
    """Challenger less champion of one figure.

    Attributes:
        challenger, champion, by: of the products as they are.
        error: standard error of `by`, over draws of products.
        deviates: (draws,) how far each draw's difference lies from `by`, in errors.
    """

    figure: Figure
    challenger: float
    champion: float
    by: float
    error: float
    deviates: np.ndarray


def differences(figures: Sequence[Figure], groups: np.ndarray, seed: int = 0) -> list[Difference]:
    """Every figure that there is, with its error.

    The variance has that of one disagreement on top (Agresti & Min 2005): without it two models that agree
    on a handful of products would be as surely equal as on thousands.

    Args:
        groups: (n,) products of one group are drawn together.
    """
    names, members = np.unique(groups, return_inverse=True)
    whole = np.ones((1, len(groups)), dtype=np.float32)
    generator = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[] for _ in figures]
    means = [i for i, figure in enumerate(figures) if figure.sums is not None]
    # One product of matrices for all means: a product each would read the weights again and again.
    stacked = np.concatenate([np.zeros((len(groups), 0), np.float32), *_sums(figures)], axis=1)
    for _ in range(0, DRAWS, BLOCK):
        drawn = generator.integers(0, len(names), (BLOCK, len(names)))
        flat = (drawn + len(names) * np.arange(BLOCK)[:, None]).ravel()
        counts = np.bincount(flat, minlength=BLOCK * len(names)).reshape(BLOCK, -1)
        weights = counts.astype(np.float32)[:, members]
        sums = (weights @ stacked).reshape(BLOCK, -1, 3)
        with np.errstate(invalid="ignore"):
            differ = (sums[:, :, 0] - sums[:, :, 1]) / sums[:, :, 2]
        for i, by in zip(means, differ.T, strict=True):
            parts[i].append(by)
        for part, figure in zip(parts, figures, strict=True):
            if figure.sums is None:
                ours, theirs = figure.of(weights)
                part.append(ours - theirs)
    found = []
    for figure, part in zip(figures, parts, strict=True):
        mine, other = (float(value[0]) for value in figure.of(whole))
        by = mine - other
        if not np.isfinite(by):
            continue
        drawn_by = np.concatenate(part)
        drawn_by[np.isnan(drawn_by)] = by  # a draw without any product of the figure says nothing
        error = float(np.sqrt(drawn_by.var() + 1 / figure.rows**2))
        found.append(Difference(figure, mine, other, by, error, (drawn_by - by) / error))
    return found


def _sums(figures: Sequence[Figure]) -> list[np.ndarray]:
    return [figure.sums for figure in figures if figure.sums is not None]


def widened(one: Difference) -> float:
    """The error of a figure that also differs from training to training of one recipe.

    Another seed moves it about as much as another 100 products would (measured: docs/RESULTS.md); that two
    trainings differ by so much, however many products show it, makes neither the worse recipe.
    """
    spread = max(one.champion * (1 - one.champion), 0.0) / RETRAINED
    return float(np.sqrt(one.error**2 + spread))


def critical(found: Sequence[Difference], refused: float) -> float:
    """How many errors below the champion a figure must lie to tell, so that of equal models the share
    `refused` has any figure that does: the quantile of the largest of all deviates (Westfall & Young 1993).
    """
    if not found:
        return float("inf")
    largest = np.max([-difference.deviates for difference in found], axis=0)
    return float(np.quantile(largest, 1 - refused))
