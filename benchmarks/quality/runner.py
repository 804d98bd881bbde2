"""Run one unit: divide, fit on the training rows, judge the test rows."""

import shutil
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, r2_score
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold, StratifiedShuffleSplit

from benchmarks.quality.baselines import BASELINE_STATISTICS, BASELINES, columns_of, predict
from benchmarks.quality.datasets import Data, only_rows
from benchmarks.quality.plan import CHOICES, EXPERT, FOLDS, PLAIN, Unit, overrides
from models.evaluation.retrieval import across, within
from models.expert.expert import LinearExpert
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.train import train as train_model
from shelfspace.settings import load_settings

__all__ = ["divide", "run_unit", "trained"]

HIDDEN = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Shares of present modalities that are hidden at test time; one always stays."""


def divide(data: Data, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows of the unit's fold; labels beyond the unit's share are left out."""
    rows = only_rows(data, unit.target)
    if unit.folds == "frozen":
        train, test = rows[data.splits[rows] != "test"], rows[data.splits[rows] == "test"]
    else:
        labels = np.zeros(len(rows), int) if unit.target == "price" else data.targets[unit.target][rows]
        if unit.folds in data.groups:
            parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(
                rows, labels, data.groups[unit.folds][rows]
            )
        elif unit.folds == "plain":
            parts = KFold(FOLDS, shuffle=True, random_state=0).split(rows)
        else:
            parts = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, labels)
        chosen = list(parts)[unit.fold]
        train, test = rows[chosen[0]], rows[chosen[1]]
    if unit.share < 1:
        order = np.random.default_rng([unit.seed, unit.fold]).permutation(len(train))
        train = np.sort(train[order[: max(2, round(unit.share * len(train)))]])
    if len(unit.sees) == 1 and unit.sees[0] in data.stored:
        # Models and baselines of photos or sounds alone meet the same rows.
        there = data.stored[unit.sees[0]].present
        train, test = train[there[train]], test[there[test]]
    return train, test


def scores(truth: np.ndarray, said: np.ndarray, target: str) -> dict[str, float]:
    """Accuracy and macro-F1, or R2 and mean absolute error of the log price."""
    if target == "price":
        return {"r2": float(r2_score(truth, said)), "mae": float(np.abs(truth - said).mean())}
    return {
        "accuracy": float((truth == said).mean()),
        "macro_f1": float(f1_score(truth, said, average="macro")),
    }


def run_unit(data: Data, unit: Unit, scratch: Path) -> dict[str, Any]:
    """JSON-able result: scores, and row by row what was said; for models also views and retrieval."""
    began = time.perf_counter()
    train, test = divide(data, unit)
    result: dict[str, Any] = {}
    if unit.recipe in BASELINES:
        said = predict(data, unit, train, test)
    elif unit.recipe == EXPERT:
        said, result = _expert(data, unit, train, test)
    else:
        if unit.recipe in CHOICES:
            unit, result = _choose(data, unit, train, scratch)
        test, said, found = _model(data, unit, train, test, scratch)
        result |= found
    truth = data.log_price[test] if unit.target == "price" else data.targets[unit.target][test]
    return {
        **scores(truth, said, unit.target),
        **result,
        "rows": test.tolist(),
        "said": [round(float(s), 5) for s in said],
        "truth": [round(float(t), 5) for t in truth],
        "train_rows": len(train),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _choose(data: Data, unit: Unit, train: np.ndarray, scratch: Path) -> tuple[Unit, dict[str, Any]]:
    """The unit with the recipe that is right most often on a quarter of the training rows, unseen by it."""
    labels = data.targets[unit.target]
    halves = StratifiedShuffleSplit(1, test_size=0.25, random_state=unit.seed).split(train, labels[train])
    learnt, judged = (train[part] for part in next(halves))
    inner = {}
    for recipe in CHOICES[unit.recipe]:
        encoder, features = trained(data, replace(unit, recipe=recipe), learnt, scratch)
        rows = judged[features.present()[judged].any(axis=1)]
        guess = encoder.classify_features(features.take(rows)).argmax(axis=1)
        inner[recipe] = round(float((guess == labels[rows]).mean()), 4)
    best = max(inner, key=lambda recipe: inner[recipe])
    return replace(unit, recipe=best), {"chosen": best, "inner": inner}


def trained(data: Data, unit: Unit, train: np.ndarray, scratch: Path) -> tuple[ProductEncoder, FeatureTable]:
    """A model of the unit's recipe on the given rows, and the features of all rows."""
    settings = load_settings(overrides=overrides(unit.recipe))
    settings = settings.model_copy(
        update={"seed": unit.seed, "model": settings.model.model_copy(update={"modalities": unit.sees})}
    )
    features = data.table(train, settings, unit.text, unit.sees, unit.sentence)
    if unit.recipe in PLAIN:
        features = _plain(features)
    split = np.full(len(data), "test", dtype="U10")
    split[train] = "train"
    target = "l1" if unit.target == "price" else unit.target
    shutil.rmtree(scratch, ignore_errors=True)
    learnt = split == "train"
    train_model(
        features,
        np.where(learnt, data.targets[target], -1),
        data.names[target],
        np.where(learnt, data.log_price, np.nan),
        split,
        settings,
        None,
        scratch / "model",
        scratch / "run",
        progress=False,
        settle=False,
    )
    encoder = ProductEncoder.load(scratch / "model")
    shutil.rmtree(scratch, ignore_errors=True)
    return encoder, features


def _expert(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """What the product ships where no validation row speaks for a network: its linear expert."""
    settings = load_settings(overrides=overrides(unit.recipe))
    settings = settings.model_copy(
        update={"model": settings.model.model_copy(update={"modalities": unit.sees})}
    )
    features = data.table(train, settings, unit.text, unit.sees, unit.sentence)
    labels, classes = data.targets[unit.target], len(data.names[unit.target])
    expert = LinearExpert.fit(features, labels, train, classes, unit.seed)
    assert expert is not None, unit
    shares = expert.probabilities(features.take(test))
    return shares.argmax(axis=1), {"probabilities": np.round(shares, 4).tolist()}


def _plain(features: FeatureTable) -> FeatureTable:
    """The same without texture statistics: columns that never change say nothing."""
    image = features.modalities["image"]
    histograms = np.array(image.values["histograms"])
    histograms[..., ~columns_of(BASELINE_STATISTICS)] = 0
    values = {**image.values, "histograms": histograms}
    return replace(features, modalities={**features.modalities, "image": replace(image, values=values)})


def _model(
    data: Data, unit: Unit, train: np.ndarray, test: np.ndarray, scratch: Path
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Train, then judge the test rows that have any of the modalities: those rows, what is said, extras."""
    encoder, features = trained(data, unit, train, scratch)
    test = test[features.present()[test].any(axis=1)]
    held = features.take(test)
    encoded = encoder.encode_features(held)
    if unit.target == "price":
        return test, np.log(encoded.prices), {}
    said = encoded.probabilities.argmax(axis=1)
    labels = data.targets[unit.target][test]
    found: dict[str, Any] = {"probabilities": np.round(encoded.probabilities, 4).tolist()}
    if len(encoder.modalities) > 1:
        found["views"] = _views(encoder, held, labels, unit.target)
    if unit.data == "sample" and len(encoder.modalities) > 1:
        sizes = overrides(unit.recipe)["training"]["nested_dims"]
        found |= _looked_at(encoder, held, labels, tuple(sizes))
    return test, said, found


def _views(encoder: ProductEncoder, held: FeatureTable, labels: np.ndarray, target: str) -> dict[str, Any]:
    """The same rows seen through every set of modalities; rows that have all of the set are scored."""
    views = {}
    for size in range(1, len(encoder.modalities) + 1):
        for names in combinations(encoder.modalities, size):
            whole = np.all([held.modalities[n].present for n in names], axis=0)
            rows = np.flatnonzero(whole)
            guess = encoder.classify_features(held.take(rows), names).argmax(axis=1)
            views["+".join(names)] = {**scores(labels[rows], guess, target), "rows": len(rows)}
    return views


def _looked_at(
    encoder: ProductEncoder, held: FeatureTable, labels: np.ndarray, dims: tuple[int, ...]
) -> dict[str, Any]:
    """Retrieval across modalities, short vectors, and accuracy as modalities go missing."""
    found: dict[str, Any] = {"across": {}, "dims": {}, "hidden": {}}
    for one, other in (("text", "image"), ("image", "text"), ("audio", "text")):
        if {one, other} <= set(encoder.modalities):
            both = np.flatnonzero(held.modalities[one].present & held.modalities[other].present)
            seen = held.take(both)
            queries, gallery = encoder.embed_features(seen, [one]), encoder.embed_features(seen, [other])
            found["across"][f"{one} to {other}"] = {
                "same product": across(queries, gallery),
                "same category": across(queries, gallery, labels[both]),
            }
    vectors = encoder.embed_features(held)
    for dim in sorted({*dims, vectors.shape[1]}):
        short = vectors[:, :dim] / np.linalg.norm(vectors[:, :dim], axis=1, keepdims=True)
        found["dims"][str(dim)] = within(np.ascontiguousarray(short), labels)
    luck = np.random.default_rng(0).random((len(held), len(encoder.modalities)))
    for share in HIDDEN:
        guess = encoder.classify_features(_hide(held, encoder.modalities, luck, share)).argmax(axis=1)
        found["hidden"][str(share)] = float((guess == labels).mean())
    return found


def _hide(held: FeatureTable, names: list[str], luck: np.ndarray, share: float) -> FeatureTable:
    """Hide present modalities whose luck lies under the share; the luckiest of a row stays."""
    present = np.stack([held.modalities[n].present for n in names], axis=1)
    kept = present & (luck >= share)
    best = np.where(present, luck, -1).argmax(axis=1)
    kept[np.arange(len(kept)), best] |= present[np.arange(len(kept)), best]
    parts = dict(held.modalities)
    for column, name in enumerate(names):
        part = parts[name]
        parts[name] = type(part)(part.values, kept[:, column])
    return FeatureTable(held.product_ids, parts)
