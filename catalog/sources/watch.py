"""Whether the files of a catalogue are those that were collected last: by size and time, without reading."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.sources.base import CatalogSource
from shelfspace.files import write_text
from shelfspace.hashing import content_hash

__all__ = ["SourceState", "collected_state", "note_collected", "source_state"]


@dataclass(frozen=True)
class SourceState:
    """The files of a catalogue at one look.

    Attributes:
        signature: hash of their names, sizes and times of change.
        newest: name of the one that changed last.
        quiet: seconds since then.
    """

    signature: str
    newest: str
    quiet: float


def source_state(source: CatalogSource) -> SourceState:
    """Tables, description and media of a catalogue as they lie there now.

    Raises:
        CatalogError: a table is not there.
    """
    tables = [source.table_file(name) for name in sorted(source.tables)]
    described = source.folder / "catalog.yaml"
    files = [(path.name, path.stat()) for path in [*tables, *([described] if described.is_file() else [])]]
    if source.media_root is not None:
        files += sorted(_below(source.media_root, "media/"))
    signature = content_hash(*(f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in files))
    newest, changed = max(((name, found.st_mtime) for name, found in files), key=lambda one: one[1])
    return SourceState(signature, newest, time.time() - changed)


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below a folder, without following links to folders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield f"{prefix}{entry.name}", entry.stat()


def note_collected(state: Path, collected: SourceState) -> None:
    """Note, in a workspace's state folder, what a collection that succeeded has read."""
    write_text(state / "source.seen", collected.signature)


def collected_state(state: Path) -> str | None:
    """Signature of what was collected last; None where no collection has noted it."""
    path = state / "source.seen"
    return path.read_text() if path.exists() else None
