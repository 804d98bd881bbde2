"""Training a product encoder with Lightning: seeded, resumable, calibrated, and quiet.

Two uninterrupted runs with equal inputs give equal weights on one machine's CPU. A run that was
killed is taken up at its last finished epoch and ends with the weights of an unbroken run, to
within 1e-4 in every vector (on one machine's CPU they are equal bit for bit).
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from catalog.errors import InputError
from catalog.hashing import content_hash, fingerprint
from catalog.settings import Settings
from models.calibration import fit_temperature
from models.device import resolve_device
from models.features import FeatureTable, ModalityFeatures
from models.network import ProductNetwork, describe_features
from models.objectives import class_weights
from models.product_encoder import ProductEncoder
from models.training_context import deterministic, quiet

__all__ = ["TrainingReport", "train"]


@dataclass(frozen=True)
class TrainingReport:
    """What a training did.

    Attributes:
        best_epoch: 0-based epoch whose weights were kept.
        epochs: epochs that ran, over all attempts of this run.
        seconds: wall time of this attempt.
        history: one row an epoch: epoch, train_* and validation_* losses and accuracy,
            learning_rate, seconds. The kept epoch has the least `validation_calibrated`
            (category loss at the best temperature), or `validation_loss` without labels.
        resumed_from: 0-based epoch at which a killed run was taken up; None for a fresh run.
        device: cpu or cuda.
        temperature: of the class probabilities.
    """

    best_epoch: int
    epochs: int
    seconds: float
    history: pd.DataFrame
    resumed_from: int | None
    device: str
    temperature: float


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
        progress: show a bar over the epochs on a terminal's stderr.

    Raises:
        InputError: arrays of different lengths, no training row, or nothing to learn.
    """
    began = time.perf_counter()
    _check_lengths(features, labels, log_price, splits)
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
    _check_targets(table, labels, log_price, rows, settings)
    known = log_price[rows][np.isfinite(log_price[rows])]
    centre, spread = (float(known.mean()), float(known.std()) or 1.0) if len(known) else (0.0, 1.0)
    price = (log_price - centre) / spread

    run = fingerprint([_content(table, labels, log_price, splits), list(label_names), _recipe(settings)])
    folder = scratch / f"run-{run[:16]}"
    for other in scratch.glob("run-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)

    spec = describe_features(table, _vocabulary(table, settings), len(label_names))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = ProductNetwork(settings.model, spec)
        network.augment(settings.augmentation)
        network.begin(settings.training, featurizer_dir)
        network.prepare(table, rows)
        data = _Data(table, labels, price, rows, checked, len(label_names))
        module, resumed = _fit(network, data, settings, folder, progress)
    network.load_state_dict(module.best)
    encoder = ProductEncoder(
        settings.model,
        spec,
        network,
        label_names,
        log_price=(centre, spread),
        featurizer_dir=featurizer_dir,
        device=settings.training.device,
    )
    if len(label_names) and len(checked):
        encoder.temperature = fit_temperature(_logits(encoder, table.take(checked)), labels[checked])
    encoder.save(out)
    (folder / "last.ckpt").unlink(missing_ok=True)
    history = pd.DataFrame(module.history).astype({"epoch": int})
    return TrainingReport(
        best_epoch=module.best_epoch,
        epochs=len(history),
        seconds=time.perf_counter() - began,
        history=history,
        resumed_from=resumed,
        device=encoder.device.type,
        temperature=encoder.temperature,
    )


@dataclass(frozen=True)
class _Data:
    """What one run reads: the table, its targets, and the rows to learn from and to judge by."""

    table: FeatureTable
    labels: np.ndarray
    price: np.ndarray
    rows: np.ndarray
    checked: np.ndarray
    classes: int


def _fit(
    network: ProductNetwork, data: _Data, settings: Settings, folder: Path, progress: bool
) -> tuple[Any, int | None]:
    """Run Lightning; returns the finished module and the epoch it was resumed from."""
    with quiet():
        import pytorch_lightning as lightning
        from pytorch_lightning.loggers import CSVLogger

        from models.epoch_bar import EpochBar
        from models.lightning_module import EpochCheckpoint, FusionModule
        from models.loader import BatchLoader

        chosen = settings.training
        device = resolve_device(chosen.device)

        def batches(rows: np.ndarray, epoch: Callable[[], int] | None) -> BatchLoader:
            return BatchLoader(
                data.table,
                network.modalities,
                rows,
                labels=data.labels,
                price=data.price,
                batch_size=chosen.batch_size,
                seed=settings.seed,
                epoch=epoch,
            )

        loader = batches(data.rows, lambda: module.current_epoch)
        judge = batches(data.checked, None) if len(data.checked) else None
        module = FusionModule(
            network,
            chosen,
            label_weights=class_weights(data.labels[data.rows], data.classes),
            seed=settings.seed,
            steps=chosen.epochs * len(loader),
        )
        path = folder / "last.ckpt"
        before = torch.load(path, weights_only=True, map_location="cpu") if path.is_file() else None
        resumed = None if before is None else len(before["run"]["history"])
        if before is not None and (before["run"]["stopped"] or resumed == chosen.epochs):
            module.on_load_checkpoint(before)  # killed after the last epoch: only the writing is left
            return module, resumed
        with deterministic():
            trainer = lightning.Trainer(
                accelerator="gpu" if device.type == "cuda" else "cpu",
                devices=1,
                precision=cast("Any", chosen.precision),
                max_epochs=chosen.epochs,
                deterministic=True if device.type == "cpu" else "warn",
                default_root_dir=folder,
                logger=CSVLogger(folder, name="log"),
                callbacks=[EpochCheckpoint(path), EpochBar(chosen.epochs, resumed or 0, progress)],
                enable_progress_bar=False,
                enable_model_summary=False,
                enable_checkpointing=True,
                num_sanity_val_steps=0,
                limit_val_batches=None if judge else 0,
                log_every_n_steps=1,
                gradient_clip_val=1.0,
            )
            trainer.fit(module, loader, judge, ckpt_path=path if resumed else None, weights_only=True)
    return module, resumed


def _logits(encoder: ProductEncoder, features: FeatureTable) -> np.ndarray:
    """Log-probabilities at temperature 1: they differ from the logits by a constant a row."""
    return np.log(np.maximum(encoder.classify_features(features), 1e-30))


def _check_lengths(
    features: FeatureTable, labels: np.ndarray, log_price: np.ndarray, splits: np.ndarray
) -> None:
    for name, array in (("labels", labels), ("log_price", log_price), ("splits", splits)):
        if len(array) != len(features):
            raise InputError(name, len(array), f"give one for each of the {len(features)} products")


def _check_targets(
    table: FeatureTable, labels: np.ndarray, log_price: np.ndarray, rows: np.ndarray, settings: Settings
) -> None:
    """Refuse a training that has no rows, or no target to learn from."""
    if len(rows) < 2:
        raise InputError(
            "splits", f"{len(rows)} training rows", "give at least two training rows with a modality"
        )
    classes = len(np.unique(labels[rows][labels[rows] >= 0]))
    pairs = (table.present()[rows].sum(axis=1) > 1).sum()
    prices = np.isfinite(log_price[rows]).sum() if settings.training.price_weight else 0
    if classes < 2 and pairs < 2 and prices < 2:
        raise InputError(
            "labels", f"{classes} categories", "give two categories, products with two modalities, or prices"
        )


def _recipe(settings: Settings) -> list[Any]:
    """The settings that decide the weights."""
    return [
        settings.seed,
        settings.model.model_dump(),
        settings.training.model_dump(exclude={"device"}),
        settings.augmentation.model_dump(),
    ]


def _vocabulary(table: FeatureTable, settings: Settings) -> int:
    """Number of token ids: the tokenizer's bound, or more where the features hold more."""
    if "text" not in table.modalities:
        return 0
    tokens = table.modalities["text"].values["tokens"]
    return max(settings.preprocessing.vocabulary, int(tokens.max(initial=0)) + 1)


def _content(table: FeatureTable, *others: np.ndarray) -> str:
    """Hash of all that training reads."""
    parts: list[str | bytes] = [*table.product_ids]
    for name, part in table.modalities.items():
        parts += [name, part.present.tobytes()]
        for key, array in part.values.items():
            parts += [key, str((array.dtype, array.shape))]
            parts += [np.ascontiguousarray(array[i : i + 4096]).tobytes() for i in range(0, len(array), 4096)]
    return content_hash(*parts, *(np.asarray(array).astype("U").tobytes() for array in others))
