"""Several photos of a product as one vector: attention over those there are."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.encoders.base import Encoder, Spec
from models.inputs.colours import COLOUR

__all__ = ["PhotoEncoder", "PhotoPool"]


class PhotoPool(nn.Module):
    """Attention pooling (Ilse 2018, arXiv 1802.04712, eq. 8); a single photo passes unchanged."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(width, max(width // 2, 1)), nn.Tanh(), nn.Linear(max(width // 2, 1), 1, bias=False)
        )

    def forward(self, vectors: Tensor, there: Tensor) -> Tensor:
        """Vectors of all P photos and where they stand, (P, W) and (B, K) bool, to (B, W)."""
        scores = torch.full(there.shape, -torch.inf, device=vectors.device, dtype=vectors.dtype)
        placed = torch.zeros(*there.shape, vectors.shape[1], device=vectors.device, dtype=vectors.dtype)
        where = there.nonzero(as_tuple=True)
        scores = scores.index_put(where, self.score(vectors).squeeze(1))
        placed = placed.index_put(where, vectors)
        return (scores.softmax(dim=1).unsqueeze(2) * placed).sum(dim=1)


class PhotoEncoder(Encoder):
    """Base of the image encoders: one photo a product, or several pooled by attention.

    With one photo the arrays have no photo axis. With several, `photos` (B,) says how many a row
    has, `pixels` is (B, K, S, S, 3) and `frozen` (B, K, d); those a row lacks are never read.
    A subclass sees its `arrays`, and `frozen` where there is one, without the photo axis in `one_spec`,
    `prepare_photos` and `photo`.

    Attributes:
        fixed_arrays: names of what `fixed_photos` gives, which a spec does not hold.
    """

    fixed_arrays: ClassVar[tuple[str, ...]] = ()

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        several = "photos" in self.spec
        read = dict.fromkeys((*self.arrays, "frozen", COLOUR))
        self.one_spec = {
            key: self.spec[key][1:] if several else self.spec[key] for key in read if key in self.spec
        }
        self.pool = PhotoPool(width) if several else None
        self.norm = nn.LayerNorm(width)

    def photo(self, values: dict[str, Tensor]) -> Tensor:
        """Arrays of P photos to (P, width), not normalised."""
        raise NotImplementedError

    def prepare_photos(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Fit on the photos of the training rows; arrays have a row a photo."""

    @property
    def own_sizes(self) -> dict[str, int]:
        found = {"image": self.one_spec["frozen"][0]} if "frozen" in self.one_spec else {}
        return found | ({COLOUR: self.one_spec[COLOUR][0]} if COLOUR in self.one_spec else {})

    def own_photo(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """`own` of P photos: the frozen vector, and the colours of the thing."""
        found = {"image": values["frozen"]} if "frozen" in self.one_spec else {}
        return found | ({COLOUR: values[COLOUR]} if COLOUR in self.one_spec else {})

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Of several photos the mean of their vectors of unit length."""
        if self.pool is None:
            return self.own_photo(values)
        single, there = self._single(values)
        row = there.nonzero(as_tuple=True)[0]
        found = {}
        for name, vectors in self.own_photo(single).items():
            unit = functional.normalize(vectors.float(), dim=1)
            found[name] = unit.new_zeros(len(there), unit.shape[1]).index_add(0, row, unit)
        return found

    def fixed_photos(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`fixed` of arrays with a row a photo."""
        return {}

    def fixed(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self.pool is None:
            return self.fixed_photos(arrays)
        single, there = self._single(arrays)
        found = {}
        for name, array in self.fixed_photos(single).items():
            found[name] = np.zeros((*there.shape, *array.shape[1:]), dtype=array.dtype)
            found[name][there] = array
        return found

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.prepare_photos(arrays if self.pool is None else self._single(arrays)[0])

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        if self.pool is None:
            return self.norm(self.photo(values))
        single, there = self._single(values)
        return self.norm(self.pool(self.photo(single), there))

    def _single(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Arrays with a row for each photo there is, and (B, K) bool, where they stand."""
        counts = values["photos"]
        places = self.spec[next(iter(self.one_spec))][0]
        there: Any
        if isinstance(counts, Tensor):
            there = torch.arange(places, device=counts.device)[None, :] < counts[:, None]
        else:
            there = np.arange(places)[None, :] < np.asarray(counts)[:, None]
        # A graph is given only what `forward` reads, which the colours are not.
        names = [name for name in (*self.one_spec, *self.fixed_arrays) if name in values]
        return {name: values[name][there] for name in names}, there
