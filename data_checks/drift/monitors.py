"""Monitors: one distance each between a window and its reference.

Names of monitors: a column's own name (its distribution; `price_level` is made here), `<column> missing`
(share without a value), `<column> new` (share of rows with a value that the reference does not hold),
`<name> vectors` (how well a linear classifier tells the sides apart) and a count's own name. Distances of
columns are Evidently's: the Wasserstein distance over the reference's standard deviation for numbers,
Jensen-Shannon's for all else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from data_checks.drift.prices import OWN_PRICE
from data_checks.drift.windows import Window
from shelfspace.errors import InputError

__all__ = [
    "CLOSED", "COMPONENTS", "DERIVED", "MIN_VALUES", "PRICE_LEVEL", "TINY", "TOP_VALUES", "count_distance",
    "divergence", "is_number", "measure", "share_distance", "spread", "vector_distance", "with_price_level",
]  # fmt: skip

MIN_VALUES = 10
"""A column with fewer values on a side is left out: nothing can be said of it."""
COMPONENTS = 16
"""Leading components that the classifier of vectors sees; more only add noise at 500 rows."""
SPLITS = 3
VECTOR_ROWS = 2000
TOP_VALUES = 20
PRICE_LEVEL = "price_level"
DERIVED = (PRICE_LEVEL, OWN_PRICE)
"""Columns that are made here of others: whether one is missing says something of those."""
TINY = 0.001
LEAST_SPREAD = {"confidence": 0.1, "top_score": 0.1}
"""Of a model that is sure of nearly everything: a spread of nothing makes a shift of nothing large."""
CLOSED = {"yes", "no", "higher", "lower", "as before"}
"""Values of columns that can hold no other: none of them is new."""


def measure(window: Window, reference: Window) -> dict[str, float]:
    """Distance of every monitor that both sides allow, 0 where they are alike.

    Args:
        window, reference: of one question.
    """
    then = _reference_values(reference)
    now = _values(with_price_level(window.columns, reference.columns))
    found: dict[str, float] = {}
    for name in (name for name in then if name in now):
        found |= _column_distances(name, then[name], now[name])
    for name in sorted(set(reference.vectors) & set(window.vectors)):
        sides = reference.vectors[name], window.vectors[name]
        if min(map(len, sides)) >= MIN_VALUES and sides[0].shape[1] == sides[1].shape[1]:
            found[f"{name} vectors"] = vector_distance(*sides)
    for name in sorted(set(reference.counts) & set(window.counts)):
        found[name] = count_distance(reference.counts[name], window.counts[name])
    return found


@dataclass(frozen=True, eq=False)
class _Values:
    """One column: numbers in ascending order, else how often each value is there."""

    rows: int
    known: int
    numbers: np.ndarray | None
    counts: Counter[str]


def _values(columns: pd.DataFrame) -> dict[str, _Values]:
    found = {}
    for name, values in columns.items():
        known = values.dropna()
        numbers = np.sort(known.to_numpy(float)) if is_number(known) else None
        counts = Counter(map(str, known.tolist())) if numbers is None else Counter[str]()
        found[str(name)] = _Values(len(values), len(known), numbers, counts)
    return found


@lru_cache(8)
def _reference_values(reference: Window) -> dict[str, _Values]:
    """Many windows are held against one reference, which is read once."""
    return _values(with_price_level(reference.columns, reference.columns))


def _column_distances(name: str, then: _Values, now: _Values) -> dict[str, float]:
    found = {}
    if name not in DERIVED:
        missing = [1 - side.known / max(side.rows, 1) for side in (then, now)]
        found[f"{name} missing"] = share_distance(*missing)
    if min(then.known, now.known) < MIN_VALUES or (then.numbers is None) is not (now.numbers is None):
        return found
    if then.numbers is not None and now.numbers is not None:
        return {**found, name: _wasserstein(then.numbers, now.numbers, spread(name, then.numbers))}
    # Ties broken by name: of equally frequent values the same are kept in whatever order rows come.
    values = sorted({*then.counts, *now.counts}, key=lambda v: (-then.counts[v] - now.counts[v], v))
    counts = np.array([[side.counts[v] for v in values] for side in (then, now)], float)
    kept, rest = counts[:, :TOP_VALUES], counts[:, TOP_VALUES:].sum(axis=1, keepdims=True)
    found[name] = divergence(*(np.hstack([kept, rest]) / counts.sum(axis=1, keepdims=True)))
    if {*then.counts} - CLOSED:
        found[f"{name} new"] = share_distance(0.0, float(counts[1, counts[0] == 0].sum() / now.known))
    return found


def spread(name: str, values: np.ndarray) -> float:
    """What a distance of numbers is measured in: their standard deviation, or the least that counts."""
    return max(float(np.std(values)) if len(values) else 0.0, LEAST_SPREAD.get(name, TINY))


def _wasserstein(then: np.ndarray, now: np.ndarray, unit: float) -> float:
    """Wasserstein distance of sorted numbers in units, as Evidently's."""
    both = np.sort(np.concatenate([then, now]), kind="stable")
    shares = [np.searchsorted(side, both[:-1], side="right") / len(side) for side in (then, now)]
    return float(np.abs(shares[0] - shares[1]) @ np.diff(both) / unit)


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

    Raises:
        InputError: the widths differ, or a value is not finite.
    """
    if reference.ndim != 2 or current.ndim != 2 or reference.shape[1] != current.shape[1]:
        shapes = reference.shape, current.shape
        raise InputError("vectors", shapes, "compare vectors of one encoder: equal widths")
    from scipy.stats import rankdata
    from sklearn.decomposition import PCA

    then, now = (_some(v) for v in (reference, current))
    both = np.concatenate([then, now])
    if not np.isfinite(both).all():
        raise InputError("vectors", "nan or infinity", "leave out rows whose embedding is not finite")
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
