"""Modules whose tensors have the size that the training data gave them."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

__all__ = ["Grown"]


class Grown(nn.Module):
    """A module that takes the sizes of its own tensors from data: when fitted, and when loaded.

    A vocabulary is as large as its catalogue, and a spec of array shapes does not say how large:
    weights that are loaded bring their shapes with them.
    """

    def grow(self, name: str, values: Tensor) -> None:
        """Replace a parameter or buffer by other values, of any shape, on the same device."""
        old = getattr(self, name)
        fresh = values.detach().to(device=old.device, dtype=old.dtype).clone()
        setattr(self, name, nn.Parameter(fresh) if isinstance(old, nn.Parameter) else fresh)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        for name in [*self._parameters, *self._buffers]:
            stored = state_dict.get(prefix + name)
            if stored is not None and stored.shape != getattr(self, name).shape:
                self.grow(name, stored)
        super()._load_from_state_dict(state_dict, prefix, *rest)
