"""The second input of an encoder: a vector that a frozen, pretrained encoder gave."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from models.encoders.base import Standardise

__all__ = ["FrozenInput"]


class FrozenInput(nn.Module):
    """Project a frozen vector of `size` numbers to `width`.

    Args:
        name: which array holds the vector (`sentence` or `frozen`).
        size, width: lengths in and out.
        dropout: dropout probability on the way in and out.
    """

    def __init__(self, name: str, size: int, width: int, dropout: float) -> None:
        super().__init__()
        self.name = name
        self.standardise = Standardise(size)
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(size, width))

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Fit the standardisation on training rows."""
        self.standardise.prepare(arrays[self.name])

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        return self.project(self.standardise(values[self.name]))
