"""How well class probabilities name the right class; every figure by scikit-learn.

A figure that cannot be computed is absent or None with its reason, never zero.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

from shelfspace.errors import ArtifactError

__all__ = ["calibration_error", "classification", "interval", "macro_f1", "roc_points"]

CURVE_POINTS = 60
"""Points kept of one ROC curve: enough for a smooth picture, small enough for metrics.json."""


def classification(y_true: np.ndarray, probs: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    """Scores of class probabilities.

    Macro figures are unweighted means over the classes that occur in `y_true`; classes that do
    not occur are listed under `absent_labels` and enter no mean. A class that is never predicted
    has precision 0.

    Args:
        y_true: (n,) int, index into `label_names`; n at least 1.
        probs: (n, classes) float, rows sum to 1.
        label_names: one name per column of `probs`.

    Returns:
        rows, accuracy, macro_precision, macro_recall, macro_f1, log_loss, calibration_error,
        roc_auc (macro one-versus-rest; None where fewer than two classes occur), per_class
        {label: precision, recall, f1, rows, roc_auc}, confusion (rows actual, columns predicted,
        in the order of `label_names`), labels, absent_labels.

    Raises:
        ArtifactError: the probabilities are not finite: the model is broken.
    """
    if not np.isfinite(probs).all():
        raise ArtifactError("the model gives probabilities that are not finite; it cannot be judged")
    label_names = list(label_names)
    every = np.arange(len(label_names))
    predicted = probs.argmax(axis=1)
    occurring = np.unique(y_true)
    precision, recall, f1, support = precision_recall_fscore_support(
        y_true, predicted, labels=every, zero_division=0.0
    )
    areas = {int(c): class_auc(y_true, probs, int(c)) for c in occurring}
    sure = np.clip(probs.astype(np.float64), 1e-7, 1.0)
    sure /= sure.sum(axis=1, keepdims=True)
    known = [a for a in areas.values() if a is not None]
    return {
        "rows": len(y_true),
        "accuracy": float(accuracy_score(y_true, predicted)),
        "macro_precision": float(precision[occurring].mean()),
        "macro_recall": float(recall[occurring].mean()),
        "macro_f1": float(f1[occurring].mean()),
        "log_loss": log_loss(y_true, sure, labels=every) if len(every) > 1 else None,
        "calibration_error": calibration_error(y_true, probs),
        "roc_auc": float(np.mean(known)) if known else None,
        "per_class": {
            label_names[c]: {
                "precision": float(precision[c]),
                "recall": float(recall[c]),
                "f1": float(f1[c]),
                "rows": int(support[c]),
                "roc_auc": areas[int(c)],
            }
            for c in occurring
        },
        "labels": list(label_names),
        "absent_labels": [label_names[c] for c in every if c not in occurring],
        "confusion": confusion_matrix(y_true, predicted, labels=every).tolist(),
    }


def class_auc(y_true: np.ndarray, probs: np.ndarray, column: int) -> float | None:
    """Area under the one-versus-rest ROC curve; None where all rows are of that class."""
    positive = y_true == column
    return None if positive.all() else float(roc_auc_score(positive, probs[:, column]))


def calibration_error(y_true: np.ndarray, probs: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over bins (Guo 2017), in [0, 1]."""
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == y_true
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(right[index == b].sum() - confidence[index == b].sum()) for b in np.unique(index)]
    return float(np.sum(gaps) / len(y_true))


def roc_points(y_true: np.ndarray, probs: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    """One-versus-rest ROC curves, thinned for drawing.

    Returns:
        `{"macro": {fpr, tpr, auc}, "per_class": {label: {fpr, tpr, auc}}}` with lists of rates in
        [0, 1]; macro is the mean of the class curves on a common grid. Empty where fewer than two
        classes occur.
    """
    grid = np.linspace(0.0, 1.0, CURVE_POINTS) ** 2  # dense where good curves rise
    curves: dict[str, Any] = {}
    heights = []
    for c in np.unique(y_true):
        area = class_auc(y_true, probs, int(c))
        if area is None:
            continue
        fpr, tpr, _ = roc_curve(y_true == c, probs[:, c])
        heights.append(np.interp(grid, fpr, tpr))
        kept = np.unique(np.linspace(0, len(fpr) - 1, min(len(fpr), CURVE_POINTS)).round().astype(int))
        curves[label_names[c]] = {"fpr": fpr[kept].tolist(), "tpr": tpr[kept].tolist(), "auc": area}
    if not curves:
        return {}
    mean = [0.0, *np.mean(heights, axis=0).tolist()]
    area = float(np.mean([curve["auc"] for curve in curves.values()]))
    macro = {"fpr": [0.0, *grid.tolist()], "tpr": mean, "auc": area}
    return {"macro": macro, "per_class": curves}


def interval(
    statistic: Callable[[np.ndarray], float], rows: int, resamples: int, seed: int = 0, level: float = 0.95
) -> list[float]:
    """Percentile bootstrap interval of a statistic over rows (Efron 1979).

    Args:
        statistic: takes (rows,) int64 row numbers drawn with replacement.
        rows: how many rows there are.
        resamples: how many draws.
        seed: the same seed draws the same rows, so intervals of two models are paired.
        level: share of draws inside.

    Returns:
        lower and upper bound.
    """
    generator = np.random.default_rng(seed)
    values = [statistic(generator.integers(0, rows, rows)) for _ in range(resamples)]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return [float(low), float(high)]


def macro_f1(y_true: np.ndarray, predicted: np.ndarray) -> float:
    """Macro F1 over the labels that occur in `y_true`, as scikit-learn's with `labels=np.unique(y_true)`.

    Counted here since scikit-learn spends a millisecond a call, and a bootstrap calls it thousands of times.
    """
    names, codes = np.unique(np.concatenate([y_true, predicted]), return_inverse=True)
    truth, guess = codes[: len(y_true)], codes[len(y_true) :]
    actual = np.bincount(truth, minlength=len(names))
    given = np.bincount(guess, minlength=len(names))
    hits = np.bincount(truth[truth == guess], minlength=len(names))
    occurring = actual > 0
    return float((2 * hits[occurring] / (actual + given)[occurring]).mean())
