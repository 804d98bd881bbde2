"""The network in parts that a graph can be made of: one encoder a modality, and the head.

Which rows have a modality is decided outside the graphs, in numpy, so a graph holds no branch and
serves every mixture of modalities. The head is fusion, category scores and price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from models.features.table import ModalityFeatures
from models.inputs.colours import COLOUR
from models.network import ProductNetwork

__all__ = ["HEAD", "Part", "network_parts", "part_arrays"]

HEAD = "head"
PADDED = ("tokens", "words", "grams")
"""Arrays that end in zeros which say nothing: their columns beyond the longest row are cut off."""
LEAST = 2
"""Columns left at least: a text of one token has no pair of tokens, and a graph no branch for that."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a network.

    Attributes:
        name: a modality, or `head`.
        module: takes the inputs by position and gives a tuple of float32 tensors: of an encoder
            (B, carried); of the head (B, dim) of unit length, (B, classes) scores, (B,) prices.
        inputs: names, in order; the first axis of each is the rows.
        outputs: names, in order.
        longest: inputs whose second axis differs from call to call, and its largest size.
    """

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    longest: Mapping[str, int] = field(default_factory=dict)


class _EncoderModule(nn.Module):
    """The encoder of a modality, its arrays by position."""

    def __init__(self, network: ProductNetwork, modality: str, arrays: Sequence[str]) -> None:
        super().__init__()
        self.encoder, self.kept = network.encoders[modality], network.kept
        self.modality = modality
        self.arrays = tuple(arrays)

    def forward(self, *values: Tensor) -> tuple[Tensor]:
        given = dict(zip(self.arrays, values, strict=True))
        vectors = self.encoder(given).float()
        return (vectors if self.kept is None else self.kept.beside(self.modality, vectors, given),)


class _HeadModule(nn.Module):
    """(B, M, carried) vectors and (B, M) bool presence to what `Outputs` holds."""

    def __init__(self, network: ProductNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        embedding = self.network.fuse(vectors, present)
        logits, price = self.network.logits(embedding), self.network.log_price(embedding)
        return embedding, logits.float(), price.float()


def network_parts(network: ProductNetwork, features: Mapping[str, ModalityFeatures]) -> dict[str, Part]:
    """The parts by name: the encoder of each modality there are features of, and the head.

    Args:
        features: by modality; whatever they are, their arrays have the names and shapes to come.
    """
    parts = {}
    for name in (name for name in network.modalities if name in features):
        arrays = _read(features[name])
        longest = {key: features[name].values[key].shape[1] for key in arrays if key in PADDED}
        module = _EncoderModule(network, name, arrays).eval()
        parts[name] = Part(name, module, tuple(arrays), ("vectors",), longest)
    head = _HeadModule(network).eval()
    parts[HEAD] = Part(HEAD, head, ("vectors", "present"), ("embedding", "logits", "price"))
    return parts


def part_arrays(features: ModalityFeatures, rows: np.ndarray | slice) -> list[np.ndarray]:
    """The arrays of some rows of a modality, sorted by name, padding cut off."""
    return [
        cut(values[rows]) if name in PADDED else np.ascontiguousarray(values[rows])
        for name, values in ((name, features.values[name]) for name in _read(features))
    ]


def _read(features: ModalityFeatures) -> list[str]:
    """Names of the arrays that a network reads, sorted: a graph has no input that it does not use."""
    return sorted(name for name in features.values if name != COLOUR)


def cut(ids: np.ndarray) -> np.ndarray:
    """(B, L) ids without the columns that are padding in every row; two are left at least."""
    used = np.flatnonzero(ids.any(axis=0))
    length = max(LEAST, int(used[-1]) + 1 if len(used) else 0)
    return np.ascontiguousarray(ids[:, :length])


def tensors(arrays: Sequence[np.ndarray]) -> list[Tensor]:
    """Tensors on the arrays' memory; of read-only ones, on a copy."""
    return [torch.from_numpy(a if a.flags.writeable else a.copy()) for a in arrays]
