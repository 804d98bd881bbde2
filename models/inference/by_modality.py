"""Vectors of products seen through one modality alone, computed once for each content and model."""

from collections.abc import Sequence

import numpy as np

from models.features.catalogue import Catalogue, features_for
from models.features.store import FeatureStore
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder

__all__ = ["SEEN", "modality_vectors", "vectors_alone"]

SEEN = ("text", "image", "audio")
"""Modalities that a shopper perceives; a price alone is like that of thousands of products."""
BLOCK = 4096
"""Products whose features are held at once."""


def modality_vectors(encoder: ProductEncoder, catalogue: Catalogue) -> tuple[dict[str, np.ndarray], int]:
    """Vectors of n products by each modality that the encoder reads, and how many were computed now.

    Returns:
        modality to (n, dim) float16 of unit length, zero where a product lacks it or it cannot be read.
        Half precision keeps a cosine to three digits, which is enough to say what is nearest.
    """
    hashes = catalogue.as_read_by(encoder.featurizer.preprocessing).texts
    found: dict[str, np.ndarray] = {}
    computed = 0
    for name in (name for name in SEEN if name in encoder.modalities):
        layout = {"vector": ((encoder.dim,), "float16")}
        store = FeatureStore(catalogue.state / "embeddings", f"product-{name}", encoder.fingerprint, layout)
        keys = hashes[f"{name}_hash"].tolist()
        todo = store.lacking(keys)
        for start in range(0, len(todo), BLOCK):
            rows = todo[start : start + BLOCK]
            vectors = vectors_alone(encoder, features_for(encoder, catalogue.take(rows)), [name])[name]
            store.append([keys[row] for row in rows], {"vector": vectors})
        computed += len(todo)
        found[name] = store.gather(keys)["vector"]
    return found, computed


def vectors_alone(
    encoder: ProductEncoder, features: FeatureTable, names: Sequence[str] = SEEN
) -> dict[str, np.ndarray]:
    """Modality to (n, dim) float16 vectors of n feature rows seen through it alone, zero without it."""
    found = {}
    for name in (name for name in names if name in encoder.modalities):
        vectors = np.zeros((len(features), encoder.dim), np.float16)
        part = features.modalities.get(name)
        there = np.flatnonzero(part.present) if part is not None else np.empty(0, np.int64)
        if len(there):
            vectors[there] = encoder.embed_features(features.take(there), only=[name])
        found[name] = vectors
    return found
