"""The media of a snapshot as a run that is under way would leave them; nothing is written yet."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from catalog.snapshot.media_files import MediaFiles
from catalog.snapshot.media_store import MediaStore
from catalog.sources.base import CatalogSource
from shelfspace.hashing import content_hash
from shelfspace.progress import progress_bar
from shelfspace.settings import Media

__all__ = ["ComingMedia"]


class ComingMedia(MediaStore):
    """A media store with what the inbox and the source bring laid over it.

    Args:
        store: what lies in the snapshot.
        delivered: media key to the file that a delivery brought; it counts before the source's own.
    """

    def __init__(
        self, store: MediaStore, source: CatalogSource, delivered: Mapping[str, Path], limits: Media
    ) -> None:
        super().__init__(store.folder, store._entries)
        self.stored, self._delivered = store, delivered
        self._files = MediaFiles(source, [], delivered, limits)

    def __contains__(self, key: object) -> bool:
        return key in self.stored or self._coming(str(key)) is not None

    def read(self, key: str) -> bytes:
        coming = self._coming(key)
        return self.stored.read(key) if coming is None else coming

    def digest(self, key: str) -> str:
        coming = self._coming(key)
        return self.stored.digest(key) if coming is None else content_hash(coming)

    def delivers(self, key: str) -> bool:
        """Whether a delivery brings it."""
        return key in self._delivered

    def replaces(self, key: str) -> bool:
        """Whether other bytes would take the place of those that the snapshot has."""
        return key in self.stored and self.digest(key) != self.stored.digest(key)

    def fresh(self, keys: Iterable[str], progress: bool) -> list[str]:
        """Those that are new, delivered, or changed in the source's own folder."""
        bar = progress_bar(list(keys), "media", unit="file", progress=progress)
        return [key for key in bar if key not in self.stored or self._coming(key) is not None]

    def _coming(self, key: str) -> bytes | None:
        """A file that is not stored yet; None where the stored one stays."""
        if key in self._delivered:
            return self._delivered[key].read_bytes()
        own = self._files.own(key)
        if own is None or (key in self.stored and content_hash(own) == self.stored.entry(key).source_digest):
            return None
        return own
