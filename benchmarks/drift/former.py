"""The former statistic, kept as the rival: a share of columns over limits for independent rows.

A column counts when its distance is over 0.1 and over what 99 of 100 shuffles reach; a window alarms when
40% of the columns count or a classifier tells the vectors apart at a ROC AUC of 0.65.
"""

import numpy as np

from data_checks.drift.monitors import MIN_VALUES, comparable, vector_distance
from data_checks.drift.thresholds import categorical_distance, numeric_distance
from data_checks.drift.windows import Window

__all__ = ["former_alarm"]

EFFECT, ALPHA, SHARE, AUC, ROWS, SHUFFLES = 0.1, 0.01, 0.4, 0.65, 2000, 100
COLUMNS = (
    "log_price", "title_length", "description_length", "attributes", "photos", "language", "category",
    "has_text", "has_photo", "has_sound", "has_price", "has_brand", "text_length", "top_score", "top_label",
)  # fmt: skip
"""What it looked at; columns of other names (Online Retail's) are all looked at."""


def former_alarm(window: Window, reference: Window, seed: int = 0) -> bool:
    """Whether the former verdict called this window a drift; it had no second look."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(reference.rows)[:ROWS]
    names = [n for n in reference.columns if n in COLUMNS] or list(reference.columns)
    moved, known = 0, 0
    for name in names:
        then, now = reference.columns[name].iloc[rows], window.columns[name]
        if min(then.notna().sum(), now.notna().sum()) < MIN_VALUES:
            continue
        numeric, first, second = comparable(then, now)
        distance = numeric_distance if numeric else categorical_distance
        known += 1
        found = distance(first, second)
        if found <= EFFECT:
            continue
        both = np.concatenate([first, second])
        mixed = [rng.permutation(both) for _ in range(SHUFFLES)]
        chance = [distance(m[: len(first)], m[len(first) :]) for m in mixed]
        moved += found > np.quantile(chance, 1 - ALPHA, method="higher")
    apart = [vector_distance(reference.vectors[n][rows], window.vectors[n]) for n in window.vectors]
    return moved / max(known, 1) >= SHARE or max(apart, default=0.0) > AUC - 0.5
