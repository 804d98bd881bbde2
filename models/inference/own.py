"""What modalities say by themselves, before any training: `Encoder.own` over a feature table."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from models.features.table import FeatureTable
from models.network import ProductNetwork, batch_values

__all__ = ["SEEN", "own_vectors", "rows_with"]

SEEN = ("text", "image", "audio")
"""Modalities that a shopper perceives; a price alone is like that of thousands of products."""


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


def rows_with(features: FeatureTable, modality: str) -> np.ndarray:
    """Rows that have a modality, ascending."""
    part = features.modalities.get(modality)
    return np.empty(0, np.int64) if part is None else np.flatnonzero(part.present)
