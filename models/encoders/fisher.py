"""The strongest image encoder that needs no pretrained weights on some hundreds of photos."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.fisher_vectors import FisherVectors
from models.encoders.histograms import HistogramImage
from models.encoders.registries import IMAGE, Spec

__all__ = ["FisherImage"]


@IMAGE.register("fisher")
class FisherImage(HistogramImage):
    """Fisher vectors of dense SIFT over `pixels`, added to what `histograms` sees, each by a linear layer.

    A photo's Fisher vectors take some 30 ms, and no training step changes them: `fixed` computes
    them once a training, as `fisher` (B, 2, size). Without that array they are computed on the way.
    """

    arrays = ("pixels", "histograms")

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.fisher = FisherVectors()
        self.edges = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.fisher.size, width))

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare_photos(arrays)
        pixels = arrays["pixels"]
        rows = np.linspace(0, len(pixels) - 1, min(len(pixels), 4096)).astype(int)
        self.fisher.fit([_photo(pixels[row]) for row in rows])

    def fixed_photos(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        pixels = arrays["pixels"]
        found = np.zeros((len(pixels), 2, self.fisher.size), dtype=np.float16)
        for row, one in enumerate(pixels):
            found[row] = self.fisher(_photo(one)).numpy()
        return {"fisher": found}

    def views(self, values: dict[str, Tensor], side: Tensor) -> Tensor:
        rows = torch.arange(len(side), device=side.device)
        if "fisher" in values:
            seen = values["fisher"][rows, side].float()
        else:
            seen = torch.stack(
                [
                    self.fisher(photo.permute(2, 0, 1).float() / 255)[which].half().float()
                    for photo, which in zip(values["pixels"], side.tolist(), strict=True)
                ]
            )
        return super().views(values, side) + self.edges(seen)


def _photo(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255
