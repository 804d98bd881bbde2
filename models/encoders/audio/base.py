"""What the audio encoders share: the frozen vector beside what is trained here."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from models.encoders.base import Encoder, Spec
from models.encoders.frozen_input import FrozenInput

__all__ = ["SoundEncoder"]


class SoundEncoder(Encoder):
    """Base of the audio encoders; a subclass gives `read(values)` and names its `arrays`."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.frozen = (
            FrozenInput("frozen", self.spec["frozen"][0], width, dropout) if "frozen" in self.spec else None
        )
        self.norm = nn.LayerNorm(width)

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        if self.frozen is not None:
            self.frozen.prepare(arrays)

    @property
    def own_sizes(self) -> dict[str, int]:
        return {} if self.frozen is None else {"audio": self.spec["frozen"][0]}

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        return {} if self.frozen is None else {"audio": values["frozen"]}

    def read(self, values: dict[str, Tensor]) -> Tensor:
        """Arrays of B rows to (B, width), before the frozen vector and the norm."""
        raise NotImplementedError

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        vector = self.read(values)
        return self.norm(vector if self.frozen is None else vector + self.frozen(values))
