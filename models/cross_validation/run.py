"""Cross-validation: how far the figures move with the rows and the seed, beside the text baseline.

Near-duplicates stay on one side, classes are spread evenly, and all that is fitted is fitted inside
the fold. Each finished fold is one file: a killed run is taken up at the fold it was in.
"""

import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from models.cross_validation.report import CrossValidationReport, report_of
from models.evaluation.baseline import NAME, predict_baseline
from models.evaluation.metrics import classification, macro_f1
from models.evaluation.retrieval import within
from models.features.table import FeatureTable
from shelfspace.errors import InputError
from shelfspace.files import read_json, write_json
from shelfspace.hashing import fingerprint
from shelfspace.progress import progress_bar
from shelfspace.settings import Settings

__all__ = ["Division", "Fittable", "cross_validate", "divisions"]

CODE = "2"
"""Changes when a fold of the same settings would give other figures."""


class Fittable(Protocol):
    """Features that are fitted per fold; `models.cross_validation.fold_features.FoldFeatures` is one."""

    @property
    def texts(self) -> Sequence[str]: ...

    @property
    def fingerprint(self) -> str: ...

    def fit(self, rows: np.ndarray) -> FeatureTable: ...


@dataclass(frozen=True)
class Division:
    """One fold of one seed: row numbers to learn from, to stop by, and to judge."""

    seed: int
    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def divisions(
    labels: np.ndarray, groups: np.ndarray, rows: np.ndarray, settings: Settings
) -> Iterator[Division]:
    """Every fold of every seed, by scikit-learn's StratifiedGroupKFold.

    The rows to stop by are a share (`preprocessing.validation_share`) of the rest, divided alike.

    Args:
        labels: (n,) int64, -1 where unknown, which counts as a class of its own.
        groups: (n,) str; a group is never divided.
        rows: row numbers that take part.

    Raises:
        InputError: fewer duplicate groups, or fewer products of the largest class, than folds.
    """
    folds = settings.cross_validation.folds
    most = _most_parts(labels, groups, rows)
    if most < folds:
        remedy = f"the duplicate groups and classes allow {most} at most; use fewer folds"
        raise InputError("cross_validation.folds", folds, remedy)
    share = max(settings.preprocessing.validation_share, 0.01)
    for seed in settings.cross_validation.seeds:
        for fold, (rest, test) in enumerate(_parts(labels, groups, rows, folds, seed)):
            parts = max(2, min(round(1 / share), _most_parts(labels, groups, rest)))
            train, validation = next(_parts(labels, groups, rest, parts, seed))
            yield Division(seed, fold, train, validation, test)


def _most_parts(labels: np.ndarray, groups: np.ndarray, rows: np.ndarray) -> int:
    """Into how many parts rows can be divided: one group each, and one row each of the largest class."""
    largest = np.unique(labels[rows], return_counts=True)[1].max(initial=0)
    return int(min(len(np.unique(groups[rows])), largest))


def _parts(
    labels: np.ndarray, groups: np.ndarray, rows: np.ndarray, folds: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    divide = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer products than folds is missing from some; the report counts such rows.
        warnings.filterwarnings("ignore", message="The least populated class in y")
        divided = list(divide.split(rows, labels[rows], groups[rows]))
    for rest, held in divided:
        yield rows[rest], rows[held]


def cross_validate(
    features: Fittable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    groups: np.ndarray,
    splits: np.ndarray,
    settings: Settings,
    folder: Path,
    progress: bool = True,
) -> CrossValidationReport:
    """Train and judge a model on every fold of every seed.

    The frozen holdout takes no part unless `cross_validation.holdout` is on.

    Args:
        features: n products, fitted per fold.
        labels, label_names, log_price, splits: as `models.training.train.train` takes them.
        groups: (n,) str duplicate group of each product.
        folder: keeps finished folds and the scratch of the running one.
        progress: say how far it is (`shelfspace.progress`).

    Raises:
        InputError: fewer than two categories, or too few groups for the folds.
    """
    taking_part = (splits != "test") | settings.cross_validation.holdout
    chosen = np.flatnonzero(taking_part)
    if len(np.unique(labels[chosen][labels[chosen] >= 0])) < 2:
        remedy = "cross-validation judges by categories; give two at least"
        raise InputError("labels", "fewer than two categories", remedy)
    planned = list(divisions(labels, groups, chosen, settings))
    key = _key(features, labels, label_names, log_price, groups, chosen, settings)
    kept = folder / f"folds-{key[:16]}"
    for other in folder.glob("folds-*"):
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)
    results, resumed = [], 0
    with progress_bar(planned, "cross-validation", unit="fold", progress=progress) as bar:
        for part in bar:
            path = kept / f"seed-{part.seed}-fold-{part.fold}.json"
            if path.exists():
                resumed += 1
            else:
                found = _judge(part, features, labels, label_names, log_price, settings, folder / "scratch")
                write_json(path, found)
            # Read back also when just written: both ways give the same numbers.
            results.append(read_json(path))
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    return report_of(results, label_names, settings, resumed)


def _judge(
    part: Division,
    features: Fittable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    settings: Settings,
    scratch: Path,
) -> dict[str, Any]:
    """Fit on one fold's training rows, judge its held rows; JSON-able."""
    from models.inference.product_encoder import ProductEncoder
    from models.training.train import train

    began = time.perf_counter()
    side = np.full(len(labels), "test", dtype="U10")
    side[part.train], side[part.validation] = "train", "validation"
    learnt = side != "test"
    table = features.fit(part.train)
    report = train(
        table,
        np.where(learnt, labels, -1),
        label_names,
        np.where(learnt, log_price, np.nan),
        side,
        settings.model_copy(update={"seed": part.seed}),
        featurizer_dir=None,
        out=scratch / "model",
        scratch=scratch,
        progress=False,
    )
    encoder = ProductEncoder.load(scratch / "model", device=settings.training.device)
    seen = [table.modalities[name].present for name in encoder.modalities]
    readable = part.test[np.any(seen, axis=0)[part.test]]
    rows = readable[labels[readable] >= 0]
    if len(rows) == 0:
        remedy = "a fold has no labelled product the model can read; use fewer"
        raise InputError("cross_validation.folds", settings.cross_validation.folds, remedy)
    said = encoder.encode_features(table.take(rows))
    truth = labels[rows]
    named = encoder.labelled(table.take(rows), said.probabilities)
    figures = classification(truth, named, label_names)
    found = within(said.vectors, truth, settings.evaluation.recall_at)
    return {
        "seed": part.seed,
        "fold": part.fold,
        "train_rows": len(part.train),
        "validation_rows": len(part.validation),
        "rows": len(rows),
        "not_judged": len(part.test) - len(rows),
        "unseen_rows": int((~np.isin(truth, labels[part.train])).sum()),
        **{name: figures[name] for name in ("accuracy", "macro_f1", "macro_recall")},
        **{name: value for name, value in found.items() if name.startswith("recall_at")},
        "confusion": figures["confusion"],
        "baseline": _baseline(features.texts, labels, part, rows),
        "best_epoch": report.best_epoch,
        "epochs": report.epochs,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _baseline(texts: Sequence[str], labels: np.ndarray, part: Division, rows: np.ndarray) -> dict[str, Any]:
    """The text baseline on the same rows; it has no epochs to stop, so it learns from all the others."""
    learnt = np.concatenate([part.train, part.validation])
    learnt = np.sort(learnt[labels[learnt] >= 0])
    predicted = predict_baseline([texts[i] for i in learnt], labels[learnt], [texts[i] for i in rows])
    if isinstance(predicted, str):
        return {"name": NAME, "absent": predicted}
    truth = labels[rows]
    return {
        "name": NAME,
        "train_rows": len(learnt),
        "accuracy": float((predicted == truth).mean()),
        "macro_f1": macro_f1(truth, predicted),
        "macro_recall": float(np.mean([(predicted == truth)[truth == c].mean() for c in np.unique(truth)])),
    }


def _key(
    features: Fittable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    groups: np.ndarray,
    rows: np.ndarray,
    settings: Settings,
) -> str:
    """Hash of what decides a fold; the list of seeds is left out, so that one more goes on."""
    return fingerprint(
        [
            CODE,
            features.fingerprint,
            list(label_names),
            [np.asarray(array).tolist() for array in (labels, log_price.astype("U"), groups, rows)],
            settings.model.model_dump(mode="json"),
            settings.training.model_dump(mode="json", exclude={"device"}),
            settings.cross_validation.folds,
            settings.preprocessing.validation_share,
            settings.evaluation.recall_at,
        ]
    )
