"""The training loop's body for Lightning: objective, optimiser, best weights, and what a checkpoint holds.

A checkpoint at the end of an epoch is one file with everything: weights, optimiser, schedule,
history and the best weights so far. Randomness is seeded anew each epoch, so a run that was
killed goes on as if it had not been.
"""

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor

from catalog.settings import Training
from models.calibration import calibrated_loss
from models.loader import Batch
from models.network import ProductNetwork
from models.objectives import Losses, alignment_loss, hide_modalities, label_loss, price_loss

__all__ = ["EpochCheckpoint", "FusionModule"]

# Price says little about which product it is, so its vector is not aligned with the others.
ALIGNED = ("text", "image", "audio")


class FusionModule(lightning.LightningModule):
    """Train a `ProductNetwork`.

    Args:
        network: what is trained.
        training: weights of the objectives, learning rate and so on.
        label_weights: (classes,) weights of the cross-entropy.
        seed: with the epoch, decides dropout, augmentation and hidden modalities.
        steps: optimiser steps of a full run; the learning rate falls to zero over them.
    """

    label_weights: Tensor

    def __init__(
        self,
        network: ProductNetwork,
        training: Training,
        *,
        label_weights: Tensor,
        seed: int,
        steps: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.training_settings = training
        self.register_buffer("label_weights", label_weights, persistent=False)
        self.log_temperature = torch.nn.Parameter(torch.tensor(math.log(0.1)))
        self.seed = seed
        self.steps = steps
        self.aligned = [m for m, name in enumerate(network.modalities) if name in ALIGNED]
        self.tabular = network.modalities.index("tabular") if "tabular" in network.modalities else None
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

    def losses(self, batch: Batch, hide: float) -> tuple[Losses, Tensor]:
        """The parts of the objective, and the fused vectors' category scores."""
        values, present, labels, price = batch
        net, settings = self.network, self.training_settings
        vectors = net.encode(values, present)
        shown = hide_modalities(present, hide) if hide else present
        fused = net.fuse(vectors, shown)
        singles = net.singles(vectors, present)
        logits = net.logits(fused)
        row, column = present.nonzero(as_tuple=True)
        temperature = self.log_temperature.clamp(math.log(0.02), math.log(1.0)).exp()
        views = torch.cat([singles[:, self.aligned], fused[:, None]], dim=1)
        viewed = torch.cat([present[:, self.aligned], torch.ones_like(present[:, :1])], dim=1)
        # A vector that saw the price would only copy it.
        blind = ~shown[:, self.tabular] if self.tabular is not None else torch.ones_like(present[:, 0])
        other = (
            column != self.tabular if self.tabular is not None else torch.ones_like(column, dtype=torch.bool)
        )
        seen = torch.cat([fused[blind], singles[row[other], column[other]]])
        prices = torch.cat([price[blind], price[row[other]]])
        parts = Losses(
            label=label_loss(logits, labels, self.label_weights, settings.label_smoothing),
            alignment=alignment_loss(views, viewed, temperature) if self.aligned else None,
            unimodal=label_loss(
                net.logits(singles[row, column]), labels[row], self.label_weights, settings.label_smoothing
            ),
            price=price_loss(net.log_price(seen), prices) if settings.price_weight else None,
        )
        return parts, logits

    def total(self, losses: Losses) -> Tensor:
        """The weighted sum; zero where a batch has nothing to learn from."""
        settings = self.training_settings
        weights = {
            "label": settings.label_weight,
            "alignment": settings.alignment_weight,
            "unimodal": settings.unimodal_label_weight,
            "price": settings.price_weight,
        }
        # Adding zero times a parameter gives a batch without targets a gradient to step with.
        total = self.log_temperature * 0.0
        for name, value in losses.parts().items():
            total = total + weights[name] * value
        return total

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if batch_idx == 0:
            torch.manual_seed(self.seed * 100_003 + self.current_epoch)
            self._sums, self._rows, self._judged, self._began = {}, {}, [], time.perf_counter()
        losses, _ = self.losses(batch, self.training_settings.modality_dropout)
        total = self.total(losses)
        self._add("train", losses, total, len(batch[1]))
        return total

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
        if score < self.best_score:
            self.best = {k: v.detach().cpu().clone() for k, v in self.network.state_dict().items()}
            self.best_epoch, self.best_score, self.stale = self.current_epoch, score, 0
        else:
            self.stale += 1
        if self.stale >= self.training_settings.patience:
            self.stopped = self.trainer.should_stop = True

    def configure_optimizers(self) -> Any:
        """AdamW (Loshchilov 2019), a twentieth of the steps to warm up, then a cosine to zero."""
        settings = self.training_settings
        decayed = [p for p in self.parameters() if p.ndim >= 2]
        others = [p for p in self.parameters() if p.ndim < 2]
        optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": settings.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
            fused=True,
        )
        warm = max(1, self.steps // 20)

        def rate(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, self.steps - warm))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
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

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name, value in checkpoint["run"].items():
            setattr(self, name, value)

    def _add(self, side: str, losses: Losses, total: Tensor, rows: int) -> None:
        self._count(f"{side}_loss", float(total.detach()), rows)
        for name, value in losses.parts().items():
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
