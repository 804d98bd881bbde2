"""What frozen encoders know, kept in the product vector beside what is learned.

A network trained on some hundreds of products forgets what its frozen encoders saw of the world. So the
vector of a frozen encoder reaches the product vector by a fixed map too, and what is learned is added to
it, as CLIP-Adapter does (Gao 2021, arXiv 2110.04544, section 3.2). Where nothing can be learned, it is
the product vector.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["KEPT", "MOST", "Kept"]

KEPT = {"text": "sentence", "image": "frozen", "audio": "frozen"}
"""Modality to the array of its frozen encoder, in the order in which they lead: the others are turned to
the first."""

PAIRS = 16
"""Training rows with two modalities from which on one is turned to the other."""

MOST = 20_000
"""Training rows that the maps are fitted on, at most; more change no direction."""


class Kept(nn.Module):
    """Frozen vectors by fixed maps that keep their angles, in one space of `dim` numbers.

    Of each modality the directions that most of its training rows point to are taken (the singular vectors
    of Eckart & Young 1936), the first of them first, so that prefixes are good vectors too. The second and
    third modality are turned to the first by the rotation that brings the same products closest
    (Schoenemann 1966): no angle within a modality changes.

    Args:
        spec: as the network's; the modalities that have a frozen vector are kept.
        dim: length of the product vector.
        share: of the kept vector in the product vector, in [0, 1]; 1 leaves nothing to what is learned.
    """

    share: Tensor

    def __init__(self, spec: Mapping[str, Mapping[str, list[int]]], dim: int, share: float) -> None:
        super().__init__()
        self.names = tuple(name for name, array in KEPT.items() if array in spec.get(name, {}))
        self.dim = dim
        self.register_buffer("share", torch.tensor(share))
        for name in self.names:
            size = spec[name][KEPT[name]][-1]
            self.register_buffer(f"centre_{name}", torch.zeros(size))
            self.register_buffer(f"map_{name}", torch.zeros(size, dim))

    def prepare(
        self, arrays: Mapping[str, Mapping[str, np.ndarray]], present: Mapping[str, np.ndarray]
    ) -> None:
        """Fit the maps on n training rows.

        Args:
            arrays: by modality, those of the rows that have it.
            present: by modality, (n,) bool.
        """
        made: dict[str, np.ndarray] = {}
        for name in self.names:
            there = present[name]
            values = {key: torch.from_numpy(np.asarray(array)) for key, array in arrays[name].items()}
            found = self._pooled(name, values).double().numpy()
            if name != "text":
                # Photo and sound vectors share a large part; sentence encoders are made for plain cosines.
                getattr(self, f"centre_{name}").copy_(torch.from_numpy(found.mean(axis=0)))
                found = found - found.mean(axis=0)
            directions = np.linalg.eigh(found.T @ found)[1][:, ::-1][:, : self.dim]
            chart = np.zeros((found.shape[1], self.dim))
            chart[:, : directions.shape[1]] = directions
            spread = np.zeros((len(there), self.dim))
            spread[there] = _unit(found @ chart)
            if made:
                first = next(iter(made))
                both = there & present[first]
                chart = chart @ _turn(spread[both], made[first][both])
            else:
                made[name] = spread
            getattr(self, f"map_{name}").copy_(torch.from_numpy(chart))

    def _pooled(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        """(B, d) vectors, those of several photos averaged."""
        found = values[KEPT[name]].float()
        if found.dim() == 3:
            counts = values["photos"].long()
            there = torch.arange(found.shape[1], device=found.device)[None, :] < counts[:, None]
            found = torch.where(there[..., None], found, 0.0).sum(dim=1) / counts.clamp_min(1)[:, None]
        return found

    def forward(self, name: str, values: Mapping[str, Tensor]) -> Tensor:
        """Arrays of B rows that have the modality to (B, dim) of unit length."""
        found = self._pooled(name, values) - getattr(self, f"centre_{name}")
        return functional.normalize(found @ getattr(self, f"map_{name}"), dim=1)

    def beside(self, name: str, vectors: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        """(B, W) vectors of a modality's encoder with what is kept of it behind, zero where nothing is."""
        nothing = vectors.new_zeros(vectors.shape[0], self.dim)
        return torch.cat([vectors, self(name, values) if name in self.names else nothing], dim=1)

    def joined(self, learned: Tensor, kept: Tensor, present: Tensor) -> Tensor:
        """Product vectors before normalising: (B, dim) of unit length, (B, M, dim), (B, M) bool to (B, dim).

        Rows with nothing kept are what was learned.
        """
        total = functional.normalize(torch.where(present[..., None], kept, 0.0).sum(dim=1), dim=1)
        any_kept = total.square().sum(dim=1, keepdim=True) > 0
        return torch.where(any_kept, (1 - self.share) * learned + self.share * total, learned)


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _turn(rows: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """The rotation (d, d) that brings (n, d) rows closest to others; of too few rows, one drawn at random."""
    dim = rows.shape[1]
    if len(rows) < PAIRS:
        return np.asarray(np.linalg.qr(np.random.default_rng(0).normal(size=(dim, dim)))[0])
    left, _, right = np.linalg.svd((rows - rows.mean(axis=0)).T @ (towards - towards.mean(axis=0)))
    return np.asarray(left @ right)
