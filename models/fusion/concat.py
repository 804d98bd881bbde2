"""Fusion by concatenation, with a learned stand-in where a modality is absent."""

import torch
from torch import Tensor, nn

from models.fusion.registry import FUSION, Fusion

__all__ = ["ConcatFusion"]


@FUSION.register("concat")
class ConcatFusion(Fusion):
    """Perceptron over all vectors side by side, beside the linear sum of those present."""

    def __init__(self, modalities: int, width: int, dim: int, dropout: float) -> None:
        super().__init__(modalities, width, dim, dropout)
        self.stand_in = nn.Parameter(torch.zeros(modalities, width))
        self.net = nn.Sequential(
            nn.Linear(modalities * width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, dim),
        )
        self.direct = nn.Linear(width, dim)

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        mask = present[..., None]
        filled = torch.where(mask, vectors, self.stand_in)
        mean = torch.where(mask, vectors, 0.0).sum(dim=1) / mask.sum(dim=1).clamp_min(1)
        return self.net(filled.flatten(1)) + self.direct(mean)
