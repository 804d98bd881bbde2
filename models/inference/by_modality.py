"""Vectors of products seen through one modality alone, computed once for each content and model.

Two kinds: *alone* is the product vector of what is left when a product has that modality and nothing else;
*own* is what the modality's encoder knew before any training (a frozen encoder's vector, fixed statistics),
which training may have given up for what modalities share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog.product import ProductInput
from catalog.text.clean import clean_text
from models.features.catalogue import Catalogue, features_for
from models.features.store import FeatureStore
from models.features.table import FeatureTable
from models.inference.own import SEEN, own_sizes, rows_with
from models.inference.product_encoder import ProductEncoder
from shelfspace.hashing import content_hash, fingerprint

__all__ = ["SEEN", "SeenVectors", "modality_vectors", "own_of", "title_own", "vectors_alone"]

ALONE, TITLE = "alone", "title"
BLOCK = 4096
"""Products whose features are held at once."""


@dataclass(frozen=True, eq=False)
class SeenVectors:
    """Vectors of n products by modality, float16 of unit length, zero where a product lacks it.

    Half precision keeps a cosine to three digits, which is enough to say what is nearest.

    Attributes:
        alone: modality to (n, dim), in the space of the product vectors.
        own: name to (n, d), each in a space of its own; none of a modality whose encoder has no such vector.
        computed: how many rows of a modality were computed now.
    """

    alone: Mapping[str, np.ndarray]
    own: Mapping[str, np.ndarray]
    computed: int


def modality_vectors(encoder: ProductEncoder, catalogue: Catalogue) -> SeenVectors:
    """Vectors of n products by each modality that the encoder reads."""
    hashes = catalogue.as_read_by(encoder.featurizer.preprocessing).texts
    alone: dict[str, np.ndarray] = {}
    own: dict[str, np.ndarray] = {}
    computed = 0
    for name in (name for name in SEEN if name in encoder.modalities):
        sizes = {ALONE: encoder.dim, **own_sizes(encoder.network, [name])}
        layout = {array: ((size,), "float16") for array, size in sizes.items()}
        maps = [content_hash(table.tobytes()) for table in encoder.own_maps.values()]
        made_by = fingerprint([encoder.fingerprint, sizes, maps])
        store = FeatureStore(catalogue.state / "embeddings", f"seen-{name}", made_by, layout)
        keys = hashes[f"{name}_hash"].tolist()
        todo = store.lacking(keys)
        for start in range(0, len(todo), BLOCK):
            rows = todo[start : start + BLOCK]
            features = features_for(encoder, catalogue.take(rows))
            arrays = {
                ALONE: vectors_alone(encoder, features, [name])[name],
                **own_of(encoder, features, [name]),
            }
            store.append([keys[row] for row in rows], arrays)
        computed += len(todo)
        found = store.gather(keys)
        alone[name] = found.pop(ALONE)
        own |= found
    titles = [clean_text(title) for title in catalogue.products["title"]]
    return SeenVectors(alone, own | _stored_titles(encoder, titles, catalogue.state), computed)


def _stored_titles(encoder: ProductEncoder, titles: Sequence[str], state: Path) -> dict[str, np.ndarray]:
    size = encoder.own_sizes.get("text")
    if size is None:
        return {}
    layout = {TITLE: ((size,), "float16")}
    store = FeatureStore(state / "embeddings", f"seen-{TITLE}", encoder.fingerprint, layout)
    keys = [content_hash(title) if title else "" for title in titles]
    todo = store.lacking(keys)
    for start in range(0, len(todo), BLOCK):
        rows = todo[start : start + BLOCK]
        store.append([keys[row] for row in rows], title_own(encoder, [titles[row] for row in rows]))
    return store.gather(keys)


def title_own(encoder: ProductEncoder, titles: Sequence[str]) -> dict[str, np.ndarray]:
    """`title` to (n, d) float16 vectors of titles alone, zero without one; nothing where text has no own.

    A short query is more like a title than like a title and a page of description.
    """
    if "text" not in encoder.own_sizes:
        return {}
    features = encoder.featurize([ProductInput(title=title) for title in titles])
    return {TITLE: encoder.own_vectors(features, ["text"])["text"].astype(np.float16)}


def vectors_alone(
    encoder: ProductEncoder, features: FeatureTable, names: Sequence[str] = SEEN
) -> dict[str, np.ndarray]:
    """Modality to (n, dim) float16 vectors of n feature rows seen through it alone, zero without it."""
    found = {}
    for name in (name for name in names if name in encoder.modalities):
        vectors = np.zeros((len(features), encoder.dim), np.float16)
        there = rows_with(features, name)
        if len(there):
            vectors[there] = encoder.embed_features(features.take(there), only=[name])
        found[name] = vectors
    return found


def own_of(
    encoder: ProductEncoder, features: FeatureTable, names: Sequence[str] = SEEN
) -> dict[str, np.ndarray]:
    """Name to (n, d) float16 vectors of n feature rows by what their encoders have of their own."""
    return {name: table.astype(np.float16) for name, table in encoder.own_vectors(features, names).items()}
