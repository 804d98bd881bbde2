"""Whether something learned beats its simple rivals: compared row by row, on rows it has not learned from.

The learned one is used where it is better than the strongest rival by more than chance: the 95% interval of
the mean difference over the same rows lies above 0. Otherwise, and below a stated number of rows, the rival
is. The interval is Student's, over rows (queries, products) that are taken as independent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shelfspace.errors import InputError

__all__ = ["LEARNED", "LEAST_ROWS", "Comparison", "compare", "interval"]

LEARNED = "learned"
LEAST_ROWS = 30
"""Rows below which nothing learned is used."""
LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """What a learned step scored beside its simple rivals, and which of them is used.

    Attributes:
        learned: mean score.
        rivals: name to mean score.
        winner: `learned`, or the rival that is used instead.
        rival: the strongest rival.
        by: mean of learned less that rival.
        interval: low and high end of the 95% interval of `by`.
        rows: how many were compared.
    """

    learned: float
    rivals: Mapping[str, float]
    winner: str
    rival: str
    by: float
    interval: tuple[float, float]
    rows: int

    @property
    def learned_wins(self) -> bool:
        return self.winner == LEARNED

    def sentence(self) -> str:
        """Who is used, and by how much, in one line."""
        low, high = self.interval
        figures = f"{self.by:+.3f}, 95% interval {low:+.3f} to {high:+.3f}, {self.rows} rows"
        beside = f"{self.rival} {self.rivals[self.rival]:.3f}"
        return f"{self.winner} is used: learned {self.learned:.3f}, {beside} ({figures})"

    def describe(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "learned": round(self.learned, 4),
            "rivals": {name: round(score, 4) for name, score in self.rivals.items()},
            "winner": self.winner,
            "rival": self.rival,
            "by": round(self.by, 4),
            "interval": [round(end, 4) if np.isfinite(end) else None for end in self.interval],
            "rows": self.rows,
        }


def compare(
    learned: np.ndarray,
    rivals: Mapping[str, np.ndarray],
    least_rows: int = LEAST_ROWS,
    weights: np.ndarray | None = None,
) -> Comparison:
    """Compare scores of the same n rows; the higher is better.

    Args:
        learned: (n,) float, of rows that it has not learned from.
        rivals: name to (n,), the simplest first: of rivals with equal means the first stands.
        least_rows: below it the strongest rival wins whatever the scores say.
        weights: (n,) above 0, how much each row counts beside others; None for all the same.

    Raises:
        InputError: no rival, one named `learned`, no row, or scores of other rows.
    """
    own = np.asarray(learned, np.float64)
    if not rivals or LEARNED in rivals:
        raise InputError("rivals", sorted(rivals), f"name one simple rival or more, none of them {LEARNED!r}")
    sizes = {LEARNED: own.shape, **{name: np.shape(scores) for name, scores in rivals.items()}}
    if own.ndim != 1 or not len(own) or len(set(sizes.values())) > 1:
        raise InputError("scores", sizes, "score the same rows, one or more, by each")
    means = {name: float(np.average(scores, weights=weights)) for name, scores in rivals.items()}
    strongest = max(means, key=lambda name: means[name])
    difference = own - np.asarray(rivals[strongest], np.float64)
    low, high = interval(difference, weights)
    wins = len(own) >= least_rows and low > 0
    winner = LEARNED if wins else strongest
    mean, by = (float(np.average(scores, weights=weights)) for scores in (own, difference))
    return Comparison(mean, means, winner, strongest, by, (low, high), len(own))


def interval(differences: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """95% interval of the mean of n differences, weighted or not; unbounded for a single one."""
    n = len(differences)
    if n < 2:
        return (-np.inf, np.inf)
    share = np.ones(n) / n if weights is None else np.asarray(weights, np.float64) / np.sum(weights)
    mean = float(share @ differences)
    from scipy.special import stdtrit  # Dagster's definitions load without it

    # Of equal shares this is the standard error of a mean: the deviation over the root of n.
    error = math.sqrt(n / (n - 1) * float(share**2 @ (differences - mean) ** 2))
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error
    return (mean - half, mean + half)
