"""What the folds say together: means, spread, and the paired difference to the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shelfspace.settings import Settings

__all__ = ["CrossValidationReport", "corrected_interval", "report_of"]

COMPARED = ("accuracy", "macro_f1", "macro_recall")
FIRST = ("seed", "fold", "rows", "not_judged", "unseen_rows", "train_rows", "validation_rows", *COMPARED)
METHOD = "corrected resampled t-test (Nadeau & Bengio 2003)"


@dataclass(frozen=True)
class CrossValidationReport:
    """The figures of all folds.

    Attributes:
        folds: one row a fold: seed, fold, train_rows, validation_rows, rows (judged), not_judged
            (unlabelled, or without a modality), unseen_rows (of a category the fold did not learn),
            accuracy, macro_f1, macro_recall, recall_at_k, the same of the baseline as
            baseline_accuracy and so on, best_epoch, epochs, seconds.
        metrics: metric to {mean, sd, per_seed}: over all folds, sd with n - 1, and `per_seed` a list
            of {seed, mean, sd} over one seed's folds.
        baseline: the same for the baseline, with its `name`; or name and `absent`, the reason.
        difference: metric to {mean, low, high, method, certain}: the model less the baseline, fold by
            fold, with its 95% interval.
        confusion: (classes, classes) int, rows actual, columns predicted, over all folds; with more
            than one seed each product counts once a seed.
        labels: category names, in the order of `confusion`.
        resumed: folds that were there before this call.
    """

    folds: pd.DataFrame
    metrics: dict[str, dict[str, Any]]
    baseline: dict[str, Any]
    difference: dict[str, dict[str, Any]]
    confusion: np.ndarray
    labels: list[str]
    resumed: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, without what depends on when it ran."""
        return {
            "folds": self.folds.drop(columns=["seconds"]).to_dict("records"),
            "metrics": self.metrics,
            "baseline": self.baseline,
            "difference": self.difference,
            "confusion": self.confusion.tolist(),
            "labels": self.labels,
        }


def report_of(
    results: Sequence[dict[str, Any]], label_names: Sequence[str], settings: Settings, resumed: int
) -> CrossValidationReport:
    """Summarise the folds' results."""
    rows = []
    for result in results:
        row = {k: v for k, v in result.items() if k not in ("confusion", "baseline")}
        beside = {f"baseline_{k}": v for k, v in result["baseline"].items() if k in COMPARED}
        # JSON has put the names in the order of the alphabet.
        first = {name: row.pop(name) for name in FIRST}
        rows.append({**first, **row, **beside})
    folds = pd.DataFrame(rows)
    shown = [*COMPARED, *(f"recall_at_{k}" for k in settings.evaluation.recall_at)]
    absent = next((r["baseline"]["absent"] for r in results if "absent" in r["baseline"]), None)
    baseline: dict[str, Any] = {"name": results[0]["baseline"]["name"]}
    difference: dict[str, dict[str, Any]] = {}
    if absent is not None:
        baseline["absent"] = absent
    else:
        # Held rows against all that the fold learnt or stopped by.
        ratio = float((folds["rows"] / (folds["train_rows"] + folds["validation_rows"])).mean())
        for name in COMPARED:
            baseline[name] = _spread(folds, f"baseline_{name}")
            gains = (folds[name] - folds[f"baseline_{name}"]).to_numpy(dtype=float)
            low, high = corrected_interval(gains, ratio)
            difference[name] = {
                "mean": float(gains.mean()),
                "low": low,
                "high": high,
                "method": METHOD,
                "certain": bool(low > 0 or high < 0),
            }
    return CrossValidationReport(
        folds=folds,
        metrics={name: _spread(folds, name) for name in shown if name in folds},
        baseline=baseline,
        difference=difference,
        confusion=np.sum([result["confusion"] for result in results], axis=0),
        labels=list(label_names),
        resumed=resumed,
    )


def _spread(folds: pd.DataFrame, column: str) -> dict[str, Any]:
    """Mean and standard deviation over all folds, and over those of each seed."""
    return {
        "mean": float(folds[column].mean()),
        "sd": float(folds[column].std()),
        "per_seed": [
            {"seed": int(seed), "mean": float(part.mean()), "sd": float(part.std())}
            for seed in folds["seed"].unique()
            for part in [folds.loc[folds["seed"] == seed, column]]
        ],
    }


def corrected_interval(differences: np.ndarray, ratio: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a mean difference over folds whose training rows overlap.

    Folds share most of their training rows, so the plain variance of the mean is too small. Nadeau
    and Bengio (2003, Machine Learning 52, p. 248) put 1/J + n_test/n_train in the place of 1/J.

    Args:
        differences: (J,) paired differences, J at least 2.
        ratio: held rows over training rows of a fold.
        level: share of the t distribution with J - 1 degrees of freedom inside.
    """
    from scipy.stats import t

    count = len(differences)
    scale = np.sqrt((1 / count + ratio) * differences.var(ddof=1))
    half = float(t.ppf((1 + level) / 2, count - 1) * scale)
    middle = float(differences.mean())
    return middle - half, middle + half
