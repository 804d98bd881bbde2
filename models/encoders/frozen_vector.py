"""Encoders that are a frozen, pretrained vector and nothing else: only its projection is trained.

Registered under the prefixes of `models.pretrained.text_and_image`, so `model.image:
transformers:<folder>` selects one. The vector was made by the feature stage (`models.features.needs`);
what stands behind the prefix is kept as `source`, for people who look.
"""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from models.encoders.audio.base import SoundEncoder
from models.encoders.base import AUDIO, IMAGE, Spec
from models.encoders.frozen_input import FrozenInput
from models.encoders.image.photo_pool import PhotoEncoder

__all__ = ["FrozenPhoto", "FrozenSound"]


@IMAGE.register("transformers:<name or folder>")
@IMAGE.register("efficientnet_lite0")
@IMAGE.register("efficientnet_lite0:<views>")
@IMAGE.register("timm:<name>")
@IMAGE.register("open_clip:<name>/<weights>")
class FrozenPhoto(PhotoEncoder):
    """The projected `frozen` vector (B, d) of each photo; pixels are not looked at."""

    arrays = ("frozen",)

    def __init__(self, spec: Spec, width: int, dropout: float, argument: str = "") -> None:
        super().__init__(spec, width, dropout)
        self.source = argument
        self.frozen = FrozenInput("frozen", self.one_spec["frozen"][0], width, dropout)

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.frozen.prepare(arrays)

    def photo(self, values: dict[str, Tensor]) -> Tensor:
        return self.frozen(values)


@AUDIO.register("transformers:<name or folder>")
class FrozenSound(SoundEncoder):
    """The projected `frozen` vector (B, d) of a sound."""

    arrays = ("frozen",)

    def __init__(self, spec: Spec, width: int, dropout: float, argument: str) -> None:
        super().__init__(spec, width, dropout)
        self.source = argument

    def read(self, values: dict[str, Tensor]) -> Tensor:
        # The frozen vector is added by the base; there is nothing before it.
        return values["frozen"].new_zeros(values["frozen"].shape[0], self.width)
