"""The strongest image encoder that needs no pretrained weights on some hundreds of photos."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.base import IMAGE, Spec
from models.encoders.image.fisher_vectors import FisherVectors
from models.encoders.image.histograms import HistogramImage
from shelfspace.progress import progress_bar

__all__ = ["FisherImage", "fisher_array", "photo_of"]

LONG = 200
"""Photos from which on a bar is worth showing."""


@IMAGE.register("fisher")
class FisherImage(HistogramImage):
    """Fisher vectors of dense SIFT over `pixels`, added to what `histograms` sees, each by a linear layer.

    A photo's Fisher vectors take some 30 ms, and no training step changes them: `fixed` computes
    them once a training, as `fisher` (B, 2, size). Without that array they are computed on the way;
    features that hold it already leave the codebook unfitted.
    """

    arrays = ("pixels", "histograms")
    fixed_arrays = ("fisher",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.fisher = FisherVectors()
        self.edges = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.fisher.size, width))

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare_photos(arrays)
        if "fisher" in arrays:
            return
        pixels = arrays["pixels"]
        rows = np.linspace(0, len(pixels) - 1, min(len(pixels), 4096)).astype(int)
        self.fisher.fit([photo_of(pixels[row]) for row in rows])

    def fixed_photos(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {} if "fisher" in arrays else {"fisher": fisher_array(self.fisher, arrays["pixels"])}

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


def fisher_array(vectors: FisherVectors, pixels: np.ndarray) -> np.ndarray:
    """(n, S, S, 3) uint8 to (n, 2, size) float16: photos and their mirror images."""
    found = np.zeros((len(pixels), 2, vectors.size), dtype=np.float16)
    rows = progress_bar(pixels, "Fisher vectors", unit="photo", progress=len(pixels) > LONG)
    for row, one in enumerate(rows):
        found[row] = vectors(photo_of(one)).numpy()
    return found


def photo_of(pixels: np.ndarray) -> Tensor:
    """(S, S, 3) uint8 to (3, S, S) float in 0..1."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255
