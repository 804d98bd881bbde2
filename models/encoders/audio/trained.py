"""Audio encoders trained here: statistics of a sound, or a small convolution over its spectrogram."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.audio.base import SoundEncoder
from models.encoders.base import AUDIO, Spec, Standardise
from shelfspace.settings import Augmentation

__all__ = ["LogMelAudio", "MfccAudio", "TimbreAudio", "mask_spectrogram"]


@AUDIO.register("mfcc")
class MfccAudio(SoundEncoder):
    """A perceptron over `mfcc` (B, 6 * n_mfcc): mean and deviation of coefficients and their deltas."""

    arrays = ("mfcc",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (size,) = self.spec["mfcc"]
        self.standardise = Standardise(size)
        self.net = nn.Sequential(
            nn.Linear(size, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare(arrays)
        self.standardise.prepare(arrays["mfcc"])

    @property
    def own_sizes(self) -> dict[str, int]:
        return super().own_sizes or {"audio": self.spec["mfcc"][0]}

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        return super().own(values) or {"audio": self.standardise(values["mfcc"])}

    def read(self, values: dict[str, Tensor]) -> Tensor:
        return self.net(self.standardise(values["mfcc"]))


@AUDIO.register("timbre")
class TimbreAudio(SoundEncoder):
    """A linear map beside a perceptron over `mfcc` and `timbre` (B, k) (`models.inputs.timbre`).

    On some hundreds of sounds the linear half does most of the work; the dropout on the way in keeps
    it from leaning on single numbers.
    """

    arrays = ("mfcc", "timbre")

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        size = self.spec["mfcc"][0] + self.spec["timbre"][0]
        self.standardise = Standardise(size)
        self.linear = nn.Sequential(nn.Dropout(dropout), nn.Linear(size, width))
        self.net = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(size, 2 * width), nn.GELU(), nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )  # fmt: skip

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare(arrays)
        self.standardise.prepare(np.concatenate([arrays["mfcc"], arrays["timbre"]], axis=1))

    @property
    def own_sizes(self) -> dict[str, int]:
        return super().own_sizes or {"audio": self.spec["mfcc"][0] + self.spec["timbre"][0]}

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        return super().own(values) or {"audio": self._statistics(values)}

    def _statistics(self, values: dict[str, Tensor]) -> Tensor:
        return self.standardise(torch.cat([values["mfcc"], values["timbre"]], dim=1))

    def read(self, values: dict[str, Tensor]) -> Tensor:
        x = self._statistics(values)
        return self.linear(x) + self.net(x)


def mask_spectrogram(logmel: Tensor, chosen: Augmentation) -> Tensor:
    """Random level, noise, and one hidden stretch and band a row (SpecAugment, Park 2019, arXiv 1904.08779).

    Args:
        logmel: (B, T, M) float, standardised, so that zero is the mean a hidden part takes.
        chosen: stretches and bands as shares of T and M; gain and noise in units of `logmel`.
    """
    rows, frames, bands = logmel.shape
    device = logmel.device
    if chosen.sound_gain:
        logmel = logmel + torch.empty(rows, 1, 1, device=device).uniform_(-1, 1) * chosen.sound_gain
    if chosen.sound_noise:
        logmel = logmel + torch.randn_like(logmel) * chosen.sound_noise
    for share, size, axis in ((chosen.time_mask, frames, 1), (chosen.frequency_mask, bands, 2)):
        if share:
            width = torch.rand(rows, 1, device=device) * share * size
            start = torch.rand(rows, 1, device=device) * (size - width)
            place = torch.arange(size, device=device)[None, :]
            hidden = (place >= start) & (place < start + width)
            logmel = logmel.masked_fill(hidden[:, :, None] if axis == 1 else hidden[:, None, :], 0.0)
    return logmel


@AUDIO.register("logmel_cnn")
class LogMelAudio(SoundEncoder):
    """Convolutions over time on `logmel` (B, T, M); mean and maximum over time."""

    arrays = ("logmel",)

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
        super().prepare(arrays)
        logmel = np.asarray(arrays["logmel"][:512], dtype=np.float32)
        self.standardise.prepare(logmel.reshape(-1, logmel.shape[-1]))

    def read(self, values: dict[str, Tensor]) -> Tensor:
        logmel = self.standardise(values["logmel"])
        if self.training:
            logmel = mask_spectrogram(logmel, self.augmentation)
        frames = self.convolve(logmel.transpose(1, 2))
        return self.out(torch.cat([frames.mean(dim=2), frames.amax(dim=2)], dim=1))
