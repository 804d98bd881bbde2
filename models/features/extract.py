"""Features of a whole catalogue, computed once per content hash in batches.

What is computed here and what `Featurizer.featurize` computes for a request are the same calls.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from catalog.product import ProductInput
from models.features.decoded_media import (
    MediaSource,
    decode_each,
    decode_photos,
    decode_sounds,
    digests,
    in_threads,
)
from models.features.featurizer import Featurizer
from models.features.photo_slots import photo_counts_of, photo_slots, with_photo_axis
from models.features.store import FeatureStore
from models.features.table import ModalityFeatures
from models.features.through_store import Arrays, Counts, through_store
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.settings import Settings

__all__ = ["extract_audio", "extract_image", "extract_tabular", "extract_text"]


def extract_text(
    texts: Sequence[str], featurizer: Featurizer, root: Path, settings: Settings, *, progress: bool = True
) -> tuple[ModalityFeatures, Counts]:
    """Arrays of tokens and words as the featurizer was fitted, and sentence vectors where it has them.

    Args:
        texts: n cleaned texts (`catalog.text.clean.product_text`); "" is absent.
    """
    hashes = [content_hash(text) if text else "" for text in texts]
    arrays: Arrays = {}
    counts = Counts()
    for name, key in featurizer.text_fingerprints.items():
        store = FeatureStore(root, name, key, {name: featurizer.text_layout[name]})

        def compute(rows: list[int], name: str = name) -> Arrays:
            return {name: featurizer.text_array(name, [texts[i] for i in rows])}

        found, more = through_store(store, hashes, compute, name, 4096, progress=progress)
        arrays, counts = arrays | found, _longer(counts, more)
    encoder = featurizer.frozen_text(_device(featurizer.features.text_encoder, settings))
    if encoder is not None:
        store = FeatureStore(root, "sentence", encoder.fingerprint, {"sentence": ((encoder.dim,), "<f4")})

        def sentences(rows: list[int]) -> Arrays:
            return {"sentence": encoder.encode([texts[i] for i in rows])}

        found, more = through_store(store, hashes, sentences, "sentences", progress=progress)
        arrays, counts = arrays | found, _longer(counts, more)
    return ModalityFeatures(arrays, np.array([bool(h) for h in hashes], dtype=bool)), counts


def extract_image(
    media: MediaSource,
    photos: Sequence[Sequence[str]],
    featurizer: Featurizer,
    root: Path,
    settings: Settings,
    *,
    progress: bool = True,
) -> tuple[ModalityFeatures, Counts]:
    """Pixels, as `decode_photos` gives them, and vectors of a frozen encoder where one is configured.

    Stored photo by photo: one that several products show is decoded and encoded once.

    Args:
        photos: media keys of each of n products; the first `max_photos` are read.
    """
    limits, most = settings.media, featurizer.preprocessing.max_photos
    keys = photo_slots(photos, most)
    pixels, _, counts = decode_photos(media, keys, featurizer, root, limits, progress=progress)
    arrays = {"pixels": pixels}
    if featurizer.features.histograms:
        found, more = _histograms(pixels, digests(media, keys), featurizer, root, progress)
        arrays, counts = arrays | found, _later(counts, more)
    encoder = featurizer.frozen_image(_device(featurizer.features.image_encoder, settings))
    if encoder is not None:
        store = FeatureStore(root, "frozen-image", encoder.fingerprint, {"frozen": ((encoder.dim,), "<f4")})
        opened = partial(encoder.recipe.open, limits=limits)
        found, more = _frozen(media, keys, store, opened, encoder.encode, "image vectors", progress)
        arrays, counts = arrays | found, _later(counts, more)
    return ModalityFeatures(*with_photo_axis(arrays, photo_counts_of(photos, most), most)), counts


def _histograms(
    pixels: np.ndarray, hashes: Sequence[str], featurizer: Featurizer, root: Path, progress: bool
) -> tuple[Arrays, Counts]:
    """Statistics of the photos, (n, 2, columns): of each, and of its mirror image."""
    from models.encoders.image.photo_textures import COLUMNS, HISTOGRAMS_CODE, photo_histograms

    key = fingerprint([featurizer.fingerprints["pixels"], HISTOGRAMS_CODE])
    store = FeatureStore(root, "histograms", key, {"histograms": ((2, COLUMNS), "<f2")})

    def compute(rows: list[int]) -> Arrays:
        return {"histograms": photo_histograms(pixels[rows])}

    return through_store(store, hashes, compute, "photo statistics", progress=progress)


def extract_audio(
    media: MediaSource,
    keys: Sequence[str | None],
    featurizer: Featurizer,
    root: Path,
    settings: Settings,
    *,
    progress: bool = True,
) -> tuple[ModalityFeatures, Counts]:
    """Spectra and statistics, from the samples of `decode_sounds`; vectors of a frozen encoder where set."""
    hashes = digests(media, keys)
    store = FeatureStore(root, "audio", featurizer.fingerprints["audio"], featurizer.sound_layout)

    def compute(rows: list[int]) -> Arrays:
        chosen = [keys[i] for i in rows]
        samples, _, _ = decode_sounds(media, chosen, featurizer, root, settings.media, progress=False)
        made = in_threads(featurizer.sound_arrays, list(samples))
        return {name: np.stack([m[name] for m in made]) for name in made[0]}

    arrays, counts = through_store(store, hashes, compute, "spectra", progress=progress)
    encoder = featurizer.frozen_audio(_device(featurizer.features.audio_encoder, settings))
    if encoder is not None:
        seconds = featurizer.preprocessing.sound_seconds
        marks = fingerprint([encoder.fingerprint, seconds])
        store = FeatureStore(root, "frozen-audio", marks, {"frozen": ((encoder.dim,), "<f4")})
        opened = partial(encoder.open, seconds=seconds, limits=settings.media)
        found, more = _frozen(media, keys, store, opened, encoder.encode, "sound vectors", progress)
        arrays, counts = arrays | found, _later(counts, more)
    return ModalityFeatures(arrays, np.array([bool(h) for h in hashes], dtype=bool)), counts


def extract_tabular(
    items: Sequence[ProductInput], featurizer: Featurizer, root: Path
) -> tuple[ModalityFeatures, Counts]:
    """Scaled table values, stored by what they are made of; absent without any of it."""
    made = featurizer.table(items)
    ids = made.values.get("details", np.zeros((len(items), 0), dtype=np.int32))
    prices = [repr(float(item.price or 0)) for item in items]
    hashes = [
        content_hash(price, *([own.tobytes()] if own.size else [])) if there else ""
        for price, own, there in zip(prices, ids, made.present, strict=True)
    ]
    store = FeatureStore(root, "tabular", featurizer.fingerprints["tabular"], featurizer.table_layout)
    found, counts = through_store(
        store, hashes, lambda rows: made.take(np.array(rows)).values, "prices", len(items) or 1
    )
    return ModalityFeatures(found, made.present), counts


def _frozen(
    media: MediaSource,
    keys: Sequence[str | None],
    store: FeatureStore,
    opened: Callable[[bytes], Any],
    encode: Callable[[list[Any]], np.ndarray],
    what: str,
    progress: bool,
) -> tuple[Arrays, Counts]:
    """Vectors of a frozen encoder, which opens the files in its own way."""

    def compute(rows: list[int]) -> Arrays:
        return {"frozen": encode(decode_each(media, keys, rows, opened))}

    return through_store(store, digests(media, keys), compute, what, progress=progress)


def _later(first: Counts, last: Counts) -> Counts:
    """Two steps over the same media: the last one's rows, and the time of both."""
    return Counts(last.computed, last.reused, first.seconds + last.seconds)


def _longer(one: Counts, other: Counts) -> Counts:
    """Two passes over the same products: a product that either computed counts once."""
    rows, computed = one.computed + one.reused, max(one.computed, other.computed)
    rows = max(rows, other.computed + other.reused)
    return Counts(computed, rows - computed, one.seconds + other.seconds)


def _device(encoder: str | None, settings: Settings) -> str:
    """Where a frozen encoder runs; torch is imported only when there is one."""
    if encoder is None:
        return "cpu"
    from models.device import resolve_device

    return str(resolve_device(settings.features.device))
