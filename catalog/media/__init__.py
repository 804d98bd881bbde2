"""Opening photos and sounds that strangers wrote.

Everything that can be known from the first bytes is checked before a decoder runs: the size of
the file, the format against an allow-list, the pixels or seconds that the header claims. Only
then is the file decoded, whole, so that a truncated one is refused here and not in a training
batch. Each refusal is a `MediaError` that names field, value and remedy.

Pillow's own limit (`Image.MAX_IMAGE_PIXELS`) stays as it is: the cap of the settings is applied
to the header's size first, whichever is larger, and nothing global is changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
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

FINDINGS: dict[str, Any] = {
    **dict.fromkeys(("key", "kind"), object), "ok": bool,
    **dict.fromkeys(("reason", "field", "value"), object),
    "width": "int64", "height": "int64", "seconds": "float64", "bytes": "int64", "look": object,
    **dict.fromkeys(("sharpness", "loudness", "silence"), "float64"),
}  # fmt: skip
"""Columns of `probe_media`, with their types."""


class MediaReader(Protocol):
    """The part of a media store that probing needs."""

    def __contains__(self, key: object) -> bool: ...

    def read(self, key: str) -> bytes: ...


class DigestedMedia(MediaReader, Protocol):
    """One that knows each file's content hash without reading it."""

    def digest(self, key: str) -> str: ...


def probe_catalogue(
    store: DigestedMedia,
    products: pd.DataFrame,
    separator: str,
    limits: Media,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """`probe_media` of every photo and sound that raw product rows name, and each file's `digest`.

    Args:
        known: what this gave before, under the same limits and by the same code: files of the same content
            are not opened again.
    """
    parts = []
    for kind in ("photos", "sounds"):
        keys = sorted({key for cell in products[kind] for key in media_cell(cell, separator)})
        digests = {key: store.digest(key) if key in store else "" for key in keys}
        seen = None if known is None else known[known["kind"].eq(kind) & known["digest"].ne("")]
        by_digest = (
            {} if seen is None else seen.drop_duplicates("digest").set_index("digest").to_dict("index")
        )
        opened = [key for key in keys if digests[key] not in by_digest]
        found = probe_media(store, opened, kind, limits)
        again = [{**by_digest[digests[key]], "key": key} for key in keys if digests[key] in by_digest]
        whole = pd.concat([found, pd.DataFrame(again, columns=list(FINDINGS)).astype(FINDINGS)])
        parts.append(whole.assign(digest=whole["key"].map(digests)).sort_values("key", kind="stable"))
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
        digest), sharpness (of a photo), loudness and silence (of a sound; `SoundFacts`); numbers are 0 and
        texts "" where they do not apply.
    """
    probes: dict[str, Callable[[bytes, Media], PhotoFacts | SoundFacts]]
    probes = {"photos": probe_photo, "sounds": probe_sound}
    probe = probes[kind]
    distinct = list(dict.fromkeys(keys))
    bar = progress_bar(distinct, f"probe {kind}", unit="file", progress=progress)
    rows = [_finding(store, key, kind, probe, limits) for key in bar]
    return pd.DataFrame(rows, columns=list(FINDINGS)).astype(FINDINGS)


def _finding(
    store: MediaReader,
    key: str,
    kind: str,
    probe: Callable[[bytes, Media], PhotoFacts | SoundFacts],
    limits: Media,
) -> dict[str, Any]:
    single = kind.removesuffix("s")
    found: dict[str, Any] = dict.fromkeys(FINDINGS, 0) | {
        "key": key, "kind": kind, "ok": False, "reason": "", "field": "", "value": "", "look": "",
    }  # fmt: skip
    if key not in store:
        return found | {"reason": why_missing(key), "field": f"{single}.file", "value": key}
    data = store.read(key)
    found["bytes"] = len(data)
    try:
        if is_video(data):  # one that could not be taken apart (`catalog.media.video_cells`): say why
            video_parts(data, limits)
        facts = probe(data, limits)
    except MediaError as error:
        return found | {"reason": error.remedy, "field": error.field, "value": error.value}
    said = {name: value for name, value in asdict(facts).items() if name in FINDINGS}
    return found | {"ok": True, "look": content_hash(data), **said}
