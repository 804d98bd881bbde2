"""Random Fourier features: a Gaussian kernel as a fixed layer (Rahimi & Recht 2007).

A kernel machine on hand-made statistics is hard to beat on some hundreds of rows. Cosines of random
projections approximate its kernel, so that a linear layer behind them learns what the machine
would, jointly with everything else.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.base import Standardise

__all__ = ["KernelFeatures"]

SAMPLE = 1000
"""Training rows whose distances give the kernel's width."""


class _Group(nn.Module):
    """Cosines of `size` numbers under a kernel as wide as the median distance of two training rows."""

    directions: Tensor
    phases: Tensor
    width: Tensor

    def __init__(self, size: int, features: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.standardise = Standardise(size)
        self.register_buffer("directions", torch.randn(size, features, generator=generator))
        self.register_buffer("phases", 2 * math.pi * torch.rand(features, generator=generator))
        self.register_buffer("width", torch.tensor(math.sqrt(2.0 * size)))

    def prepare(self, rows: np.ndarray) -> None:
        """Fit mean, deviation and the kernel's width on (n, size) training rows."""
        self.standardise.prepare(rows)
        if len(rows) < 2:
            return
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(int)
        with torch.no_grad():
            scaled = self.standardise(torch.from_numpy(np.asarray(rows[chosen], dtype=np.float32)))
            median = float(torch.pdist(scaled).median())
        if median > 0:
            self.width.fill_(median)

    def forward(self, x: Tensor) -> Tensor:
        # exp(-d^2 / median^2) is the kernel of directions with deviation sqrt(2) / median.
        place = self.standardise(x) @ self.directions * (math.sqrt(2.0) / self.width)
        return torch.cos(place + self.phases) * math.sqrt(2.0 / len(self.phases))


class KernelFeatures(nn.Module):
    """The mean of one Gaussian kernel per group of columns, as `features` numbers a group.

    Args:
        groups: group name to its number of columns, in the order of the columns.
        features: random features of each group; the kernel's error falls with their square root.
        seed: of the random directions, which are kept in the weights.
    """

    def __init__(self, groups: Mapping[str, int], features: int = 512, seed: int = 0) -> None:
        super().__init__()
        self.sizes: Sequence[int] = list(groups.values())
        self.width = features * len(groups)
        self.groups = nn.ModuleList(
            _Group(size, features, seed + number) for number, size in enumerate(self.sizes)
        )

    def prepare(self, rows: np.ndarray) -> None:
        """Fit on (n, columns) training rows."""
        start = 0
        for group, size in zip(self.groups, self.sizes, strict=True):
            assert isinstance(group, _Group)  # noqa: S101 - for the type checker
            group.prepare(rows[:, start : start + size])
            start += size

    def standardised(self, x: Tensor) -> Tensor:
        """(B, columns) by mean and deviation of the training rows."""
        parts = torch.split(x.float(), list(self.sizes), dim=1)
        return torch.cat([group.standardise(p) for group, p in zip(self.groups, parts, strict=True)], dim=1)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """(B, columns) to (B, width); the dot product of two rows is near their mean kernel."""
        parts = torch.split(x.float(), list(self.sizes), dim=1)
        found = [group(part) for group, part in zip(self.groups, parts, strict=True)]
        return torch.cat(found, dim=1) / math.sqrt(len(found))
