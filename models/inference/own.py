"""What modalities say by themselves, before any training: `Encoder.own` over a feature table."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from models.features.table import FeatureTable
from models.network import ProductNetwork, batch_values

__all__ = ["SEEN", "own_evidence", "own_sizes", "own_vectors", "rows_with", "steadied"]

SEEN = ("text", "image", "audio")
"""Modalities that a shopper perceives; a price alone is like that of thousands of products."""


class Perceiving(Protocol):
    """What is asked of an encoder of products here; see `ProductEncoder`."""

    network: ProductNetwork

    @property
    def modalities(self) -> Sequence[str]: ...

    def own_vectors(
        self, features: FeatureTable, only: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]: ...

    def embed_features(self, features: FeatureTable, only: Sequence[str] | None = None) -> np.ndarray: ...


def own_vectors(
    network: ProductNetwork,
    features: FeatureTable,
    only: Sequence[str] | None,
    device: torch.device,
    batch_size: int = 256,
) -> dict[str, np.ndarray]:
    """Name to (n, d) float32 vectors of unit length, zero where a product lacks what they are read from.

    Args:
        only: modalities to look at; None for all.
    """
    found: dict[str, np.ndarray] = {}
    for modality in (name for name in network.modalities if only is None or name in only):
        encoder, rows = network.encoder(modality), rows_with(features, modality)
        own = {name: np.zeros((len(features), d), np.float32) for name, d in encoder.own_sizes.items()}
        for start in range(0, len(rows) if own else 0, batch_size):
            part = rows[start : start + batch_size]
            with torch.inference_mode():
                values, _ = batch_values(features, [modality], part, device)
                for name, vectors in encoder.own(values[modality]).items():
                    own[name][part] = functional.normalize(vectors.float(), dim=1).cpu().numpy()
        found |= own
    return found


def steadied(table: np.ndarray, mapped: np.ndarray | None) -> np.ndarray:
    """(n, d) vectors multiplied by a (d, d) map, of unit length again; zero stays zero."""
    if mapped is None:
        return table
    found = table @ mapped
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)


def own_sizes(network: ProductNetwork, only: Sequence[str] = SEEN) -> dict[str, int]:
    """Names and lengths of what `own_vectors` gives."""
    read = [name for name in network.modalities if name in only]
    return {name: size for modality in read for name, size in network.encoder(modality).own_sizes.items()}


def rows_with(features: FeatureTable, modality: str) -> np.ndarray:
    """Rows that have a modality, ascending."""
    part = features.modalities.get(modality)
    return np.empty(0, np.int64) if part is None else np.flatnonzero(part.present)


def own_evidence(
    encoder: Perceiving, features: FeatureTable, vectors: np.ndarray
) -> list[dict[str, np.ndarray]]:
    """See `ProductEncoder.own_evidence`.

    A modality whose encoder has nothing of its own is compared by the vector of it alone: of a query of one
    modality, that is the vector it has. Words are compared with titles alone as well.
    """
    read = [name for name in SEEN if name in encoder.modalities and name in features.modalities]
    own = encoder.own_vectors(features, read)
    parts = features.present().sum(axis=1)
    found: list[dict[str, np.ndarray]] = [{} for _ in range(len(features))]
    for name in read:
        rows, sizes = rows_with(features, name), own_sizes(encoder.network, [name])
        tables = {other: own[other][rows] for other in sizes}
        if "text" in tables:
            tables["title"] = tables["text"]
        if name not in sizes and len(rows):  # colours do not stand for a photo
            tables[name], more = np.array(vectors[rows]), parts[rows] > 1
            if more.any():
                tables[name][more] = encoder.embed_features(features.take(rows[more]), only=[name])
        for other, table in tables.items():
            for row, vector in zip(rows.tolist(), table, strict=True):
                if vector.any():
                    found[row][other] = vector
    return found
