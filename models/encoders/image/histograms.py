"""The simple strong image encoder: a kernel machine's view of hand-made photo statistics."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.base import IMAGE, Spec
from models.encoders.frozen_input import FrozenInput
from models.encoders.image.kernel_features import KernelFeatures
from models.encoders.image.photo_counts import COUNTS
from models.encoders.image.photo_pool import PhotoEncoder
from models.encoders.image.photo_textures import STATISTICS

__all__ = ["HistogramImage"]


@IMAGE.register("histograms")
class HistogramImage(PhotoEncoder):
    """Random Fourier features of `histograms` (B, 2, columns) through a linear layer.

    Of each photo and its mirror image one is seen, by chance while training, else the photo. `frozen`
    (B, d) joins in where a frozen image encoder is configured; pixels are not looked at.
    """

    arrays: ClassVar[tuple[str, ...]] = ("histograms",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.kernel = KernelFeatures(STATISTICS)
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.kernel.width, width))
        self.frozen = (
            FrozenInput("frozen", self.one_spec["frozen"][0], width, dropout)
            if "frozen" in self.one_spec
            else None
        )

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        # Means, deviations and the kernel's width settle long before a large catalogue is read through.
        count = len(arrays["histograms"])
        rows = np.linspace(0, count - 1, min(count, 4096)).astype(int)
        self.kernel.prepare(np.asarray(arrays["histograms"][rows, 0], dtype=np.float32))
        if self.frozen is not None:
            self.frozen.prepare(arrays)

    @property
    def own_sizes(self) -> dict[str, int]:
        return {"image": COUNTS, **super().own_sizes}

    def own_photo(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """The frozen vector, else the counts of colours and gradients, as `cnn` has them."""
        found = super().own_photo(values)
        if "image" not in found:
            found["image"] = self.kernel.standardised(values["histograms"][:, 0])[:, :COUNTS]
        return found

    def photo(self, values: dict[str, Tensor]) -> Tensor:
        both = values["histograms"]
        side = torch.zeros(both.shape[0], dtype=torch.long, device=both.device)
        if self.training:
            side = torch.randint(0, 2, side.shape, device=both.device)
        vector = self.views(values, side)
        return vector if self.frozen is None else vector + self.frozen(values)

    def views(self, values: dict[str, Tensor], side: Tensor) -> Tensor:
        """What is seen of each photo, or where `side` (P,) is 1 of its mirror image: (P, width)."""
        both = values["histograms"]
        return self.project(self.kernel(both[torch.arange(both.shape[0], device=both.device), side]))
