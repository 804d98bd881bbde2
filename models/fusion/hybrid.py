"""Fusion by concatenation and by attention, mixed by a learned gate."""

import torch
from torch import Tensor, nn

from models.fusion.attention import AttentionFusion
from models.fusion.concat import ConcatFusion
from models.fusion.registry import FUSION, Fusion

__all__ = ["HybridFusion"]


@FUSION.register("hybrid")
class HybridFusion(Fusion):
    """Gated unit (Arevalo 2017, arXiv 1702.01992, eq. 1 to 5) over two views of the same modalities.

    Concatenation has weights of its own for each modality and each pair; attention shares them and
    copes with any subset. The gate, one number a component, reads both and says whose to take.
    """

    def __init__(self, modalities: int, width: int, dim: int, dropout: float) -> None:
        super().__init__(modalities, width, dim, dropout)
        self.concat = ConcatFusion(modalities, width, dim, dropout)
        self.attention = AttentionFusion(modalities, width, dim, dropout)
        self.gate = nn.Linear(2 * dim + modalities, dim)

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        beside, among = self.concat(vectors, present), self.attention(vectors, present)
        share = torch.sigmoid(self.gate(torch.cat([beside, among, present.to(beside.dtype)], dim=1)))
        return share * beside + (1 - share) * among
