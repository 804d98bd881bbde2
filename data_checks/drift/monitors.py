"""Monitors: one distance each between a window and its reference.

Names of monitors: a column's own name (its distribution; `price_level` is made here), `<column> missing`
(share without a value), `<column> new` (share of rows with a value that the reference does not hold),
`<name> vectors` (how well a linear classifier tells the sides apart) and a count's own name. Distances of
columns are Evidently's: the Wasserstein distance over the reference's standard deviation for numbers,
Jensen-Shannon's for all else.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_checks.drift.thresholds import categorical_distance, numeric_distance
from data_checks.drift.windows import Window

__all__ = [
    "COMPONENTS", "MIN_VALUES", "PRICE_LEVEL", "TOP_VALUES", "YES_NO", "comparable", "count_distance",
    "divergence", "is_number", "measure", "share_distance", "vector_distance", "with_price_level",
]  # fmt: skip

MIN_VALUES = 10
"""A column with fewer values on a side is left out: nothing can be said of it."""
COMPONENTS = 16
"""Leading components that the classifier of vectors sees; more only add noise at 500 rows."""
SPLITS = 3
VECTOR_ROWS = 2000
TOP_VALUES = 20
PRICE_LEVEL = "price_level"
YES_NO = {"yes", "no"}


def measure(window: Window, reference: Window) -> dict[str, float]:
    """Distance of every monitor that both sides allow, 0 where they are alike.

    Args:
        window, reference: of one question.
    """
    found: dict[str, float] = {}
    before, after = (with_price_level(side.columns, reference.columns) for side in (reference, window))
    for name in before.columns.intersection(after.columns):
        then, now = before[name], after[name]
        found[f"{name} missing"] = share_distance(then.isna().mean(), now.isna().mean())
        if min(then.notna().sum(), now.notna().sum()) < MIN_VALUES:
            continue
        numeric, first, second = comparable(then, now)
        found[str(name)] = (numeric_distance if numeric else categorical_distance)(first, second)
        known = set() if numeric else set(then.dropna().astype(str))
        if known - YES_NO:
            unseen = ~now.dropna().astype(str).isin(known)
            found[f"{name} new"] = share_distance(0.0, float(unseen.mean()))
    for name in sorted(set(reference.vectors) & set(window.vectors)):
        sides = reference.vectors[name], window.vectors[name]
        if min(map(len, sides)) >= MIN_VALUES and sides[0].shape[1] == sides[1].shape[1]:
            found[f"{name} vectors"] = vector_distance(*sides)
    for name in sorted(set(reference.counts) & set(window.counts)):
        found[name] = count_distance(reference.counts[name], window.counts[name])
    return found


def with_price_level(columns: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """The columns and `price_level`: log_price over the median of its category in the reference.

    Dearer goods differ by far more than one good's price does in a year: a rise of 30% is 0.2 standard
    deviations of all prices of a shop and 0.7 of those of one category. Of a category that the reference
    does not hold it is unknown. Without both columns there is none.
    """
    if not {"log_price", "category"} <= {*columns.columns} & {*reference.columns}:
        return columns
    medians = reference.groupby("category", observed=True)["log_price"].median()
    level = columns["log_price"] - columns["category"].map(medians).astype(float)
    return columns.assign(**{PRICE_LEVEL: level})


def is_number(values: pd.Series) -> bool:
    """Whether a column is compared as numbers; yes and no are categories."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def comparable(then: pd.Series, now: pd.Series) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether both are numbers, and the known values of both: floats, or codes of the frequent values.

    Rare values are called other: kept are the most frequent of both sides together, chosen without regard to
    the side, so that a new frequent value is seen and samples of one distribution stay alike.
    """
    then, now = then.dropna(), now.dropna()
    if is_number(then) and is_number(now):
        return True, then.to_numpy(float), now.to_numpy(float)
    codes, values = pd.factorize(pd.concat([then.astype(str), now.astype(str)], ignore_index=True), sort=True)
    counts = np.bincount(codes, minlength=len(values))
    # Stable: of equally frequent values the first by name are kept, in whatever order rows come.
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(values))
    codes = np.minimum(rank[codes], TOP_VALUES)
    return False, codes[: len(then)], codes[len(then) :]


def divergence(then: Sequence[float] | np.ndarray, now: Sequence[float] | np.ndarray) -> float:
    """Jensen-Shannon distance of two distributions, as Evidently's and scipy's, without their overhead."""
    sides = np.array([then, now], float)
    middle = sides.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(sides > 0, sides * np.log(sides / middle), 0.0)
    return float(np.sqrt(max(parts.sum() / 2, 0.0)))


def share_distance(then: float, now: float) -> float:
    """Jensen-Shannon distance of two shares."""
    return divergence([then, 1 - then], [now, 1 - now])


def count_distance(then: float, now: float) -> float:
    """How far a figure of the whole has moved, as a share of what it was; below 1, the difference."""
    return abs(now - then) / max(abs(then), 1.0)


def vector_distance(reference: np.ndarray, current: np.ndarray) -> float:
    """ROC AUC beyond chance, 0 to 0.5, of a linear classifier that tells held-out rows of two sides apart.

    Evidently's own classifier of embeddings is linear too and takes 0.3 s a pair; Fisher's discriminant
    has a closed form. Vectors are first reduced to their leading components over both sides together:
    without regard to the side, so chance stays chance.

    Args:
        reference, current: (m, d) and (n, d) float32; at most `VECTOR_ROWS` of each are used.
    """
    from scipy.stats import rankdata
    from sklearn.decomposition import PCA

    then, now = (_some(v) for v in (reference, current))
    both = np.concatenate([then, now])
    components = min(COMPONENTS, len(both) // 4)
    reduced = both
    if both.shape[1] > components:
        reduced = PCA(components, svd_solver="covariance_eigh").fit_transform(both)
    side = np.repeat([0, 1], [len(then), len(now)])
    scores = []
    for seed in range(SPLITS):
        half = np.zeros(len(side), bool)
        for of in (0, 1):
            rows = np.random.default_rng(seed).permutation(np.flatnonzero(side == of))
            half[rows[: len(rows) // 2]] = True
        for train in (half, ~half):
            ranks, held = rankdata(reduced[~train] @ _discriminant(reduced[train], side[train])), side[~train]
            positives = held.sum()
            above = ranks[held == 1].sum() - positives * (positives + 1) / 2
            scores.append(above / (positives * (len(held) - positives)))
    return max(float(np.mean(scores)) - 0.5, 0.0)


def _discriminant(rows: np.ndarray, side: np.ndarray) -> np.ndarray:
    """(d,) Fisher's direction, its covariance shrunk by a hundredth: constant directions do no harm."""
    means = [rows[side == of].mean(axis=0) for of in (0, 1)]
    within = np.cov(rows - np.where(side[:, None] == 1, means[1], means[0]), rowvar=False)
    within = np.atleast_2d(within)
    ridge = 0.01 * np.trace(within) / len(within) + 1e-12
    return np.linalg.solve(within + ridge * np.eye(len(within)), means[1] - means[0])


def _some(vectors: np.ndarray) -> np.ndarray:
    if len(vectors) <= VECTOR_ROWS:
        return np.asarray(vectors, np.float64)
    rows = np.sort(np.random.default_rng(0).choice(len(vectors), VECTOR_ROWS, replace=False))
    return np.asarray(vectors[rows], np.float64)
