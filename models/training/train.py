"""Training a product encoder with Lightning: seeded, resumable, calibrated, and quiet.

Two uninterrupted runs with equal inputs give equal weights on one machine's CPU. A run that was
killed is taken up at its last finished epoch and ends with the weights of an unbroken run, to
within 1e-4 in every vector (on one machine's CPU they are equal bit for bit).
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from models.completion.nearest import BANK
from models.device import resolve_device
from models.features.table import FeatureTable, ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork, describe_features
from models.training.calibration import fit_temperature
from models.training.checks import check_lengths, check_settings, check_targets
from models.training.context import deterministic, quiet
from models.training.losses import class_weights
from models.training.objective import Objective
from models.training.strategies import STRATEGY, Lessons
from models.training.strategies.registry import Alone
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.settings import Settings

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
        teacher: modality, or modality and array, that taught the others (strategy `transfer`), or "".
    """

    best_epoch: int
    epochs: int
    seconds: float
    history: pd.DataFrame
    resumed_from: int | None
    device: str
    temperature: float
    teacher: str = ""


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
        on_epoch: called with each finished epoch's row of the history, those of an interrupted run
            first. What it raises ends the training: `out` is left as it was.

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

    spec = describe_features(table, _vocabulary(table, settings), len(label_names))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = ProductNetwork(settings.model, spec)
        network.augment(settings.augmentation)
        network.begin(settings.training, featurizer_dir)
        network.prepare(table, rows)
        data = _Data(network.fixed(table), labels, price, rows, checked, tuple(label_names), featurizer_dir)
        module, resumed = _fit(network, data, settings, folder, progress, on_epoch)
    network.load_state_dict(module.best)
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
    if len(label_names) and len(checked):
        encoder.temperature = fit_temperature(_logits(encoder, table.take(checked)), labels[checked])
    encoder.save(out)
    for checkpoint in folder.rglob("last.ckpt"):
        checkpoint.unlink()
    history = pd.DataFrame(module.history).astype({"epoch": int})
    return TrainingReport(
        best_epoch=module.best_epoch,
        epochs=len(history),
        seconds=time.perf_counter() - began,
        history=history,
        resumed_from=resumed,
        device=encoder.device.type,
        temperature=encoder.temperature,
        teacher=module.strategy.taught_by,
    )


@dataclass(frozen=True)
class _Data:
    """What one run reads: the table, its targets, and the rows to learn from and to judge by."""

    table: FeatureTable
    labels: np.ndarray
    price: np.ndarray
    rows: np.ndarray
    checked: np.ndarray
    label_names: tuple[str, ...]
    featurizer_dir: Path | None

    def only(self, modality: str) -> "_Data":
        """The same with one modality, and the rows that have it."""
        part = self.table.modalities[modality]
        rows, checked = self.rows[part.present[self.rows]], self.checked[part.present[self.checked]]
        table = FeatureTable(self.table.product_ids, {modality: part})
        return replace(self, table=table, rows=rows, checked=checked)


def _fit(
    network: ProductNetwork,
    data: _Data,
    settings: Settings,
    folder: Path,
    progress: bool,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[Any, int | None]:
    """Run Lightning; returns the finished module and the epoch it was resumed from."""
    with quiet():
        import pytorch_lightning as lightning
        from pytorch_lightning.loggers import CSVLogger

        from models.training.callbacks import EpochBar
        from models.training.epoch_hook import EpochHook
        from models.training.lightning_module import EpochCheckpoint, FusionModule
        from models.training.loader import BatchLoader

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
        some = np.random.default_rng(settings.seed).permutation(data.rows)[:BANK]
        weights = class_weights(data.labels[data.rows], len(data.label_names), chosen.class_balance)
        objective = Objective(network, chosen, weights, data.label_names)
        strategy = STRATEGY[chosen.strategy](network, settings)
        strategy.prepare(Lessons(data.table, lambda name: _train_alone(name, data, settings, folder)))
        module = FusionModule(
            network,
            chosen,
            objective=objective,
            strategy=strategy,
            bank=batches(np.sort(some), None),
            seed=settings.seed,
            steps=chosen.epochs * len(loader),
        )
        path = folder / "last.ckpt"
        before = torch.load(path, weights_only=True, map_location="cpu") if path.is_file() else None
        resumed = None if before is None else len(before["run"]["history"])
        if before is not None and on_epoch is not None:
            for row in before["run"]["history"]:
                on_epoch(row)
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
                callbacks=[
                    EpochCheckpoint(path),
                    EpochBar(chosen.epochs, resumed or 0, progress),
                    *([EpochHook(on_epoch)] if on_epoch is not None else []),
                ],
                enable_progress_bar=False,
                enable_model_summary=False,
                enable_checkpointing=True,
                num_sanity_val_steps=0,
                limit_val_batches=None if judge else 0,
                log_every_n_steps=1,
                gradient_clip_val=1.0,
                inference_mode=False,  # completion and averages change weights between the epochs
            )
            trainer.fit(module, loader, judge, ckpt_path=path if resumed else None, weights_only=True)
    return module, resumed


def _train_alone(modality: str, data: _Data, settings: Settings, folder: Path) -> Alone:
    """A network of one modality on the rows that have it, by the joint strategy."""
    chosen = data.only(modality)
    spec = describe_features(chosen.table, _vocabulary(chosen.table, settings), len(data.label_names))
    plain = settings.training.model_copy(update={"strategy": "joint"})
    alone = settings.model_copy(update={"training": plain})
    torch.manual_seed(settings.seed)
    network = ProductNetwork(settings.model, spec)
    network.augment(settings.augmentation)
    network.begin(settings.training, data.featurizer_dir)
    network.prepare(chosen.table, chosen.rows)
    chosen = replace(chosen, table=network.fixed(chosen.table))
    place = folder / f"alone-{modality}"
    place.mkdir(exist_ok=True)
    module, _ = _fit(network, chosen, alone, place, progress=False)
    network.load_state_dict(module.best)
    encoder = ProductEncoder(settings.model, spec, network, data.label_names, device=settings.training.device)
    vectors = np.zeros((len(chosen.table), network.dim), dtype=np.float32)
    there = np.flatnonzero(chosen.table.modalities[modality].present)
    vectors[there] = encoder.embed_features(chosen.table.take(there))
    # Judged on the rows it has; the others it can only guess, or a rare modality would teach them all.
    guess = np.log(len(data.label_names)) if len(data.label_names) > 1 else module.best_score
    share = len(chosen.checked) / len(data.checked) if len(data.checked) else 1.0
    score = share * module.best_score + (1 - share) * float(guess)
    return Alone(score, network, vectors)


def _logits(encoder: ProductEncoder, features: FeatureTable) -> np.ndarray:
    """Log-probabilities at temperature 1: they differ from the logits by a constant a row."""
    return np.log(np.maximum(encoder.classify_features(features), 1e-30))


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
    tokens = table.modalities["text"].values.get("tokens") if "text" in table.modalities else None
    if tokens is None:
        return 0
    return max(settings.preprocessing.vocabulary, int(tokens.max(initial=0)) + 1)


def _content(table: FeatureTable, *others: np.ndarray) -> str:
    """Hash of all that training reads."""
    return content_hash(table.content(), *(np.asarray(array).astype("U").tobytes() for array in others))
