"""Audio encoders: statistics of cepstral coefficients, or a small convolution over the spectrogram."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.frozen_input import FrozenInput
from models.encoders.registries import AUDIO, Encoder, Spec, Standardise

__all__ = ["LogMelAudio", "MfccAudio"]


class _WithFrozen(Encoder):
    """Adds the projected `frozen` vector where there is one."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.frozen = (
            FrozenInput("frozen", self.spec["frozen"][0], width, dropout) if "frozen" in self.spec else None
        )
        self.norm = nn.LayerNorm(width)

    def finish(self, vector: Tensor, values: dict[str, Tensor]) -> Tensor:
        """Trained part plus frozen part, normalised."""
        return self.norm(vector if self.frozen is None else vector + self.frozen(values))


@AUDIO.register("mfcc")
class MfccAudio(_WithFrozen):
    """A perceptron over `mfcc` (B, 6 * n_mfcc): mean and deviation of coefficients and their deltas."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (size,) = self.spec["mfcc"]
        self.standardise = Standardise(size)
        self.net = nn.Sequential(
            nn.Linear(size, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.standardise.prepare(arrays["mfcc"])
        if self.frozen is not None:
            self.frozen.prepare(arrays)

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        return self.finish(self.net(self.standardise(values["mfcc"])), values)


@AUDIO.register("logmel_cnn")
class LogMelAudio(_WithFrozen):
    """Convolutions over time on `logmel` (B, T, M); mean and maximum over time."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        _, bands = self.spec["logmel"]
        self.standardise = Standardise(bands)
        layers: list[nn.Module] = []
        for source, stride in ((bands, 2), (width, 2), (width, 1)):
            layers += [nn.Conv1d(source, width, 5, stride, padding=2), nn.GroupNorm(1, width), nn.GELU()]
        self.convolve = nn.Sequential(*layers)
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * width, width))

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        logmel = np.asarray(arrays["logmel"][:512], dtype=np.float32)
        self.standardise.prepare(logmel.reshape(-1, logmel.shape[-1]))
        if self.frozen is not None:
            self.frozen.prepare(arrays)

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        frames = self.convolve(self.standardise(values["logmel"]).transpose(1, 2))
        return self.finish(self.out(torch.cat([frames.mean(dim=2), frames.amax(dim=2)], dim=1)), values)
