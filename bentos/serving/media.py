"""Photos and sounds of the products that answer, and small versions of the photos.

Media lie in the snapshot of the workspace or inside the Bento, those of products put since the release
beside its changes. A key is looked up among those that products have; it never becomes a path. What is sent
carries the type that its first bytes show, and only types of the list below are sent at all.
"""

import io
import logging
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar

from bentos.errors import RequestError
from bentos.packed_media import media_keys, packed
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.uploads import PutMedia, keys_said
from catalog.media.headers import sniff
from catalog.media.photo import open_photo
from catalog.snapshot.media_store import MediaStore
from retrieval.changes.state import DeltaView
from shelfspace.errors import ArtifactError, MediaError
from shelfspace.settings import Media

__all__ = ["MediaShelf"]

logger = logging.getLogger("shelfspace.media")

KINDS = {
    "JPEG": b"image/jpeg",
    "PNG": b"image/png",
    "WEBP": b"image/webp",
    "GIF": b"image/gif",
    "WAV": b"audio/wav",
    "FLAC": b"audio/flac",
    "OGG": b"audio/ogg",
    "MP3": b"audio/mpeg",
}
"""Formats that are sent, and as what."""
CACHE_BYTES = 48_000_000
"""Small versions kept in memory: some 5,000 of 320 pixels."""
QUALITY = 82


class MediaShelf:
    """Read access to the media of the release that answers.

    Args:
        folder: a snapshot folder, which holds `media/`; None where the service was told of none.
        limits: caps a photo is decoded under.
        put: the files of products put since the release; None without a workspace.
    """

    SIZES: ClassVar = {"160": 160, "320": 320, "640": 640}

    def __init__(self, folder: Path | None, limits: Media, put: PutMedia | None = None) -> None:
        self._folder = folder
        self._put = put
        self._said: tuple[DeltaView | None, frozenset[str]] = (None, frozenset())
        self._limits = limits
        self._lock = threading.Lock()
        self._release = ""
        self._keys: frozenset[str] = frozenset()
        self._store: MediaStore | None = None
        self._small: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._held = 0

    def etag(self, loaded: LoadedRelease, key: str, size: int | None) -> str:
        """The entity tag of a file or of its small version.

        Raises:
            RequestError: 404 for a key that no product of the release has, or whose file is not here.
        """
        known = self._known(loaded, key)
        return f'"{key if isinstance(known, PutMedia) else known.digest(key)}-{size or "whole"}"'

    def read(self, loaded: LoadedRelease, key: str, size: int | None) -> tuple[bytes, bytes]:
        """Media type and bytes.

        Args:
            size: longest side of a photo in pixels; a smaller photo keeps its size. None: the file.

        Raises:
            RequestError: 404 as for `etag`; 415 for a file that is not shown, 500 for a damaged one.
        """
        store = self._known(loaded, key)
        name = (key if isinstance(store, PutMedia) else store.digest(key), size or 0)
        with self._lock:
            if name in self._small:
                self._small.move_to_end(name)
                return KINDS["WEBP"], self._small[name]
        try:
            data = self._read(store, key)
        except ArtifactError:
            logger.exception("media %r cannot be read", key)
            raise RequestError(500, "media", key[:200], "the service's log says what is damaged") from None
        kind = sniff(data)
        if kind not in KINDS:
            raise RequestError(415, "media", key[:200], f"only {', '.join(sorted(KINDS))} files are sent")
        if size is None or not KINDS[kind].startswith(b"image/"):
            return KINDS[kind], data
        try:
            small = shrink(data, size, self._limits)
        except MediaError as error:
            raise RequestError(415, "media", key[:200], error.remedy) from error
        self._keep(name, small)
        return KINDS["WEBP"], small

    def describe(self, loaded: LoadedRelease) -> dict[str, Any]:
        """Where the media lie, how many of those that the release names are there, and why others are not.

        Raises:
            RequestError: 500 for a damaged index.
        """
        with self._lock:
            if self._folder is not None and (self._store is None or self._release != loaded.id):
                self._open(self._folder, loaded)
            store = self._store
            keys = self._keys if store is not None else media_keys(loaded.release.products)
        there = [key for key in keys if store is not None and key in store]
        inside = None if self._folder is None else packed(self._folder)
        return {
            "from": "nowhere" if store is None else "workspace" if inside is None else "bento",
            "files": len(there),
            "bytes": sum(store.size(key) for key in there) if store is not None else 0,
            "named": len(keys),
            "lack": "" if len(there) == len(keys) else lack(inside),
        }

    def _read(self, store: MediaStore | PutMedia, key: str) -> bytes:
        """A file's bytes; where they are not where they were, they may have moved: an erasure writes anew."""
        try:
            return store.read(key)
        except ArtifactError:
            if isinstance(store, PutMedia) or self._folder is None:
                raise
            with self._lock:
                self._store = MediaStore.open(self._folder)
            return self._store.read(key)

    def _known(self, loaded: LoadedRelease, key: str) -> MediaStore | PutMedia:
        with self._lock:
            changes = loaded.view().delta
            if self._said[0] is not changes:
                self._said = (changes, keys_said(changes.entries))
            if self._put is not None and key in self._said[1] and key in self._put:
                return self._put
            if self._folder is not None and (self._store is None or self._release != loaded.id):
                self._open(self._folder, loaded)
            if self._store is not None and key in self._keys and key in self._store:
                return self._store
        raise RequestError(404, "media", key[:200], "name a photo or sound of a product that is there")

    def _open(self, folder: Path, loaded: LoadedRelease) -> None:
        try:
            self._store = MediaStore.open(folder)
        except ArtifactError:
            logger.exception("the media index cannot be read")
            raise RequestError(500, "media", "index", "the service's log says what is damaged") from None
        self._keys, self._release = frozenset(media_keys(loaded.release.products)), loaded.id

    def _keep(self, name: tuple[str, int], small: bytes) -> None:
        with self._lock:
            if name in self._small:
                return
            self._small[name] = small
            self._held += len(small)
            while self._held > CACHE_BYTES:
                self._held -= len(self._small.popitem(last=False)[1])


def lack(inside: dict[str, Any] | None) -> str:
    """Why files that the release names are not shown, and what helps.

    Args:
        inside: what the Bento says of the media in it; None where the service does not look there.
    """
    if inside is not None and inside["named_bytes"] > inside["limit"]:
        return (
            f"the media take {inside['named_bytes'] / 1e6:,.1f} MB, the Bento may hold "
            f"{inside['limit'] / 1e6:,g} MB: raise service.bento_media_megabytes and build it again, or name "
            "the folder of the catalogue's snapshot in SHELFSPACE_MEDIA"
        )
    return "the snapshot did not hold them: collect them, or name its folder in SHELFSPACE_MEDIA"


def shrink(data: bytes, size: int, limits: Media) -> bytes:
    """A photo as WebP, its longest side at most `size` pixels.

    Raises:
        MediaError: it does not decode, or is over a cap.
    """
    picture = open_photo(data, limits, at_least=size)
    picture.thumbnail((size, size))
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=QUALITY, method=4)
    return stream.getvalue()
