"""Photos and sounds of a catalogue, decoded once per content hash, and read for whoever needs the files."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from models.features.featurizer import Featurizer
from models.features.store import FeatureStore
from models.features.through_store import Arrays, Counts, through_store
from models.inputs.photos import photo_pixels
from shelfspace.errors import MediaError
from shelfspace.settings import Media

__all__ = ["MediaSource", "decode_each", "decode_photos", "decode_sounds", "digests", "in_threads"]

T = TypeVar("T")


class MediaSource(Protocol):
    """The part of a media store that extraction needs."""

    def read(self, key: str) -> bytes: ...

    def digest(self, key: str) -> str: ...


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
    layout = {"pixels": ((size, size, 3), "|u1")}
    store = FeatureStore(root, "pixels", featurizer.fingerprints["pixels"], layout)
    decode = partial(photo_pixels, size=size, limits=limits)
    return _decoded(media, keys, store, "pixels", decode, "photos", progress)


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
    decode = partial(featurizer.samples, limits=limits)
    return _decoded(media, keys, store, "samples", decode, "sounds", progress)


def _decoded(
    media: MediaSource,
    keys: Sequence[str | None],
    store: FeatureStore,
    name: str,
    decode: Callable[[bytes], np.ndarray],
    what: str,
    progress: bool,
) -> tuple[np.ndarray, np.ndarray, Counts]:
    """The array `name` of all keys, where there is one, and counts."""

    def compute(rows: list[int]) -> Arrays:
        return {name: np.stack(decode_each(media, keys, rows, decode))}

    hashes = digests(media, keys)
    found, counts = through_store(store, hashes, compute, what, progress=progress)
    return found[name], np.array([bool(h) for h in hashes], dtype=bool), counts


def digests(media: MediaSource, keys: Sequence[str | None]) -> list[str]:
    """Content hash of each key's file, "" where there is none."""
    return [media.digest(key) if key else "" for key in keys]


def decode_each(
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

    return in_threads(one, files)


def in_threads(function: Callable[[Any], T], values: list[Any]) -> list[T]:
    """Results in order, over as many threads as this process has cores; decoders release the GIL."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(values) < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(min(cores, 16)) as pool:
        return list(pool.map(function, values))
