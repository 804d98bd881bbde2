"""The tabular encoder of everything a listing's table holds: price, brand and attributes."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.encoders.base import TABULAR, Encoder, Spec, Standardise
from models.encoders.text.bag import document_frequencies, inverse_frequencies
from models.inputs.details import BUCKETS

__all__ = ["DetailsTabular"]


@TABULAR.register("details")
class DetailsTabular(Encoder):
    """Price beside a weighted bag of brand and attribute ids; any of them may be missing.

    Reads `values` (B, k) float32, `priced` (B, 1) float32, 1 where there is a price, and `details`
    (B, L) int32, 0 where there is none. Ids weigh by inverse document frequency; those of fewer than
    two training rows weigh nothing. The whole modality is hidden from the price head, as `price` is.
    """

    arrays = ("values", "priced", "details")
    weight: Tensor

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (size,) = self.spec["values"]
        inner = max(width // 2, 1)
        self.standardise = Standardise(size)
        self.price = nn.Sequential(
            nn.Linear(size, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )
        self.table = nn.Embedding(BUCKETS, inner, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        self.bag = nn.Sequential(nn.Dropout(dropout), nn.Linear(inner, width))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("weight", torch.ones(BUCKETS))

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        details = np.asarray(arrays["details"])
        self.standardise.prepare(arrays["values"][np.asarray(arrays["priced"])[:, 0] > 0])
        if len(details):
            counts = document_frequencies(details, BUCKETS)
            self.weight.copy_(torch.from_numpy(inverse_frequencies(counts, len(details))))

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        ids = values["details"].long()
        shares = self.weight[ids] * (ids > 0)
        shares = shares / shares.square().sum(dim=1, keepdim=True).clamp_min(1e-6).sqrt()
        bag = functional.embedding_bag(ids, self.table.weight, per_sample_weights=shares, mode="sum")
        priced = self.price(self.standardise(values["values"])) * values["priced"]
        return self.norm(priced + self.bag(bag))
