"""One run of Lightning over a network, begun or taken up at its last epoch; and runs of one modality."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from models.completion.nearest import BANK
from models.device import resolve_device
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.network import ProductNetwork, describe_features
from models.training.context import deterministic, quiet
from models.training.losses import class_weights
from models.training.objective import Objective
from models.training.strategies import STRATEGY, Lessons
from models.training.strategies.registry import Alone
from shelfspace.settings import Settings

__all__ = ["RunData", "run_fit", "vocabulary_of"]


@dataclass(frozen=True)
class RunData:
    """What one run reads: the table, its targets, and the rows to learn from and to judge by."""

    table: FeatureTable
    labels: np.ndarray
    price: np.ndarray
    rows: np.ndarray
    checked: np.ndarray
    label_names: tuple[str, ...]
    featurizer_dir: Path | None

    def only(self, modality: str) -> "RunData":
        """The same with one modality, and the rows that have it."""
        part = self.table.modalities[modality]
        rows, checked = self.rows[part.present[self.rows]], self.checked[part.present[self.checked]]
        table = FeatureTable(self.table.product_ids, {modality: part})
        return replace(self, table=table, rows=rows, checked=checked)


def run_fit(
    network: ProductNetwork,
    data: RunData,
    settings: Settings,
    folder: Path,
    progress: bool,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[Any, int | None]:
    """Run Lightning; returns the finished module and the epoch it was resumed from."""
    with quiet():
        import pytorch_lightning as lightning
        from pytorch_lightning.loggers import CSVLogger

        from models.training.callbacks import EpochBar, EpochHook
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


def _train_alone(modality: str, data: RunData, settings: Settings, folder: Path) -> Alone:
    """A network of one modality on the rows that have it, by the joint strategy."""
    chosen = data.only(modality)
    spec = describe_features(
        chosen.table, vocabulary_of(chosen.table, settings), len(data.label_names), settings.model.kept > 0
    )
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
    module, _ = run_fit(network, chosen, alone, place, progress=False)
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


def vocabulary_of(table: FeatureTable, settings: Settings) -> int:
    """Number of token ids: the tokenizer's bound, or more where the features hold more."""
    tokens = table.modalities["text"].values.get("tokens") if "text" in table.modalities else None
    if tokens is None:
        return 0
    return max(settings.preprocessing.vocabulary, int(tokens.max(initial=0)) + 1)
