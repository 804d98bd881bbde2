"""Drift of embeddings: how well a classifier tells two periods apart.

Evidently's own `EmbeddingsDrift` metric draws a t-SNE each time (33 s on 300 rows), so its `model`
method is called directly.
"""

import numpy as np
import pandas as pd

from data_checks.drift.thresholds import auc_limit
from shelfspace.errors import InputError
from shelfspace.settings import Monitoring
from shelfspace.telemetry import quiet_telemetry

__all__ = ["ALPHA", "COMPONENTS", "SPLITS", "embedding_drift"]

ALPHA = 0.001
"""Chance of a false alarm per verdict; low, since the sensor asks every minute."""
COMPONENTS = 16
"""Leading components the classifier sees: at 200 rows a side they raise the share of moderate
shifts found from 0.11 (all 256 dimensions) to 0.62. The price: one new kind in 50 rows against
2,000 is found less often (0.35 against 0.75). See benchmarks/results/drift_false_alarms.md."""
SPLITS = 5
SPREAD = 0.75
"""Standard deviation of the mean over `SPLITS` halves, relative to one half's: 0.54 to 0.87, 0.65 on
average, measured on four kinds of distribution at 50 to 1,000 rows."""


def embedding_drift(current: np.ndarray, reference: np.ndarray, settings: Monitoring) -> tuple[float, float]:
    """ROC AUC of telling two sets of vectors apart, and the limit above which that is drift.

    The mean over `SPLITS` random halves, since one split of few rows is mostly noise. Vectors are
    first reduced to their leading components over both sides together: without labels, so chance
    stays chance. (Evidently's `pca_components` fits on the reference alone, which tilts the AUC.)

    Args:
        current, reference: (m, d) and (n, d) float32; at most `sample_rows` of each are used.

    Raises:
        InputError: the widths differ, a value is not finite, or a side has fewer than 4 rows.
    """
    if current.ndim != 2 or reference.ndim != 2 or current.shape[1] != reference.shape[1]:
        raise InputError(
            "vectors", (current.shape, reference.shape), "compare vectors of one encoder: equal widths"
        )
    if min(len(current), len(reference)) < 4:
        raise InputError("vectors", (len(current), len(reference)), "give four rows a side at least")
    now, then = (_some(v, settings.sample_rows) for v in (current, reference))
    pooled = np.concatenate([then, now]).astype(np.float64)
    if not np.isfinite(pooled).all():
        raise InputError("vectors", "nan or infinity", "leave out rows whose embedding is not finite")
    quiet_telemetry()
    from evidently.legacy.metrics.data_drift.embedding_drift_methods import model
    from sklearn.decomposition import PCA

    components = min(COMPONENTS, pooled.shape[1], len(pooled) // 4)
    reduced = PCA(components, random_state=0).fit_transform(pooled)
    then, now = reduced[: len(then)], reduced[len(then) :]
    limit = auc_limit(len(now), len(then), settings.embedding_threshold, ALPHA, SPREAD)
    method = model(threshold=limit)
    scores = []
    for seed in range(SPLITS):
        rng = np.random.default_rng(seed)
        # Fresh frames: the method adds a column to both of its arguments.
        frames = [pd.DataFrame(side[rng.permutation(len(side))]) for side in (now, then)]
        scores.append(float(method(*frames)[0]))
    return float(np.mean(scores)), limit


def _some(vectors: np.ndarray, rows: int) -> np.ndarray:
    if len(vectors) <= rows:
        return np.asarray(vectors)
    return vectors[np.sort(np.random.default_rng(0).choice(len(vectors), rows, replace=False))]
