"""Features of a whole catalogue, computed once per content hash in batches.

What is computed here and what `Featurizer.featurize` computes for a request are the same calls.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from tqdm import tqdm

from catalog.errors import MediaError
from catalog.hashing import content_hash, fingerprint
from catalog.progress import hide_bar
from catalog.settings import Media, Settings
from models.feature_store import FeatureStore
from models.features import ModalityFeatures
from models.featurizer import Featurizer
from models.inputs.item import ProductInput
from models.inputs.photos import photo_pixels
from models.photo_slots import photo_counts_of, photo_slots, with_photo_axis

__all__ = [
    "Counts",
    "MediaSource",
    "decode_photos",
    "decode_sounds",
    "extract_audio",
    "extract_image",
    "extract_tabular",
    "extract_text",
    "through_store",
]

Arrays = dict[str, np.ndarray]
T = TypeVar("T")

BATCH = 256
"""Rows between two writes of the ledger: what a kill costs at most."""


class MediaSource(Protocol):
    """The part of a media store that extraction needs."""

    def read(self, key: str) -> bytes: ...

    def digest(self, key: str) -> str: ...


@dataclass(frozen=True)
class Counts:
    """Rows computed now, rows that were stored or share their content, and wall time in seconds."""

    computed: int = 0
    reused: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.computed + other.computed, self.reused + other.reused, self.seconds + other.seconds
        )


def through_store(
    store: FeatureStore,
    hashes: Sequence[str],
    compute: Callable[[list[int]], Arrays],
    what: str,
    batch: int = BATCH,
    *,
    progress: bool = True,
) -> tuple[Arrays, Counts]:
    """Arrays of all rows; only hashes the store lacks are computed, batch by batch.

    Args:
        hashes: n content hashes, "" where the modality is absent.
        compute: positions to arrays with a row each.
        what: the progress bar's name.
    """
    started = time.monotonic()
    first = {h: i for i, h in reversed(list(enumerate(hashes))) if h}
    todo = [first[h] for h in store.missing(hashes)]
    hidden = hide_bar(progress and bool(todo))
    with tqdm(total=len(todo), desc=what, unit="row", mininterval=1, disable=hidden) as bar:
        for start in range(0, len(todo), batch):
            rows = todo[start : start + batch]
            store.append([hashes[i] for i in rows], compute(rows))
            bar.update(len(rows))
    reused = sum(1 for h in hashes if h) - len(todo)
    return store.gather(hashes), Counts(len(todo), reused, time.monotonic() - started)


def extract_text(
    texts: Sequence[str], featurizer: Featurizer, root: Path, settings: Settings, *, progress: bool = True
) -> tuple[ModalityFeatures, Counts]:
    """Arrays of tokens and words as the featurizer was fitted, and sentence vectors where it has them.

    Args:
        texts: n cleaned texts (`models.inputs.text.product_text`); "" is absent.
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


def decode_photos(
    media: MediaSource,
    keys: Sequence[str | None],
    featurizer: Featurizer,
    root: Path,
    limits: Media,
    *,
    progress: bool = True,
) -> tuple[np.ndarray, np.ndarray, Counts]:
    """Photos as pixels, one a row.

    Args:
        keys: n media keys, None where there is no photo (`photo_slots`).

    Returns:
        (n, size, size, 3) uint8, (n,) bool, where there is one, and counts.

    Raises:
        MediaError: a photo is refused; the message begins with its key.
    """
    size = featurizer.preprocessing.image_size
    store = FeatureStore(
        root, "pixels", featurizer.fingerprints["pixels"], {"pixels": ((size, size, 3), "|u1")}
    )

    def compute(rows: list[int]) -> Arrays:
        return {"pixels": np.stack(_each(media, keys, rows, lambda data: photo_pixels(data, size, limits)))}

    hashes = _digests(media, keys)
    found, counts = through_store(store, hashes, compute, "photos", progress=progress)
    return found["pixels"], np.array([bool(h) for h in hashes], dtype=bool), counts


def decode_sounds(
    media: MediaSource,
    keys: Sequence[str | None],
    featurizer: Featurizer,
    root: Path,
    limits: Media,
    *,
    progress: bool = True,
) -> tuple[np.ndarray, np.ndarray, Counts]:
    """The sound of each product as samples of one rate and length.

    Args:
        keys: n media keys, None where a product has no sound.

    Returns:
        (n, rate * seconds) int16, (n,) bool, where there is one, and counts.

    Raises:
        MediaError: a sound is refused; the message begins with its key.
    """
    layout = {"samples": ((featurizer.sample_count,), "<i2")}
    store = FeatureStore(root, "samples", featurizer.fingerprints["samples"], layout)

    def compute(rows: list[int]) -> Arrays:
        return {"samples": np.stack(_each(media, keys, rows, lambda data: featurizer.samples(data, limits)))}

    hashes = _digests(media, keys)
    found, counts = through_store(store, hashes, compute, "sounds", progress=progress)
    return found["samples"], np.array([bool(h) for h in hashes], dtype=bool), counts


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
        found, more = _histograms(pixels, _digests(media, keys), featurizer, root, progress)
        arrays, counts = arrays | found, Counts(more.computed, more.reused, counts.seconds + more.seconds)
    encoder = featurizer.frozen_image(_device(featurizer.features.image_encoder, settings))
    if encoder is not None:
        store = FeatureStore(root, "frozen-image", encoder.fingerprint, {"frozen": ((encoder.dim,), "<f4")})

        def compute(rows: list[int]) -> Arrays:
            opened = _each(media, keys, rows, lambda data: encoder.recipe.open(data, limits))
            return {"frozen": encoder.encode(opened)}

        hashes = _digests(media, keys)
        found, more = through_store(store, hashes, compute, "image vectors", progress=progress)
        arrays, counts = arrays | found, Counts(more.computed, more.reused, counts.seconds + more.seconds)
    return ModalityFeatures(*with_photo_axis(arrays, photo_counts_of(photos, most), most)), counts


def _histograms(
    pixels: np.ndarray, hashes: Sequence[str], featurizer: Featurizer, root: Path, progress: bool
) -> tuple[Arrays, Counts]:
    """Statistics of the photos, (n, 2, columns): of each, and of its mirror image."""
    from models.encoders.photo_textures import COLUMNS, HISTOGRAMS_CODE, photo_histograms

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
    hashes = _digests(media, keys)
    store = FeatureStore(root, "audio", featurizer.fingerprints["audio"], featurizer.sound_layout)

    def compute(rows: list[int]) -> Arrays:
        chosen = [keys[i] for i in rows]
        samples, _, _ = decode_sounds(media, chosen, featurizer, root, settings.media, progress=False)
        made = _map(featurizer.sound_arrays, list(samples))
        return {name: np.stack([m[name] for m in made]) for name in made[0]}

    arrays, counts = through_store(store, hashes, compute, "spectra", progress=progress)
    encoder = featurizer.frozen_audio(_device(featurizer.features.audio_encoder, settings))
    if encoder is not None:
        seconds = featurizer.preprocessing.sound_seconds
        marks = fingerprint([encoder.fingerprint, seconds])
        store = FeatureStore(root, "frozen-audio", marks, {"frozen": ((encoder.dim,), "<f4")})

        def vectors(rows: list[int]) -> Arrays:
            opened = _each(media, keys, rows, lambda data: encoder.open(data, seconds, settings.media))
            return {"frozen": encoder.encode(opened)}

        found, more = through_store(store, hashes, vectors, "sound vectors", progress=progress)
        arrays, counts = arrays | found, Counts(more.computed, more.reused, counts.seconds + more.seconds)
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


def _digests(media: MediaSource, keys: Sequence[str | None]) -> list[str]:
    return [media.digest(key) if key else "" for key in keys]


def _each(
    media: MediaSource, keys: Sequence[str | None], rows: list[int], decode: Callable[[bytes], T]
) -> list[T]:
    """Decode the media of some rows; a refusal names the key."""
    # Media stores read from one open file: reading stays in this thread.
    files = [(str(keys[i]), media.read(str(keys[i]))) for i in rows]

    def one(file: tuple[str, bytes]) -> T:
        key, data = file
        try:
            return decode(data)
        except MediaError as error:
            raise MediaError(f"{key}: {error.field}", error.value, error.remedy) from error

    return _map(one, files)


def _map(function: Callable[[Any], T], values: list[Any]) -> list[T]:
    """Results in order, over as many threads as this process has cores; decoders release the GIL."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(values) < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(min(cores, 16)) as pool:
        return list(pool.map(function, values))
