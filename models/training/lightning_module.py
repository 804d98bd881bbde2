"""The training loop's body for Lightning: objective, optimiser, best weights, and what a checkpoint holds.

A checkpoint at the end of an epoch is one file with everything: weights, optimiser, schedule,
history and the best weights so far. Randomness is seeded anew each epoch, so a run that was
killed goes on as if it had not been.
"""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor

from models.network import ProductNetwork
from models.training.calibration import calibrated_loss
from models.training.layer_rates import parameter_groups
from models.training.loader import Batch, BatchLoader
from models.training.objective import Objective, Weighted
from models.training.strategies import Strategy
from models.training.weight_average import WeightAverage
from shelfspace.settings import Training

__all__ = ["EpochCheckpoint", "FusionModule"]


class FusionModule(lightning.LightningModule):
    """Train a `ProductNetwork`.

    Args:
        network: what is trained.
        training: learning rate and so on.
        objective: the parts of the loss that every strategy shares.
        strategy: what the chosen strategy adds; already prepared.
        bank: batches of training rows that completion is fitted on.
        seed: with the epoch, decides dropout, augmentation and hidden modalities.
        steps: optimiser steps of a full run; the learning rate falls to zero over them.
    """

    def __init__(
        self,
        network: ProductNetwork,
        training: Training,
        *,
        objective: Objective,
        strategy: Strategy,
        bank: BatchLoader,
        seed: int,
        steps: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.training_settings = training
        self.objective = objective
        self.strategy = strategy
        self.bank = bank
        self.average = WeightAverage(training.average, steps)
        self.seed = seed
        self.steps = steps
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}
        self.best_epoch = -1
        self.best_score = math.inf
        self.stale = 0
        self.stopped = False
        self._sums: dict[str, float] = {}
        self._rows: dict[str, int] = {}
        self._judged: list[tuple[np.ndarray, np.ndarray]] = []
        self._began = 0.0
        self._settled = False

    def losses(self, batch: Batch, hide: float) -> tuple[Weighted, Tensor]:
        """The parts of the objective, and the fused vectors' category scores."""
        step = self.objective.step(batch, hide)
        own = self.strategy.losses(step, self.current_epoch)
        parts, logits = self.objective(step)
        if self.training and self.current_epoch < self.strategy.warm_epochs:
            return own, logits
        return parts | own, logits

    def total(self, losses: Weighted) -> Tensor:
        """The weighted sum; zero where a batch has nothing to learn from."""
        # Adding zero times a parameter gives a batch without targets a gradient to step with.
        total = self.objective.log_temperature * 0.0
        for weight, value in losses.values():
            total = total + weight * value
        return total

    def on_train_start(self) -> None:
        if self.current_epoch == 0:
            self._fit_completion()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if batch_idx == 0:
            torch.manual_seed(self.seed * 100_003 + self.current_epoch)
            self._sums, self._rows, self._judged, self._began = {}, {}, [], time.perf_counter()
            self._settled = False
        losses, _ = self.losses(batch, self.training_settings.modality_dropout)
        total = self.total(losses)
        self._add("train", losses, total, len(batch[1]))
        return total

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self.average.update(self.network.parameters(), self.global_step - 1)

    def on_validation_epoch_start(self) -> None:
        self._settle()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        losses, logits = self.losses(batch, 0.0)
        self._add("validation", losses, self.total(losses), len(batch[1]))
        known = batch[2] >= 0
        if logits.shape[1] and bool(known.any()):
            self._judged.append((logits[known].cpu().numpy(), batch[2][known].cpu().numpy()))
            right = float((logits[known].argmax(dim=1) == batch[2][known]).float().mean())
            self._count("validation_accuracy", right, int(known.sum()))

    def on_train_epoch_end(self) -> None:
        """Close the epoch: history, best weights, and whether to go on."""
        self._settle()  # where there are no validation rows
        row = {name: self._sums[name] / self._rows[name] for name in self._sums}
        if self._judged:
            logits, labels = (np.concatenate(part) for part in zip(*self._judged, strict=True))
            row["validation_calibrated"] = calibrated_loss(logits, labels)
        optimiser = self.trainer.optimizers[0]
        row |= {
            "learning_rate": optimiser.param_groups[0]["lr"],
            "seconds": time.perf_counter() - self._began,
        }
        self.history.append({"epoch": float(self.current_epoch), **row})
        self.log_dict(row)
        # The encoder's temperature is fitted at the end, so an epoch is not judged by overconfidence.
        # Without validation rows there is nothing to judge by: the last epoch is taken.
        score = row.get("validation_calibrated", row.get("validation_loss", -float(self.current_epoch)))
        warm = self.current_epoch < self.strategy.warm_epochs
        if not warm and score < self.best_score:
            self.best = {k: v.detach().cpu().clone() for k, v in self.network.state_dict().items()}
            self.best_epoch, self.best_score, self.stale = self.current_epoch, score, 0
        elif not warm:
            self.stale += 1
        self.average.swap_out(self.network.parameters())
        if self.stale >= self.training_settings.patience:
            self.stopped = self.trainer.should_stop = True

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov 2019), a twentieth of the steps to warm up, then a cosine to zero."""
        settings = self.training_settings
        others = [*self.objective.parameters(), *self.strategy.parameters()]
        groups = parameter_groups(self.network, others, settings.layer_decay, settings.weight_decay)
        optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        warm = max(1, self.steps // 20)

        def rate(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, self.steps - warm))))

        # Layers differ once there is something to fine-tune.
        first = self.strategy.warm_epochs * self.steps // settings.epochs

        def scaled(scale: float) -> Callable[[int], float]:
            return lambda step: rate(step) * (scale if step >= first else 1.0)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, [scaled(g["scale"]) for g in groups])
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["run"] = {
            "history": self.history,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "best_score": self.best_score,
            "stale": self.stale,
            "stopped": self.stopped,
        }
        checkpoint["average"] = {"mean": self.average.mean, "count": self.average.count}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name, value in checkpoint["run"].items():
            setattr(self, name, value)
        self.average.mean, self.average.count = checkpoint["average"].values()

    def _settle(self) -> None:
        """Put in what is judged: averaged weights, and a completion fitted on these weights."""
        if not self._settled:
            self._settled = True
            self.average.swap_in(self.network.parameters())
            self._fit_completion()

    @torch.no_grad()
    def _fit_completion(self) -> None:
        completion = self.network.completion
        if not completion.fitted:
            return
        training = self.network.training
        self.network.eval()
        found = []
        for batch in self.bank:
            values, present, *_ = self.transfer_batch_to_device(batch, self.device, 0)
            found.append((self.network.encode(values, present)[..., : self.network.width], present))
        vectors, there = zip(*found, strict=True)
        completion.fit(torch.cat(vectors), torch.cat(there))
        self.network.train(training)

    def _add(self, side: str, losses: Weighted, total: Tensor, rows: int) -> None:
        self._count(f"{side}_loss", float(total.detach()), rows)
        for name, (_, value) in losses.items():
            self._count(f"{side}_{name}", float(value.detach()), rows)

    def _count(self, name: str, value: float, rows: int) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value * rows
        self._rows[name] = self._rows.get(name, 0) + rows


class EpochCheckpoint(lightning.callbacks.Checkpoint):
    """Write one checkpoint after each epoch, over the last one, by rename.

    Lightning's own writer moves the file from the system's temporary folder, which may lie on
    another device: there a move is a copy that can be cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        temporary = self.path.with_suffix(".tmp")
        trainer.save_checkpoint(temporary)
        os.replace(temporary, self.path)
