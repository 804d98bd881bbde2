"""Photos and sounds of a snapshot: tar shards with an index, read by offset.

media/
    media-00000.tar    members named by media key, with fixed headers: equal files, equal bytes
    index.parquet      key, shard, offset, size (bytes), digest (xxh3-128 of the file), source_digest

A shard is never changed; a changed file goes to a further shard and the index points there.
`source_digest` is that of the source's own file when it was last read: a file that a delivery
brought stays until the source's own one changes.
"""

import io
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from shelfspace.errors import ArtifactError
from shelfspace.files import read_parquet, reading, write_table
from shelfspace.hashing import content_hash
from shelfspace.way_back import way_back

__all__ = ["COLUMNS", "Added", "Entry", "MediaStore", "add_media", "write_shard"]

COLUMNS = ["key", "shard", "offset", "size", "digest", "source_digest"]


@dataclass(frozen=True)
class Entry:
    """Where a file lies: shard, offset and size in bytes, digest, digest of the source's own file."""

    shard: str
    offset: int
    size: int
    digest: str
    source_digest: str


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
    def open(cls, snapshot: Path) -> "MediaStore":
        """The media of a snapshot folder; empty where it has none.

        Raises:
            ArtifactError: the index is damaged.
        """
        path = snapshot / "media" / "index.parquet"
        if not path.exists():
            return cls(path.parent, {})
        index = read_parquet(path, columns=COLUMNS)
        rows = index.itertuples(index=False, name=None)
        return cls(path.parent, {key: Entry(shard, *rest) for key, shard, *rest in rows})

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

    @property
    def entries(self) -> dict[str, Entry]:
        """Where each file lies."""
        return dict(self._entries)

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
    snapshot: Path, files: Iterable[tuple[str, bytes | None, bytes | None]], shard_bytes: int
) -> Added:
    """Append new or changed media as further shards; what lies there already is passed over.

    Args:
        files: (key, the source's file, a delivery's file), in a fixed order; None where there is none.
            A delivery's file counts before the source's.
        shard_bytes: a shard is closed when it holds as much.
    """
    folder = snapshot / "media"
    store = MediaStore.open(snapshot)
    entries = store.entries
    number = 1 + max((int(name.removeprefix("media-")[:5]) for name in store.shards()), default=-1)
    count = size = 0
    for batch in _batches(_fresh(files, entries), shard_bytes):
        name = f"media-{number:05d}.tar"
        offsets = write_shard(folder, name, [(key, data) for key, data, _ in batch])
        for key, data, source_digest in batch:
            entries[key] = Entry(name, offsets[key], len(data), content_hash(data), source_digest)
        count, size, number = count + len(batch), size + sum(len(data) for _, data, _ in batch), number + 1
    if entries != store._entries:
        rows = [(key, *vars(entry).values()) for key, entry in sorted(entries.items())]
        write_table(folder / "index.parquet", pd.DataFrame(rows, columns=COLUMNS))
    return Added(count, size)


def _fresh(
    files: Iterable[tuple[str, bytes | None, bytes | None]], entries: dict[str, Entry]
) -> Iterator[tuple[str, bytes, str]]:
    """(key, bytes, digest of the source's own file) of what is not stored yet."""
    for key, own, delivered in files:
        old = entries.get(key)
        seen = old.source_digest if old else ""
        source_digest = seen if own is None else content_hash(own)
        data = delivered if delivered is not None else own if source_digest != seen else None
        if data is not None and (old is None or content_hash(data) != old.digest):
            yield key, data, source_digest
        elif old is not None and source_digest != seen:
            entries[key] = Entry(old.shard, old.offset, old.size, old.digest, source_digest)


def _batches(files: Iterable[tuple[str, bytes, str]], limit: int) -> Iterator[list[tuple[str, bytes, str]]]:
    batch: list[tuple[str, bytes, str]] = []
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
