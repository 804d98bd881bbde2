"""Training a product encoder with Lightning: seeded, resumable, calibrated, and quiet.

Two uninterrupted runs with equal inputs give equal weights on one machine's CPU. A run that was
killed is taken up at its last finished epoch and ends with the weights of an unbroken run, to
within 1e-4 in every vector (on one machine's CPU they are equal bit for bit).
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from models.expert.expert import LinearExpert
from models.features.table import FeatureTable, ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork, describe_features
from models.training.checks import check_lengths, check_settings, check_targets, learnable
from models.training.labelling import choose_labelling
from models.training.run import RunData, run_fit, vocabulary_of
from models.training.settling import settle_completion, settle_temperature
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.settings import Settings

__all__ = ["TrainingReport", "train"]


@dataclass(frozen=True)
class TrainingReport:
    """What a training did.

    Attributes:
        best_epoch: 0-based epoch whose weights were kept; -1 where nothing was to be trained.
        epochs: epochs that ran, over all attempts of this run.
        seconds: wall time of this attempt.
        history: one row an epoch: epoch, train_* and validation_* losses and accuracy,
            learning_rate, seconds. The kept epoch has the least `validation_calibrated`
            (category loss at the best temperature), or `validation_loss` without labels.
        resumed_from: 0-based epoch at which a killed run was taken up; None for a fresh run.
        device: cpu or cuda.
        temperature: of the class probabilities.
        teacher: modality, or modality and array, that taught the others (strategy `transfer`), or "".
        frozen: whether the product vector is the frozen encoders' alone, since nothing could teach it:
            neither two categories nor two modalities. Then at most the price head was trained.
        labelled_by: who names the category, and why (`models.training.labelling.choose_labelling`).
        settled: how completion and temperature did beside the simple thing (`models.training.settling`).
    """

    best_epoch: int
    epochs: int
    seconds: float
    history: pd.DataFrame
    resumed_from: int | None
    device: str
    temperature: float
    teacher: str = ""
    frozen: bool = False
    labelled_by: Mapping[str, Any] = field(default_factory=dict)
    settled: Mapping[str, Any] = field(default_factory=dict)


def train(
    features: FeatureTable,
    labels: np.ndarray,
    label_names: Sequence[str],
    log_price: np.ndarray,
    splits: np.ndarray,
    settings: Settings,
    featurizer_dir: Path | None,
    out: Path,
    scratch: Path,
    progress: bool = True,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
    settle: bool = True,
) -> TrainingReport:
    """Train on the `train` rows, stop by the `validation` rows, write a ProductEncoder folder.

    Args:
        features: n products; rows without any modality are left out.
        labels: (n,) int64 index into `label_names`, -1 where unknown; all -1 is fine.
        log_price: (n,) natural logarithm, NaN where unknown.
        splits: (n,) str: train, validation, test.
        featurizer_dir: folder of the featurizer that made the features; None gives an encoder
            that reads feature tables only.
        out: the encoder's folder, replaced as a whole at the end.
        scratch: where the run keeps its checkpoint and log; an interrupted run is resumed from it.
        progress: say how far it is (`shelfspace.progress`).
        on_epoch: called with each finished epoch's row of the history, those of an interrupted run
            first. What it raises ends the training: `out` is left as it was.
        settle: keep a completion that makes vectors up only where it beats the mean; a benchmark that
            compares completions does not want that.

    Raises:
        InputError: arrays of different lengths, no training row, or nothing to learn.
        SettingsError: a strategy, completion or length that does not go with the rest.
    """
    began = time.perf_counter()
    check_settings(settings)
    check_lengths(features, labels, log_price, splits)
    learnt: dict[str, ModalityFeatures] = {
        name: part
        for name, part in features.modalities.items()
        # A modality that no training row has would add nothing but its random start.
        if name in settings.model.modalities and part.present[splits == "train"].any()
    }
    table = FeatureTable(features.product_ids, learnt)
    some = table.present().any(axis=1) if table.modalities else np.zeros(len(table), dtype=bool)
    rows = np.flatnonzero((splits == "train") & some)
    checked = np.flatnonzero((splits == "validation") & some)
    check_targets(table, labels, log_price, rows, settings)
    known = log_price[rows][np.isfinite(log_price[rows])]
    centre, spread = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)
    price = (log_price - centre) / spread

    run = fingerprint([_content(table, labels, log_price, splits), list(label_names), _recipe(settings)])
    folder = scratch / f"run-{run[:16]}"
    for other in scratch.glob("run-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)

    spec = describe_features(
        table, vocabulary_of(table, settings), len(label_names), kept=settings.model.kept > 0
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = ProductNetwork(settings.model, spec)
        network.augment(settings.augmentation)
        network.begin(settings.training, featurizer_dir)
        network.prepare(table, rows)
        frozen = network.kept is not None and not learnable(table, labels, rows) and network.wholly_kept()
        if frozen:
            # Contrast with nothing but itself would only take away from what the frozen encoders know.
            network.keep_alone()
        if frozen and (len(known) < 2 or not settings.training.price_weight):
            history, best_epoch, resumed, teacher = pd.DataFrame({"epoch": []}), -1, None, ""
        else:
            data = RunData(
                network.fixed(table), labels, price, rows, checked, tuple(label_names), featurizer_dir
            )
            module, resumed = run_fit(network, data, settings, folder, progress, on_epoch)
            network.load_state_dict(module.best)
            history, best_epoch = pd.DataFrame(module.history), module.best_epoch
            teacher = module.strategy.taught_by
    encoder = ProductEncoder(
        settings.model,
        spec,
        network,
        label_names,
        log_price=(centre, spread),
        featurizer_dir=featurizer_dir,
        nested_dims=settings.training.nested_dims,
        device=settings.training.device,
    )
    if settle:
        completion = settle_completion(encoder, table, labels, rows, checked)
        encoder.settled = {"completion": completion} if completion else {}
    if len(label_names) and len(checked):
        temperature = settle_temperature(encoder, table.take(checked), labels[checked])
        encoder.settled |= {} if temperature is None else {"temperature": {"compared": temperature}}
    encoder.expert = LinearExpert.fit(table, labels, rows, len(label_names), settings.seed)
    if encoder.expert is not None:
        encoder.labelled_by = _labelled_by(encoder, table.take(checked), labels[checked])
    encoder.save(out)
    for checkpoint in folder.rglob("last.ckpt"):
        checkpoint.unlink()
    history = history.astype({"epoch": int})
    return TrainingReport(
        best_epoch=best_epoch,
        epochs=len(history),
        seconds=time.perf_counter() - began,
        history=history,
        resumed_from=resumed,
        device=encoder.device.type,
        temperature=encoder.temperature,
        teacher=teacher,
        frozen=frozen,
        labelled_by=encoder.labelled_by,
        settled=encoder.settled,
    )


def _labelled_by(encoder: ProductEncoder, features: FeatureTable, labels: np.ndarray) -> dict[str, Any]:
    """Who names the category, judged on the validation rows that the expert can read."""
    assert encoder.expert is not None  # noqa: S101 - asked for where there is one
    judged = np.flatnonzero((labels >= 0) & encoder.expert.reads(features))
    seen = features.take(judged)
    network = encoder.encode_features(seen).probabilities
    return choose_labelling(network, encoder.expert.probabilities(seen), labels[judged])


def _recipe(settings: Settings) -> list[Any]:
    """The settings that decide the weights."""
    return [
        settings.seed,
        settings.model.model_dump(),
        settings.training.model_dump(exclude={"device"}),
        settings.augmentation.model_dump(),
    ]


def _content(table: FeatureTable, *others: np.ndarray) -> str:
    """Hash of all that training reads."""
    return content_hash(table.content(), *(np.asarray(array).astype("U").tobytes() for array in others))
