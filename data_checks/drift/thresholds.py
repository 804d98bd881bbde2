"""Drift limits that hold when rows are few.

A distance between two samples of one distribution is above zero, and the more so the fewer the
rows: at 50 rows a side the usual limit of 0.1 on the Wasserstein distance is exceeded most of the
time by chance alone. Each limit here is the larger of the limit on the effect and the value that
chance exceeds with probability `alpha`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm, wasserstein_distance

__all__ = ["auc_limit", "categorical_distance", "numeric_distance", "shuffled_limit"]

Distance = Callable[[np.ndarray, np.ndarray], float]


def numeric_distance(reference: np.ndarray, current: np.ndarray) -> float:
    """Wasserstein distance over the reference's standard deviation, as Evidently's `wasserstein`."""
    return float(wasserstein_distance(reference, current) / max(float(np.std(reference)), 0.001))


def categorical_distance(reference: np.ndarray, current: np.ndarray) -> float:
    """Jensen-Shannon distance of two (n,) arrays of codes from 0, as Evidently's `jensenshannon`."""
    size = int(max(reference.max(initial=0), current.max(initial=0))) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (reference, current)]
    return float(np.nan_to_num(jensenshannon(*shares)))


def shuffled_limit(
    reference: pd.Series,
    current: pd.Series,
    numeric: bool,
    *,
    effect: float,
    alpha: float,
    shuffles: int = 400,
    seed: int = 0,
) -> float:
    """The larger of `effect` and the distance's 1 - alpha quantile when rows swap sides at random.

    The permutation test's critical value (Good, Permutation Tests, 2000); exact for any
    distribution when rows are independent. Series must hold no missing value.
    """
    pooled = pd.concat([reference, current], ignore_index=True)
    values = pooled.to_numpy(np.float64) if numeric else pd.factorize(pooled)[0]
    distance: Distance = numeric_distance if numeric else categorical_distance
    rng = np.random.default_rng(seed)
    seen = np.empty(shuffles)
    for i in range(shuffles):
        mixed = rng.permutation(values)
        seen[i] = distance(mixed[: len(reference)], mixed[len(reference) :])
    return max(effect, float(np.quantile(seen, 1 - alpha, method="higher")))


def auc_limit(
    current_rows: int, reference_rows: int, effect: float, alpha: float, spread: float = 1.0
) -> float:
    """The larger of `effect` and the ROC AUC that a classifier without skill exceeds by chance.

    Held-out scores of two samples of one distribution are exchangeable, so their AUC is the
    Mann-Whitney statistic with mean 1/2 and variance (m + n + 1) / (12 m n) (Mann and Whitney,
    1947), where m and n are the held-out rows of each side: half of what is given.

    Args:
        spread: standard deviation of the score over that of one split; below 1 for a mean of splits.
    """
    m, n = max(current_rows / 2, 1.0), max(reference_rows / 2, 1.0)
    deviation = spread * float(np.sqrt((m + n + 1) / (12 * m * n)))
    return max(effect, 0.5 + float(norm.isf(alpha)) * deviation)
