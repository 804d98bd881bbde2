"""Opening photos and sounds that strangers wrote.

Everything that can be known from the first bytes is checked before a decoder runs: the size of
the file, the format against an allow-list, the pixels or seconds that the header claims. Only
then is the file decoded, whole, so that a truncated one is refused here and not in a training
batch. Each refusal is a `MediaError` that names field, value and remedy.

Pillow's own limit (`Image.MAX_IMAGE_PIXELS`) stays as it is: the cap of the settings is applied
to the header's size first, whichever is larger, and nothing global is changed.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pandas as pd

from catalog.cells import media_cell
from catalog.media.missing import why_missing
from catalog.media.photo import PhotoFacts, open_photo, probe_photo
from catalog.media.sound import SoundFacts, open_sound, probe_sound
from catalog.media.video import is_video, video_parts
from shelfspace.errors import MediaError
from shelfspace.hashing import content_hash
from shelfspace.progress import progress_bar
from shelfspace.settings import Media

__all__ = [
    "MediaReader",
    "PhotoFacts",
    "SoundFacts",
    "open_photo",
    "open_sound",
    "probe_catalogue",
    "probe_media",
    "probe_photo",
    "probe_sound",
]


class MediaReader(Protocol):
    """The part of a media store that probing needs."""

    def __contains__(self, key: object) -> bool: ...

    def read(self, key: str) -> bytes: ...


def probe_catalogue(
    store: MediaReader, products: pd.DataFrame, separator: str, limits: Media
) -> pd.DataFrame:
    """`probe_media` of every photo and sound that raw product rows name."""
    parts = []
    for kind in ("photos", "sounds"):
        keys = sorted({key for cell in products[kind] for key in media_cell(cell, separator)})
        parts.append(probe_media(store, keys, kind, limits))
    return pd.concat(parts, ignore_index=True)


def probe_media(
    store: MediaReader, keys: Iterable[str], kind: str, limits: Media, progress: bool = True
) -> pd.DataFrame:
    """Probe each distinct key once, in the order given.

    Args:
        store: where the bytes are; a key that is not in it is reported as missing.
        keys: media keys of one kind.
        kind: "photos" or "sounds".
        limits: allow-list and caps.
        progress: say how far it is (`shelfspace.progress`).

    Returns:
        one row a key: key, kind, ok (bool), reason, field, value ("" where ok), width, height
        (int, pixels), seconds (float), bytes (int), look (of a photo `PhotoFacts.look`, of a sound its
        digest); numbers are 0 and texts "" where they do not apply.
    """
    probes: dict[str, Callable[[bytes, Media], PhotoFacts | SoundFacts]]
    probes = {"photos": probe_photo, "sounds": probe_sound}
    probe = probes[kind]
    distinct = list(dict.fromkeys(keys))
    bar = progress_bar(distinct, f"probe {kind}", unit="file", progress=progress)
    rows = [_finding(store, key, kind, probe, limits) for key in bar]
    columns = ["key", "kind", "ok", "reason", "field", "value", "width", "height", "seconds", "bytes", "look"]
    types: dict[str, Any] = {
        "ok": bool,
        "width": "int64",
        "height": "int64",
        "seconds": "float64",
        "bytes": "int64",
    }
    return pd.DataFrame(rows, columns=columns).astype(types)


def _finding(
    store: MediaReader,
    key: str,
    kind: str,
    probe: Callable[[bytes, Media], PhotoFacts | SoundFacts],
    limits: Media,
) -> tuple:
    single = kind.removesuffix("s")
    if key not in store:
        return key, kind, False, why_missing(key), f"{single}.file", key, 0, 0, 0.0, 0, ""
    data = store.read(key)
    try:
        if is_video(data):  # one that could not be taken apart (`catalog.media.video_cells`): say why
            video_parts(data, limits)
        facts = probe(data, limits)
    except MediaError as error:
        return key, kind, False, error.remedy, error.field, error.value, 0, 0, 0.0, len(data), ""
    if isinstance(facts, PhotoFacts):
        return key, kind, True, "", "", "", facts.width, facts.height, 0.0, facts.bytes, facts.look
    return key, kind, True, "", "", "", 0, 0, facts.seconds, facts.bytes, content_hash(data)
