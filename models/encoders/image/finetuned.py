"""EfficientNet-Lite0 with ImageNet weights, trained on with the rest: what lies near the input changes less.

Its batch norms are folded into the convolutions, so that their statistics stay as they were. The tuned
weights are the model's own, in its safetensors; the package is needed to begin a training, and then no more.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.encoders.base import IMAGE, Spec, Standardise
from models.encoders.frozen_input import FrozenInput
from models.encoders.image.cnn import augment
from models.encoders.image.efficientnet_lite import CHANNELS, EfficientNetLite0, packaged_weights
from models.encoders.image.photo_pool import PhotoEncoder
from shelfspace.settings import Training

__all__ = ["FineTunedPhoto"]

LEAST = 64
"""Pixels a side that smaller photos are enlarged to: of less nothing is left on top."""
FITTED = 256
"""Photos that means and deviations of the pretrained vector are taken of."""


@IMAGE.register("efficientnet_lite0_finetuned")
class FineTunedPhoto(PhotoEncoder):
    """The network on photos at the size they are prepared in, 224 pixels being what it was trained on.

    Reads `pixels` (B, S, S, 3) uint8, and `frozen` (B, d) where a frozen image encoder is configured.
    """

    arrays = ("pixels",)
    finetuned = True

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        # The layout the CPU's convolutions are fast in.
        self.network = EfficientNetLite0().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.standardise = Standardise(CHANNELS)
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(CHANNELS, width))
        self.frozen = (
            FrozenInput("frozen", self.one_spec["frozen"][0], width, dropout)
            if "frozen" in self.one_spec
            else None
        )

    def rated_layers(self) -> list[nn.Module]:
        """Stem, stages and head; what stands above them is new, and learns at the full rate."""
        return [self.network.stem, *self.network.stages, self.network.head]

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        self.network.load_state_dict(packaged_weights())

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        pixels = arrays["pixels"]
        some = np.linspace(0, len(pixels) - 1, min(len(pixels), FITTED)).astype(int)
        with torch.no_grad():
            photos = torch.from_numpy(pixels[some]).permute(0, 3, 1, 2).float() / 255
            if len(photos):
                self.standardise.prepare(self.one_by_one(photos).numpy())
        if self.frozen is not None:
            self.frozen.prepare(arrays)

    def scaled(self, photos: Tensor) -> Tensor:
        """(B, 3, S, S) float in 0..1 to what the network reads: (RGB 0..255 - 127) / 128."""
        if photos.shape[-1] < LEAST:
            photos = functional.interpolate(photos, (LEAST, LEAST), mode="bilinear")
        return ((photos * 255 - 127) / 128).contiguous(memory_format=torch.channels_last)

    def one_by_one(self, photos: Tensor) -> Tensor:
        """(B, CHANNELS). A call a photo is as fast in float32, and its numbers do not depend on others: of
        several at once they differ in the fourth digit."""
        return torch.cat([self.network(self.scaled(one)) for one in photos.split(1)])

    def photo(self, values: dict[str, Tensor]) -> Tensor:
        photos = values["pixels"].permute(0, 3, 1, 2).float() / 255
        if self.training and self.augmentation.photo_strength:
            photos = augment(photos, photos.shape[-1], self.augmentation.photo_strength)
        seen = self.network(self.scaled(photos)) if self.training else self.one_by_one(photos)
        vector = self.out(self.standardise(seen))
        return vector if self.frozen is None else vector + self.frozen(values)
