"""The network over a feature table by chosen calls, one a part; says what `models.inference.passes` says."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from models.features.table import FeatureTable
from models.inference.backends.backends import Call
from models.inference.backends.parts import HEAD, part_arrays
from models.inference.passes import readable_rows
from models.network import Outputs

__all__ = ["Runner"]


class Runner:
    """Runs a network part by part; threads may share one.

    Args:
        modalities: names in the order of the head's columns.
        width: length of what a modality's call gives (`ProductNetwork.carried`).
        calls: a call for the head and for each modality that features can have.
    """

    def __init__(self, modalities: Sequence[str], width: int, calls: Mapping[str, Call]) -> None:
        self._modalities = tuple(modalities)
        self._width = width
        self._calls = calls
        self._tabular = self._modalities.index("tabular") if "tabular" in self._modalities else None

    def __call__(
        self, features: FeatureTable, only: Sequence[str] | None, batch_size: int
    ) -> Iterator[Outputs]:
        """What the network says of each batch; raises as `models.inference.passes.passes`."""
        seen = readable_rows(self._modalities, features, only)
        rows = len(seen)
        for start in range(0, rows, batch_size):
            vectors, present = self.encoded(seen, slice(start, min(start + batch_size, rows)))
            embedding, logits, price = self._calls[HEAD]([vectors, present])
            yield Outputs(*map(torch.from_numpy, (embedding, logits, self._blind(vectors, present, price))))

    def encoded(self, features: FeatureTable, block: slice) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of each modality (B, M, width), zero where absent, and presence (B, M) bool."""
        rows, places = block.stop - block.start, len(self._modalities)
        vectors = np.zeros((rows, places, self._width), dtype=np.float32)
        present = np.zeros((rows, places), dtype=bool)
        for m, name in enumerate(self._modalities):
            part = features.modalities.get(name)
            if part is None:
                continue
            present[:, m] = part.present[block]
            there = np.flatnonzero(present[:, m])
            if len(there) == rows:
                vectors[:, m] = self._calls[name](part_arrays(part, block))[0]
            elif len(there):
                vectors[there, m] = self._calls[name](part_arrays(part, there + block.start))[0]
        return vectors, present

    def _blind(self, vectors: np.ndarray, present: np.ndarray, price: np.ndarray) -> np.ndarray:
        """Prices from vectors that saw no price: those given, but where rows hold a price of their own."""
        if self._tabular is None or not present[:, self._tabular].any():
            return price
        priced = np.flatnonzero(present[:, self._tabular])
        hidden = present[priced]
        hidden[:, self._tabular] = False
        blind = price.copy()
        blind[priced] = self._calls[HEAD]([vectors[priced], hidden])[2]
        return blind
