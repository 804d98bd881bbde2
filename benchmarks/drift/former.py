"""The former statistic, kept as the rival: a share of columns over limits for independent rows.

A column counts when its distance is over 0.1 and over what 99 of 100 shuffles reach; a window alarms when
40% of the columns count or a classifier tells the vectors apart at a ROC AUC of 0.65.
"""

import numpy as np
import pandas as pd
from scipy.stats import wasserstein_distance

from data_checks.drift.monitors import MIN_VALUES, TOP_VALUES, divergence, is_number, vector_distance
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
        numeric, first, second = _comparable(then.dropna(), now.dropna())
        distance = _numeric if numeric else _categorical
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


def _numeric(then: np.ndarray, now: np.ndarray) -> float:
    return float(wasserstein_distance(then, now) / max(float(np.std(then)), 0.001))


def _categorical(then: np.ndarray, now: np.ndarray) -> float:
    size = int(max(then.max(initial=0), now.max(initial=0))) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (then, now)]
    return divergence(shares[0], shares[1])


def _comparable(then: pd.Series, now: pd.Series) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether both are numbers, and their values: floats, or codes of the frequent values."""
    if is_number(then) and is_number(now):
        return True, then.to_numpy(float), now.to_numpy(float)
    codes, values = pd.factorize(pd.concat([then.astype(str), now.astype(str)], ignore_index=True))
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(-np.bincount(codes), kind="stable")] = np.arange(len(values))
    codes = np.minimum(rank[codes], TOP_VALUES)
    return False, codes[: len(then)], codes[len(then) :]
