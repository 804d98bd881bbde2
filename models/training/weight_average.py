"""Averages of the weights along a run, which small data often judges kinder than the last ones."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]

# A run of a few hundred steps forgets its first tenth or so; early steps are averaged over fewer.
DECAY = 0.98


class WeightAverage:
    """Average of a module's parameters, and their exchange with the module's own.

    Args:
        kind: none; ema, exponential moving average (Polyak 1992); swa, the plain mean over the
            second half of the steps (Izmailov 2018, arXiv 1803.05407).
        steps: of a full run.
    """

    def __init__(self, kind: str, steps: int) -> None:
        self.kind = kind
        self.start = steps // 2 if kind == "swa" else 0
        self.mean: list[Tensor] = []
        self.count = 0
        self._own: list[Tensor] = []

    @torch.no_grad()
    def update(self, parameters: Iterable[nn.Parameter], step: int) -> None:
        """Take in the weights after a step, counted from 0."""
        if self.kind == "none" or step < self.start:
            return
        now = [p.detach() for p in parameters]
        self.count += 1
        if not self.mean:
            self.mean = [p.clone() for p in now]
            return
        # Taken from a checkpoint, they may lie on another device.
        self.mean = [mean.to(p.device) for mean, p in zip(self.mean, now, strict=True)]
        share = 1 / self.count if self.kind == "swa" else 1 - min(DECAY, self.count / (self.count + 9))
        torch._foreach_lerp_(self.mean, now, share)

    @torch.no_grad()
    def swap_in(self, parameters: Iterable[nn.Parameter]) -> None:
        """Put the average into the module; nothing happens before there is one."""
        if self.mean and not self._own:
            given = list(parameters)
            self.mean = [mean.to(p.device) for mean, p in zip(self.mean, given, strict=True)]
            self._own = [p.detach().clone() for p in given]
            torch._foreach_copy_([p.data for p in given], self.mean)

    @torch.no_grad()
    def swap_out(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give the module its own weights back."""
        if self._own:
            torch._foreach_copy_([p.data for p in parameters], self._own)
            self._own = []
