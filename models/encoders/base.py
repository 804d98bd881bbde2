"""The four registries of encoders and what every encoder promises.

An encoder turns the arrays of one modality into one vector a product. It sees only rows that have
the modality (`ProductNetwork.encode` leaves the others out), keeps no statistics of a batch, so a
row's vector does not depend on its neighbours, and is built from a `spec` of array shapes alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from models.registry import Registry
from shelfspace.errors import SettingsError
from shelfspace.settings import Augmentation, Training

__all__ = ["AUDIO", "ENCODERS", "IMAGE", "TABULAR", "TEXT", "Encoder", "Spec", "build_encoder"]

# Array name to its shape without the row axis; `vocabulary` holds the number of token ids, and
# `word_vocabulary`, where there are words, that of word ids.
Spec = Mapping[str, Sequence[int]]


class Encoder(nn.Module):
    """Base of the encoders.

    Args:
        spec: array name to the shape of one row, as in `{"pixels": [96, 96, 3]}`.
        width: length of the vector that comes out.
        dropout: dropout probability while training.

    A class that is registered as `prefix:<argument>` takes it as the keyword `argument`, a str.

    Attributes:
        arrays: names of the arrays it cannot do without; the featurizer computes them for it
            (`models.inputs.arrays`). The vector of a frozen encoder is looked at where it is.
        finetuned: whether training changes pretrained weights, which one rate for all layers would unlearn.
        augmentation: random changes while training; training sets what the settings say.
    """

    arrays: ClassVar[tuple[str, ...]] = ()
    finetuned: ClassVar[bool] = False
    augmentation: Augmentation = Augmentation()

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__()
        self.spec = {name: tuple(shape) for name, shape in spec.items()}
        self.width = width
        self.dropout = dropout

    @classmethod
    def arrays_read(cls, training: Training) -> tuple[str, ...]:
        """Names of the arrays it reads when it is trained in that way."""
        return cls.arrays

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        """What a training run tells its encoders before `prepare`; nothing is needed by default.

        Args:
            featurizer_dir: folder of the featurizer that made the features, where there is one.
        """

    def rated_layers(self) -> list[nn.Module]:
        """Parts that learn at rates of their own (`training.layer_decay`), from the input upwards."""
        return [child for child in self.children() if any(True for _ in child.parameters())]

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Fit the fixed statistics (means, document frequencies) on training rows; none by default.

        Args:
            arrays: the modality's arrays of the training rows that have it.
        """

    def fixed(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What no training step changes of rows that have the modality, computed once a training; none
        by default.

        `forward` takes such an array where it is, else computes it; a row's is the same either way.
        """
        return {}

    @property
    def own_sizes(self) -> dict[str, int]:
        """Names and lengths of what `own` gives; none by default."""
        return {}

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """What of B rows no training changed: name to (B, d), a frozen encoder's vector or fixed statistics.

        Training ties modalities together and forgets what it has no use for; search compares these as well.
        """
        return {}

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        """Arrays of B rows to (B, width) float32."""
        raise NotImplementedError


class Standardise(nn.Module):
    """(x - mean) / deviation of the training rows, clipped to +-8 deviations.

    A batch norm would tie a row to its batch; these are constants of the model.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def prepare(self, rows: np.ndarray) -> None:
        """Take mean and deviation over (n, size) rows; constant columns pass as zero."""
        if len(rows) == 0:
            return
        table = np.asarray(rows, dtype=np.float64)
        self.mean.copy_(torch.from_numpy(table.mean(axis=0)))
        deviation = table.std(axis=0)
        self.deviation.copy_(torch.from_numpy(np.where(deviation > 1e-6, deviation, 1.0)))

    def forward(self, x: Tensor) -> Tensor:
        return ((x.float() - self.mean) / self.deviation).clamp(-8, 8)


TEXT: Registry[type[Encoder]] = Registry("model.text")
IMAGE: Registry[type[Encoder]] = Registry("model.image")
AUDIO: Registry[type[Encoder]] = Registry("model.audio")
TABULAR: Registry[type[Encoder]] = Registry("model.tabular")
ENCODERS = {"text": TEXT, "image": IMAGE, "audio": AUDIO, "tabular": TABULAR}


def build_encoder(modality: str, name: str, spec: Spec, width: int, dropout: float) -> Encoder:
    """The encoder of a modality by its registry name, handed the name's argument where it has one.

    Raises:
        SettingsError: no such encoder, or the features lack what it reads.
    """
    entry, argument = ENCODERS[modality].resolve(name)
    lacking = [array for array in entry.arrays if array not in spec]
    if lacking:
        remedy = f"run the chain from preprocessing again: the features lack {' and '.join(lacking)}"
        raise SettingsError(f"model.{modality}", name, remedy)
    given: dict[str, Any] = {} if argument is None else {"argument": argument}
    return entry(spec, width, dropout, **given)
