"""Fusion by a weighted mean; the weights are read from the vectors themselves, and can be asked for."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.fusion.registry import FUSION, Fusion

__all__ = ["WeightedFusion"]


@FUSION.register("weighted")
class WeightedFusion(Fusion):
    """Softmax weights over the present modalities (gated units: Arevalo 2017), then a projection each.

    The projected vectors have unit length, so a weight is the modality's share of what is added up
    and not undone by the length of what it multiplies.
    """

    def __init__(self, modalities: int, width: int, dim: int, dropout: float) -> None:
        super().__init__(modalities, width, dim, dropout)
        self.gate = nn.Linear(width, 1)
        self.preference = nn.Parameter(torch.zeros(modalities))
        self.project = nn.ModuleList(nn.Linear(width, dim) for _ in range(modalities))
        self.drop = nn.Dropout(dropout)

    def weights(self, vectors: Tensor, present: Tensor) -> Tensor:
        clean = torch.where(present[..., None], vectors, 0.0)
        scores = self.gate(clean).squeeze(-1) + self.preference
        # A finite floor: a row with nothing present weighs all alike, and is not NaN.
        return torch.softmax(scores.masked_fill(~present, -1e4), dim=1)

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        clean = torch.where(present[..., None], vectors, 0.0)
        projected = torch.stack(
            [layer(self.drop(clean[:, m])) for m, layer in enumerate(self.project)], dim=1
        )
        weights = self.weights(vectors, present)
        return (weights[..., None] * functional.normalize(projected, dim=2)).sum(dim=1)
