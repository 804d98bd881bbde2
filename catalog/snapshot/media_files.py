"""The media files that product rows name: the source's own, parts of its videos, and delivered ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from catalog.cells import media_cell, usable_key
from catalog.media.video_cells import MARK, part_of_video
from catalog.sources.base import CatalogSource
from shelfspace.hashing import bytes_hash, fingerprint
from shelfspace.progress import progress_bar
from shelfspace.settings import Media

__all__ = ["MediaFiles", "media_delivery", "media_keys"]


def media_keys(products: pd.DataFrame, source: CatalogSource) -> list[str]:
    """Media keys that raw product rows name, sorted."""
    cells = pd.concat([products["photos"], products["sounds"]]).unique()
    return sorted({key for cell in cells for key in media_cell(cell, source.photo_separator)})


def media_delivery(taken: Mapping[str, str]) -> str:
    """What identifies the photos and sounds that one run took from the inbox.

    Args:
        taken: media key to the hash of the bytes.
    """
    return fingerprint(sorted((f"media/{key}", digest) for key, digest in taken.items()))


class MediaFiles:
    """Reads what is there of the named files, in order.

    Args:
        keys: media keys that rows name.
        delivered: media key to the file that a delivery brought.

    Attributes:
        taken: of the delivered files that were read, the key and the `bytes_hash`.
    """

    def __init__(
        self, source: CatalogSource, keys: list[str], delivered: Mapping[str, Path], limits: Media
    ) -> None:
        self.taken: dict[str, str] = {}
        self._source, self._keys, self._delivered, self._limits = source, keys, delivered, limits

    def read(self, progress: bool) -> Iterator[tuple[str, bytes | None, bytes | None]]:
        """(key, the source's file, a delivery's file) of every named file that is there."""
        for key in progress_bar(self._keys, "media", unit="file", progress=progress):
            own = self.own(key)
            brought = self._delivered[key].read_bytes() if key in self._delivered else None
            if brought is not None:
                self.taken[key] = bytes_hash(brought)
            if own is not None or brought is not None:
                yield key, own, brought

    def own(self, key: str) -> bytes | None:
        """The source's file of a media key, or the part of a video that it names; None without one."""
        if not usable_key(key):
            return None
        path = self._source.media_path(key)
        if path is not None:
            return path.read_bytes()
        name, mark, part = key.rpartition(MARK)
        video = self._source.media_path(name) if mark and name else None
        return part_of_video(video, part, self._limits) if video is not None else None
