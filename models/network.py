"""The network behind a product vector: encoders, fusion, heads.

One path makes every vector. The vector of a product is the fusion of what it has; the vector of a
text alone, or of a photo alone, is the same fusion with everything else absent. So a query and a
gallery item are comparable whatever each of them consists of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.completion import COMPLETION
from models.encoders import Encoder, build_encoder
from models.features.table import FeatureTable, ModalityFeatures
from models.fusion import FUSION
from models.fusion.kept import KEPT, MOST, Kept
from shelfspace.settings import Augmentation, Model, Training

__all__ = ["Outputs", "ProductNetwork", "Values", "batch_values", "cut", "describe_features"]

Values = Mapping[str, dict[str, Tensor]]


@dataclass(frozen=True)
class Outputs:
    """What the network says of B products.

    Attributes:
        embedding: (B, dim), of unit length.
        logits: (B, classes), before the softmax.
        price: (B,) standardised log price.
    """

    embedding: Tensor
    logits: Tensor
    price: Tensor


def describe_features(
    features: FeatureTable, vocabulary: int, classes: int, kept: bool = False
) -> dict[str, Any]:
    """The network's spec: shapes of one row of each array, size of the vocabulary, number of classes.

    `order` fixes the columns of presence; a JSON object forgets the order of its keys.

    Args:
        features: whose modalities and arrays the network shall read.
        vocabulary: number of token ids the tokenizer can give; 0 without tokens.
        classes: number of categories; 0 for a catalogue without labels.
        kept: whether the vectors of frozen encoders shall be kept in the product vector.
    """
    shapes = {
        name: {array: list(values.shape[1:]) for array, values in sorted(part.values.items())}
        for name, part in features.modalities.items()
    }
    if "tokens" in shapes.get("text", {}):
        shapes["text"]["vocabulary"] = [vocabulary]
    if "words" in shapes.get("text", {}):
        # Padding and unknown are always there.
        highest = int(features.modalities["text"].values["words"].max(initial=1))
        shapes["text"]["word_vocabulary"] = [highest + 1]
    found = {"order": list(shapes), "modalities": shapes, "classes": classes}
    names = [name for name, array in KEPT.items() if array in shapes.get(name, {})] if kept else []
    return found | {"kept": names} if names else found


class ProductNetwork(nn.Module):
    """Encoders, fusion and heads for the modalities of a spec.

    Args:
        model: widths and registry names.
        spec: as `describe_features` gives it; JSON-able, kept beside the weights.
    """

    def __init__(self, model: Model, spec: Mapping[str, Any]) -> None:
        super().__init__()
        self.modalities: tuple[str, ...] = tuple(spec["order"])
        self.width = model.width
        self.dim = model.dim
        self.encoders = nn.ModuleDict(
            {
                name: build_encoder(
                    name, getattr(model, name), spec["modalities"][name], model.width, model.dropout
                )
                for name in self.modalities
            }
        )
        self.fusion = FUSION[model.fusion](len(self.modalities), model.width, model.dim, model.dropout)
        self.category = nn.Linear(model.dim, spec["classes"]) if spec["classes"] else None
        # Unit vectors give logits of at most the weight's length; the scale lets them be confident.
        self.scale = nn.Parameter(torch.tensor(8.0))
        self.price = nn.Sequential(nn.Linear(model.dim, model.width), nn.GELU(), nn.Linear(model.width, 1))
        self.completion = COMPLETION[model.completion](len(self.modalities), model.width)
        # Networks saved before frozen vectors were kept have no such entry.
        self.kept = Kept(spec["modalities"], model.dim, model.kept) if spec.get("kept") else None
        self.carried = model.width + (model.dim if self.kept is not None else 0)

    def encoder(self, modality: str) -> Encoder:
        """The encoder of a modality."""
        return cast("Encoder", self.encoders[modality])

    def augment(self, chosen: Augmentation) -> None:
        """Say how encoders change photos and sounds at random while training."""
        for name in self.modalities:
            self.encoder(name).augmentation = chosen

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        """Tell the encoders, before `prepare`, how they are going to be trained."""
        for name in self.modalities:
            self.encoder(name).begin(training, featurizer_dir)

    def prepare(self, features: FeatureTable, rows: np.ndarray) -> None:
        """Fit the fixed statistics of the encoders on the given (training) rows."""
        for name in self.modalities:
            part = features.modalities[name]
            chosen = rows[part.present[rows]]
            self.encoder(name).prepare({key: array[chosen] for key, array in part.values.items()})
        if self.kept is not None:
            some = rows[:: 1 + len(rows) // MOST]
            parts = {name: features.modalities[name] for name in self.kept.names}
            present = {name: part.present[some] for name, part in parts.items()}
            arrays = {name: part.take(some[present[name]]).values for name, part in parts.items()}
            self.kept.prepare(arrays, present)

    def wholly_kept(self) -> bool:
        """Whether each modality that says what a product is has a frozen vector that is kept."""
        told = [name for name in self.modalities if name in KEPT]
        return self.kept is not None and bool(told) and set(told) == set(self.kept.names)

    def keep_alone(self) -> None:
        """Let the product vector be what is kept of the frozen vectors, and nothing beside it."""
        if self.kept is not None:
            self.kept.share.fill_(1.0)

    def fixed(self, features: FeatureTable) -> FeatureTable:
        """The table with what no training step changes beside it (see `Encoder.fixed`)."""
        parts = dict(features.modalities)
        for name in self.modalities:
            part = parts[name]
            there = np.flatnonzero(part.present)
            found = self.encoder(name).fixed({key: array[there] for key, array in part.values.items()})
            values = dict(part.values)
            for key, array in found.items():
                values[key] = np.zeros((len(part), *array.shape[1:]), dtype=array.dtype)
                values[key][there] = array
            parts[name] = ModalityFeatures(values, part.present)
        return FeatureTable(features.product_ids, parts)

    def encode_one(self, modality: str, values: dict[str, Tensor]) -> Tensor:
        """Arrays of B rows to (B, carried): the encoder's vectors, and behind them what is kept."""
        vectors = self.encoders[modality](values).float()
        return vectors if self.kept is None else self.kept.beside(modality, vectors, values)

    def encode(self, values: Values, present: Tensor) -> Tensor:
        """Vectors of each modality: (B, M, carried), zero where absent.

        Only rows that have a modality reach its encoder, so an absent row's values are never read.
        """
        columns = []
        for m, name in enumerate(self.modalities):
            there = present[:, m]
            if len(present) and bool(there.all()):
                columns.append(self.encode_one(name, values[name]))
                continue
            column = torch.zeros(len(present), self.carried, device=present.device)
            if bool(there.any()):
                rows = there.nonzero().squeeze(1)
                arrays = {key: array[rows] for key, array in values[name].items()}
                column = column.index_copy(0, rows, self.encode_one(name, arrays))
            columns.append(column)
        return torch.stack(columns, dim=1)

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Product vectors of unit length: (B, M, carried), (B, M) bool to (B, dim).

        Absent modalities are completed first, as `model.completion` says; what is kept is not made up.
        """
        own = vectors[..., : self.width]
        learned = functional.normalize(self.fusion(*self.completion(own, present)).float(), dim=1)
        if self.kept is None:
            return learned
        return functional.normalize(self.kept.joined(learned, vectors[..., self.width :], present), dim=1)

    def weights(self, vectors: Tensor, present: Tensor) -> Tensor | None:
        """How much each modality counts in the fusion: (B, M), rows sum to 1; None where it has no weights.

        A completed modality counts as what it is to the fusion: present.
        """
        weigh = getattr(self.fusion, "weights", None)
        return None if weigh is None else weigh(*self.completion(vectors[..., : self.width], present))

    def singles(self, vectors: Tensor, present: Tensor) -> Tensor:
        """The product vector of each modality alone: (B, M, dim), zero where absent."""
        row, column = present.nonzero(as_tuple=True)
        alone = functional.one_hot(column, len(self.modalities)).bool()
        found = self.fuse(vectors[row], alone)
        return torch.zeros(*present.shape, self.dim, device=found.device).index_put((row, column), found)

    def logits(self, embedding: Tensor) -> Tensor:
        """Category scores of unit vectors: (..., dim) to (..., classes).

        A nested vector (a shorter prefix, of unit length again) is scored by the same weights, as
        far as they reach (Kusupati 2022, arXiv 2205.13147, the weight-tied variant).
        """
        if self.category is None:
            return embedding[..., :0]
        size = embedding.shape[-1]
        return functional.linear(embedding * self.scale, self.category.weight[:, :size], self.category.bias)

    def log_price(self, embedding: Tensor) -> Tensor:
        """Standardised log price of unit vectors: (..., dim) to (...)."""
        return self.price(embedding * self.scale).squeeze(-1)

    def forward(self, values: Values, present: Tensor) -> Outputs:
        """Arrays by modality and (B, M) bool presence to vectors, scores and prices."""
        embedding = self.fuse(self.encode(values, present), present)
        return Outputs(embedding, self.logits(embedding), self.log_price(embedding))


def batch_values(
    features: FeatureTable, names: Sequence[str], rows: np.ndarray, device: torch.device
) -> tuple[dict[str, dict[str, Tensor]], Tensor]:
    """Gather rows of a table as tensors: arrays by modality, and (B, M) bool presence.

    A modality the table lacks is absent in every row; one that every row lacks has no arrays.
    """
    values: dict[str, dict[str, Tensor]] = {}
    present = np.zeros((len(rows), len(names)), dtype=bool)
    for m, name in enumerate(names):
        part = features.modalities.get(name)
        if part is None:
            values[name] = {}
            continue
        present[:, m] = part.present[rows]
        there = present[:, m].any()
        values[name] = {
            key: torch.from_numpy(np.ascontiguousarray(array[rows])).to(device)
            for key, array in part.values.items()
            if there
        }
    return values, torch.from_numpy(present).to(device)


def cut(vectors: np.ndarray, size: int) -> np.ndarray:
    """The first `size` numbers of (n, d) vectors, of unit length again.

    Shorter vectors out of a long one: Kusupati 2022, Matryoshka Representation Learning.
    """
    short = vectors[:, :size]
    return short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-12)
