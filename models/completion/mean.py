"""Completion by the mean vector of the training rows that have the modality."""

import torch
from torch import Tensor

from models.completion.registry import COMPLETION, Completion

__all__ = ["MeanCompletion", "masked_means"]


def masked_means(vectors: Tensor, present: Tensor) -> Tensor:
    """(n, M, W), (n, M) bool to (M, W): mean over the rows that have the modality, zero without any."""
    mask = present[..., None]
    return torch.where(mask, vectors, 0.0).sum(dim=0) / mask.sum(dim=0).clamp_min(1)


@COMPLETION.register("mean")
class MeanCompletion(Completion):
    """The same vector for every product that lacks the modality: the simplest thing to beat."""

    fitted = True
    means: Tensor

    def __init__(self, modalities: int, width: int) -> None:
        super().__init__(modalities, width)
        self.register_buffer("means", torch.zeros(modalities, width))

    def fit(self, vectors: Tensor, present: Tensor) -> None:
        self.means.copy_(masked_means(vectors, present))

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        return torch.where(present[..., None], vectors, self.means), torch.ones_like(present)
