"""Tell a caller of each finished epoch, once its figures stand."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning

if TYPE_CHECKING:
    from models.training.lightning_module import FusionModule

__all__ = ["EpochHook"]


class EpochHook(lightning.callbacks.Checkpoint):
    """Call a function with the newest row of the history; what it raises ends the fit.

    Lightning calls a `Checkpoint` after the module's own hook, and other callbacks before it: only
    here is the row the one of the epoch that has just ended.

    Args:
        on_epoch: takes one row of `TrainingReport.history` as a mapping.
    """

    def __init__(self, on_epoch: Callable[[Mapping[str, float]], None]) -> None:
        self.on_epoch = on_epoch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: "FusionModule | Any") -> None:
        self.on_epoch(pl_module.history[-1])
