"""Features of a whole catalogue, computed once per content hash in batches.

What is computed here and what `Featurizer.featurize` computes for a request are the same calls.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from catalog.product import ProductInput
from models.features.featurizer import Featurizer
from models.features.named_arrays import array_of
from models.features.photo_slots import photo_counts_of, photo_slots, with_photo_axis
from models.features.store import Counts, FeatureStore, through_stores
from models.features.table import ModalityFeatures
from models.inputs.photos import Photo
from models.inputs.sounds import Sound
from shelfspace.hashing import content_hash
from shelfspace.settings import Settings

__all__ = ["MediaSource", "extract_audio", "extract_image", "extract_tabular", "extract_text", "tabular_hash"]


class MediaSource(Protocol):
    """The part of a media store that extraction needs."""

    def read(self, key: str) -> bytes: ...

    def digest(self, key: str) -> str: ...


@dataclass(frozen=True)
class _Inputs:
    """The inputs of one modality: n content hashes, "" where absent, and what stands at some positions."""

    hashes: list[str]
    at: Callable[[list[int]], list[Any]]


def extract_text(
    texts: Sequence[str], featurizer: Featurizer, root: Path, settings: Settings, *, progress: bool = True
) -> tuple[ModalityFeatures, Counts]:
    """Features of n cleaned texts (`catalog.text.clean.product_text`); "" is absent."""
    hashes = [content_hash(text) if text else "" for text in texts]
    inputs = _Inputs(hashes, lambda rows: [texts[i] for i in rows])
    return _extract("text", inputs, featurizer, root, settings, progress)


def extract_image(
    media: MediaSource,
    photos: Sequence[Sequence[str]],
    featurizer: Featurizer,
    root: Path,
    settings: Settings,
    *,
    progress: bool = True,
) -> tuple[ModalityFeatures, Counts]:
    """Features of the first photos (`max_photos`) of n products.

    Stored photo by photo: one that several products show is decoded once.

    Args:
        photos: media keys of each product.

    Raises:
        MediaError: a photo is refused; the message begins with its key.
    """
    most = featurizer.preprocessing.max_photos
    keys = photo_slots(photos, most)
    inputs = _media_inputs(media, keys, Photo, featurizer, settings)
    found, counts = _extract("image", inputs, featurizer, root, settings, progress)
    counted = photo_counts_of(photos, most)
    return ModalityFeatures(*with_photo_axis(found.values, counted, most)), counts


def extract_audio(
    media: MediaSource,
    keys: Sequence[str | None],
    featurizer: Featurizer,
    root: Path,
    settings: Settings,
    *,
    progress: bool = True,
) -> tuple[ModalityFeatures, Counts]:
    """Features of n products' sounds; a key is None where there is none. Raises as `extract_image`."""
    inputs = _media_inputs(media, keys, Sound, featurizer, settings)
    return _extract("audio", inputs, featurizer, root, settings, progress)


def extract_tabular(
    items: Sequence[ProductInput], featurizer: Featurizer, root: Path, settings: Settings
) -> tuple[ModalityFeatures, Counts]:
    """Table values of n products, stored by what they are made of; absent without any of it."""
    known = featurizer.known(items)
    hashes = [tabular_hash(item) if there else "" for item, there in zip(items, known, strict=True)]
    inputs = _Inputs(hashes, lambda rows: [items[i] for i in rows])
    return _extract("tabular", inputs, featurizer, root, settings, progress=True)


def tabular_hash(item: ProductInput) -> str:
    """Content hash of what the table values of a product are made of."""
    return content_hash(repr(item.price), item.brand, json.dumps(item.attributes, sort_keys=True))


def _media_inputs(
    media: MediaSource,
    keys: Sequence[str | None],
    kind: type[Photo] | type[Sound],
    featurizer: Featurizer,
    settings: Settings,
) -> _Inputs:
    # Media stores read from one open file: reading stays in this thread.
    def at(rows: list[int]) -> list[Any]:
        named = [str(keys[i]) for i in rows]
        return [kind(media.read(key), featurizer.preprocessing, settings.media, key) for key in named]

    return _Inputs([media.digest(key) if key else "" for key in keys], at)


def _extract(
    modality: str, inputs: _Inputs, featurizer: Featurizer, root: Path, settings: Settings, progress: bool
) -> tuple[ModalityFeatures, Counts]:
    """All arrays of a modality that the featurizer makes, through the store of each."""
    if getattr(featurizer.features, f"{modality}_encoder", None):
        from models.device import resolve_device

        featurizer = featurizer.on(str(resolve_device(settings.features.device)))
    keys = featurizer.array_fingerprints.get(modality, {})

    def compute(rows: list[int], names: list[str]) -> dict[str, np.ndarray]:
        given = inputs.at(rows)
        return {name: featurizer.compute(modality, name, given) for name in names}

    stores = {
        name: FeatureStore(root, name, key, {name: array_of(modality, name).shape(featurizer)})
        for name, key in keys.items()
    }
    batch = {name: array_of(modality, name).batch for name in keys}
    found, counts = through_stores(stores, inputs.hashes, compute, batch, progress=progress)
    return ModalityFeatures(found, np.array([bool(h) for h in inputs.hashes], dtype=bool)), counts
