"""What happens after each epoch: the progress bar moves, and a caller is told."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning

from shelfspace.progress import progress_bar

if TYPE_CHECKING:
    from models.training.lightning_module import FusionModule

__all__ = ["EpochBar", "EpochHook"]


class EpochBar(lightning.Callback):
    """One step an epoch, with the losses beside it; silent where stderr is no terminal.

    Args:
        epochs: how many there are at most.
        done: how many an interrupted run had finished.
        progress: False shows nothing at all.
    """

    def __init__(self, epochs: int, done: int, progress: bool) -> None:
        self.bar = progress_bar(None, "training", total=epochs, initial=done, unit="epoch", progress=progress)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: "FusionModule | Any") -> None:
        row = pl_module.history[-1] if pl_module.history else {}
        shown = {
            k: round(row[k], 3) for k in ("train_loss", "validation_loss", "validation_accuracy") if k in row
        }
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(1)

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.bar.close()

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        self.bar.close()


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
