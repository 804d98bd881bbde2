"""One modality teaches the others: first its vectors are learnt, then everything is fine-tuned."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.features.table import FeatureTable
from models.network import ProductNetwork
from models.training.losses import distillation_loss
from models.training.objective import ALIGNED, Step, Weighted
from models.training.strategies.joint import refuse_untrained_generator
from models.training.strategies.registry import STRATEGY, Alone, Lessons, Strategy
from shelfspace.errors import SettingsError
from shelfspace.settings import Settings

__all__ = ["TransferStrategy"]

FROZEN = {"text": "sentence", "image": "frozen", "audio": "frozen"}
"""Names of the arrays that hold a pretrained encoder's vectors."""


@STRATEGY.register("transfer")
class TransferStrategy(Strategy):
    """Distil a frozen teacher into every modality (Hinton 2015; across modalities: Gupta 2016).

    The teacher is a pretrained encoder's vector among the features (a sentence encoder's, say), or
    the best network of one modality trained first, whose encoder the run then starts from. In the
    first epochs the vector of each modality alone, and of all together, is drawn to the teacher's
    by cosine and contrast, through one linear map; then comes the common objective, with
    `training.layer_decay` where it is set.
    """

    teacher: Tensor
    taught: Tensor

    def __init__(self, network: ProductNetwork, settings: Settings) -> None:
        super().__init__(network, settings)
        epochs = settings.training.epochs
        self.warm_epochs = min(round(settings.training.transfer_share * epochs), epochs - 1)

    @classmethod
    def check(cls, settings: Settings) -> None:
        refuse_untrained_generator(settings)
        chosen = settings.training.teacher
        if chosen != "auto" and (chosen not in ALIGNED or chosen not in settings.model.modalities):
            able = [name for name in ALIGNED if name in settings.model.modalities]
            raise SettingsError("training.teacher", chosen, f"use auto, or one of {', '.join(able)}")

    def prepare(self, lessons: Lessons) -> None:
        vectors, present = self._teach(lessons)
        # The networks trained alone have drawn from the generator, or not where they were done before.
        torch.manual_seed(self.settings.seed)
        self.map = nn.Linear(self.network.dim, vectors.shape[1])
        given = functional.normalize(torch.from_numpy(np.array(vectors, dtype=np.float32)), dim=1)
        self.register_buffer("teacher", given, persistent=False)
        self.register_buffer("taught", torch.from_numpy(present), persistent=False)

    def _teach(self, lessons: Lessons) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) vectors of the teacher and the (n,) bool rows that have them."""
        chosen = self.settings.training.teacher
        able = [name for name in ALIGNED if name in lessons.table.modalities]
        if chosen != "auto" and chosen not in able:
            raise SettingsError("training.teacher", chosen, "no training row has it; use auto")
        named = able if chosen == "auto" else [chosen]
        for name in named:
            part = lessons.table.modalities[name]
            if FROZEN[name] in part.values:
                self.taught_by = f"{name}.{FROZEN[name]}"
                return part.values[FROZEN[name]], np.asarray(part.present)
        if not named:
            raise SettingsError(
                "training.strategy", "transfer", f"give one of {', '.join(ALIGNED)}; use joint"
            )
        found: dict[str, Alone] = {name: lessons.train_alone(name) for name in named}
        best = min(found, key=lambda name: (found[name].score, name))
        self.taught_by = best
        self.network.encoders[best].load_state_dict(found[best].network.encoders[best].state_dict())
        return found[best].vectors, presence(lessons.table, best)

    def losses(self, step: Step, epoch: int) -> Weighted:
        if epoch >= self.warm_epochs:
            return {}
        taught = self.taught[step.rows]
        parts = []
        for m, name in enumerate(self.network.modalities):
            if name in ALIGNED:
                parts.append(self._distance(step.singles[:, m], taught & step.present[:, m], step))
        parts.append(self._distance(step.fused, taught, step))
        found = [part for part in parts if part is not None]
        if not found:
            return {}
        return {"distillation": (self.settings.training.distillation_weight, torch.stack(found).mean())}

    def _distance(self, vectors: Tensor, rows: Tensor, step: Step) -> Tensor | None:
        students = functional.normalize(self.map(vectors[rows]), dim=1)
        return distillation_loss(students, self.teacher[step.rows[rows]], step.temperature)


def presence(table: FeatureTable, name: str) -> np.ndarray:
    """(n,) bool: the rows that have a modality."""
    return np.array(table.modalities[name].present)
