"""Completion by a generator that learnt, against a discriminator, what the missing vectors look like."""

import torch
from torch import Tensor, nn

from models.completion.registry import COMPLETION, Completion

__all__ = ["NOISE", "AdversarialCompletion"]

NOISE = 16
"""Length of the generator's noise; zero outside training, so that a product has one vector."""


@COMPLETION.register("adversarial")
class AdversarialCompletion(Completion):
    """A conditional generator: present vectors, mask and noise to all vectors.

    After Mirza & Osindero 2014 (arXiv 1411.1784) for the condition, and Cai 2018 (Deep Adversarial
    Learning for Multi-Modality Missing Data Completion, KDD) for completing missing modalities.
    The discriminator lives in the training strategy `adversarial`; only the generator is kept.
    """

    def __init__(self, modalities: int, width: int) -> None:
        super().__init__(modalities, width)
        self.generator = nn.Sequential(
            nn.Linear(modalities * (width + 1) + NOISE, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, modalities * width),
        )
        # The encoders end in the same norm, so a vector cannot be told by its length.
        self.norm = nn.LayerNorm(width)

    def generate(self, vectors: Tensor, present: Tensor) -> Tensor:
        """(B, M, W) vectors for every place, given the present ones; noisy while training."""
        clean = torch.where(present[..., None], vectors, 0.0)
        shape = (vectors.shape[0], NOISE)
        noise = (
            torch.randn(shape, device=vectors.device)
            if self.training
            else torch.zeros(shape, device=vectors.device)
        )
        given = torch.cat([clean.flatten(1), present.to(clean.dtype), noise], dim=1)
        return self.norm(self.generator(given).view(-1, self.modalities, self.width))

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        filling = self.generate(vectors, present)
        return torch.where(present[..., None], vectors, filling), torch.ones_like(present)
