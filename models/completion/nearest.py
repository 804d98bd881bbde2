"""Completion from the training rows most like the product in what it has."""

import torch
from torch import Tensor
from torch.nn import functional

from models.completion.mean import masked_means
from models.completion.registry import COMPLETION, Completion

__all__ = ["BANK", "NearestCompletion"]

BANK = 512
"""Training rows kept beside the weights, at most: 1 MB with four modalities of width 128."""

# Divides the cosine. Near ties (variants of one product) share the filling instead of the last
# digit of a sum deciding, which would tie a row's vector to the size of its batch.
TEMPERATURE = 0.02


@COMPLETION.register("nearest")
class NearestCompletion(Completion):
    """The missing vectors of the most similar training rows (hot-deck imputation).

    Similarity is the mean cosine over the modalities the product has; one the bank's row lacks
    counts as 0. Where no row of the bank has the missing modality, its mean (zero) stands in.
    """

    fitted = True
    means: Tensor
    bank: Tensor
    banked: Tensor

    def __init__(self, modalities: int, width: int) -> None:
        super().__init__(modalities, width)
        self.register_buffer("means", torch.zeros(modalities, width))
        self.register_buffer("bank", torch.zeros(BANK, modalities, width))
        self.register_buffer("banked", torch.zeros(BANK, modalities, dtype=torch.bool))

    def fit(self, vectors: Tensor, present: Tensor) -> None:
        kept = min(len(vectors), BANK)
        self.means.copy_(masked_means(vectors, present))
        self.bank.zero_()
        self.banked.zero_()
        self.bank[:kept] = torch.where(present[..., None], vectors, 0.0)[:kept]
        self.banked[:kept] = present[:kept]

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        mask = present[..., None]
        clean = torch.where(mask, vectors, 0.0)
        # What is filled in is given, not learnt: no gradient goes through the search.
        with torch.no_grad():
            filling = self._filling(clean, present)
        return torch.where(mask, clean, filling), torch.ones_like(present)

    def _filling(self, clean: Tensor, present: Tensor) -> Tensor:
        """(B, M, W) vectors for every place, from the bank."""
        own = functional.normalize(clean, dim=2).flatten(1)
        theirs = functional.normalize(self.bank, dim=2).flatten(1)
        alike = own @ theirs.T / present.sum(dim=1, keepdim=True).clamp_min(1)
        if self.training:
            # The row itself may lie in the bank; handing it its own hidden vectors teaches nothing.
            alike = alike.scatter(1, alike.argmax(dim=1, keepdim=True), -2.0)
        # (B, M, BANK): a bank row without the modality has nothing to give.
        scores = (alike[:, None, :] / TEMPERATURE).masked_fill(~self.banked.T[None], -1e4)
        found = torch.einsum("bmk,kmw->bmw", torch.softmax(scores, dim=2), self.bank)
        return torch.where(self.banked.any(dim=0)[None, :, None], found, self.means)
