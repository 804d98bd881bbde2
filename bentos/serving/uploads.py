"""Photos and sounds of products that were put since the release, as files a shopper can be shown.

The log of changes holds them for encoding again; here they lie once more by their content, so
that one is sent without reading the log. Two processes that keep the same file write the same bytes.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog.product import ProductInput
from shelfspace.errors import ArtifactError
from shelfspace.files import write_bytes

__all__ = ["PutMedia", "keys_said"]

PREFIX = "put/"
NAME = re.compile(r"put/([0-9a-f]{32})")
KEPT_SECONDS = 7 * 86_400.0
"""Age from which a file that no change names is deleted: its change may be about to be logged, or the
release that it was made on may come back."""


class PutMedia:
    """The files of one workspace.

    Args:
        folder: `delta/media` of the workspace; made when the first file is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, item: ProductInput) -> dict[str, Any]:
        """Write the files of a put; returns the facts that name them, none where it has none.

        Raises:
            OSError: the disk is full.
        """
        facts: dict[str, Any] = {}
        for one, several, files in (("photo", "photos", item.photos), ("sound", "sounds", item.sounds)):
            keys = [self._write(data) for data in files]
            if keys:
                facts |= {one: keys[0], several: keys}
        return facts

    def __contains__(self, key: str) -> bool:
        return self._path(key) is not None

    def read(self, key: str) -> bytes:
        """The file's bytes.

        Raises:
            ArtifactError: it is not there, or damaged.
        """
        path = self._path(key)
        if path is None:
            raise ArtifactError(f"no file of a put product has the key {key!r}")
        data = path.read_bytes()
        if digest(data) != path.name:
            raise ArtifactError(f"{path} is damaged; put its product again")
        return data

    def prune(self, named: Iterable[str]) -> None:
        """Delete files that no change names any more."""
        wanted = {key.removeprefix(PREFIX) for key in named}
        for path in self._folder.glob("*"):
            if path.name not in wanted and time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink(missing_ok=True)

    def _write(self, data: bytes) -> str:
        name = digest(data)
        path = self._folder / name
        if not path.exists():
            write_bytes(path, data)
        return f"{PREFIX}{name}"

    def _path(self, key: str) -> Path | None:
        found = NAME.fullmatch(key)
        path = self._folder / found[1] if found else None
        return path if path is not None and path.is_file() else None


def digest(data: bytes) -> str:
    """Half of SHA-256: strangers choose these bytes, so the hash must be one that nobody can steer."""
    return hashlib.sha256(data).hexdigest()[:32]


def keys_said(entries: Mapping[str, Any]) -> frozenset[str]:
    """Media keys that the changes of a delta view name."""
    return frozenset(
        str(key)
        for entry in entries.values()
        for name in ("photos", "sounds")
        for key in entry.facts.get(name, ())
    )
