"""Photos and sounds of a snapshot: tar shards with an index, read by offset.

media/
    media-00000.tar    members named by media key, with fixed headers: equal files, equal bytes
    index.parquet      where each lies (media_index.py)

A shard is never changed; a changed file goes to a further shard and the index points there.
`source_digest` is that of the source's own file when it was last read: a file that a delivery
brought stays until the source's own one changes.
"""

import io
import os
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.snapshot.media_index import (
    Entry,
    Version,
    Versions,
    entries_of,
    read_index,
    with_entry,
    write_index,
)
from shelfspace.errors import ArtifactError
from shelfspace.files import reading
from shelfspace.hashing import content_hash
from shelfspace.way_back import way_back

__all__ = ["Added", "MediaStore", "add_media", "all_shards", "write_shard"]

Fresh = tuple[str, bytes, str, bool]
"""Key, bytes, digest of the source's own file, and whether a delivery brought it."""


@dataclass(frozen=True)
class Added:
    """What `add_media` wrote: files and their bytes."""

    files: int
    bytes: int


class MediaStore:
    """Read access to the media of a snapshot."""

    def __init__(self, folder: Path, entries: dict[str, Entry]) -> None:
        self.folder = folder
        self._entries = entries

    @classmethod
    def open(cls, snapshot: Path, versions: Versions | None = None) -> "MediaStore":
        """The media of a snapshot folder; empty where it has none.

        Args:
            versions: of its files, where others count than its index says.

        Raises:
            ArtifactError: the index is damaged.
        """
        folder = snapshot / "media"
        return cls(folder, entries_of(read_index(folder) if versions is None else versions))

    def keys(self) -> list[str]:
        """All media keys, sorted."""
        return sorted(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def read(self, key: str) -> bytes:
        """The file's bytes.

        Raises:
            ArtifactError: no such key, or its shard is damaged.
        """
        entry = self.entry(key)
        shard = self.folder / entry.shard
        with reading(shard), shard.open("rb") as stream:
            stream.seek(entry.offset)
            data = stream.read(entry.size)
        if content_hash(data) != entry.digest:
            raise ArtifactError(f"{key} in media shard {shard} is damaged; {way_back(shard)}")
        return data

    def digest(self, key: str) -> str:
        """xxh3-128 of the file."""
        return self.entry(key).digest

    def size(self, key: str) -> int:
        """Length of the file in bytes."""
        return self.entry(key).size

    def entry(self, key: str) -> Entry:
        """The index entry.

        Raises:
            ArtifactError: no such key.
        """
        if key not in self._entries:
            raise ArtifactError(f"the snapshot has no media {key!r}")
        return self._entries[key]

    def shards(self) -> set[str]:
        """Names of the shards that the index points to."""
        return {entry.shard for entry in self._entries.values()}


def add_media(
    snapshot: Path,
    files: Iterable[tuple[str, bytes | None, bytes | None]],
    shard_bytes: int,
    *,
    versions: Versions | None = None,
    brought: Callable[[], str] = lambda: "",
    held: Collection[str] = (),
) -> Added:
    """Append new or changed media as further shards; what lies there already is passed over.

    Args:
        files: (key, the source's file, a delivery's file), in a fixed order; None where there is none.
            A delivery's file counts before the source's.
        shard_bytes: a shard is closed when it holds as much.
        versions: of the files, where others count than the index says; they are written.
        brought: digest of the delivery that the files are of, once all are read.
        held: digests of deliveries that do not count, though their files are sent again.
    """
    folder = snapshot / "media"
    there = read_index(folder)
    kept = dict(there if versions is None else versions)
    entries = entries_of(kept)
    number = 1 + max((int(name.removeprefix("media-")[:5]) for name in all_shards(kept)), default=-1)
    count = size = 0
    fresh: list[tuple[str, Entry, bool]] = []
    for batch in _batches(_fresh(files, entries, kept), shard_bytes):
        name = f"media-{number:05d}.tar"
        offsets = write_shard(folder, name, [(key, data) for key, data, *_ in batch])
        for key, data, source_digest, delivered in batch:
            entry = Entry(name, offsets[key], len(data), content_hash(data), source_digest)
            fresh.append((key, entry, delivered))
        count, size, number = count + len(batch), size + sum(len(data) for _, data, *_ in batch), number + 1
    by = brought()
    for key, entry, delivered in fresh:
        made = Version(entry, by, by not in held) if delivered else Version(entry)
        kept[key] = with_entry(kept.get(key, ()), made)
    if kept != there:
        write_index(folder, kept)
    return Added(count, size)


def all_shards(versions: Versions) -> set[str]:
    """Names of the shards that files lie in, or lay in before deliveries replaced them."""
    return {version.entry.shard for several in versions.values() for version in several}


def _fresh(
    files: Iterable[tuple[str, bytes | None, bytes | None]],
    entries: dict[str, Entry],
    versions: dict[str, tuple[Version, ...]],
) -> Iterator[Fresh]:
    """What is not stored yet; of what is, the source's own digest is noted."""
    for key, own, delivered in files:
        old = entries.get(key)
        seen = old.source_digest if old else ""
        source_digest = seen if own is None else content_hash(own)
        data = delivered if delivered is not None else own if source_digest != seen else None
        if data is not None and (old is None or content_hash(data) != old.digest):
            yield key, data, source_digest, delivered is not None
        elif old is not None and source_digest != seen:
            noted = replace(old, source_digest=source_digest)
            versions[key] = tuple(
                replace(one, entry=noted) if one.entry == old else one for one in versions[key]
            )


def _batches(files: Iterable[Fresh], limit: int) -> Iterator[list[Fresh]]:
    batch: list[Fresh] = []
    size = 0
    for item in files:
        batch.append(item)
        size += len(item[1])
        if size >= limit:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write_shard(folder: Path, name: str, files: list[tuple[str, bytes]]) -> dict[str, int]:
    """Write one shard; returns the offset of each file."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}.tmp"
    offsets = {}
    with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for key, data in files:
            # TarInfo's defaults (no owner, time 0) are what makes equal media give equal shards.
            info = tarfile.TarInfo(key)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            blocks = -(-len(data) // tarfile.BLOCKSIZE)
            offsets[key] = tar.offset - blocks * tarfile.BLOCKSIZE
    os.replace(temporary, folder / name)
    return offsets
