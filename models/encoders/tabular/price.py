"""The tabular encoder: scaled price and other table values."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from models.encoders.base import TABULAR, Encoder, Spec, Standardise

__all__ = ["PriceTabular"]


@TABULAR.register("price")
class PriceTabular(Encoder):
    """A small perceptron over `values` (B, k) float32."""

    arrays = ("values",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (size,) = self.spec["values"]
        self.standardise = Standardise(size)
        self.net = nn.Sequential(
            nn.Linear(size, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
            nn.LayerNorm(width),
        )

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.standardise.prepare(arrays["values"])

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        return self.net(self.standardise(values["values"]))
