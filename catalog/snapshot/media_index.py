"""The index of a snapshot's media: where each file lies, and what it was before deliveries replaced it.

index.parquet has a row a file: key, shard, offset, size, digest, source_digest. Where a delivery brought it,
the row before it stays above it, and both say `brought`, the digest of that delivery ("" of the source's own
file), and `counts`, false while the delivery is held: of a key's rows the last one that counts is the file.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from shelfspace.files import read_parquet, write_table

__all__ = [
    "Entry",
    "Version",
    "Versions",
    "entries_of",
    "read_index",
    "with_entry",
    "withdrawn",
    "write_index",
]

COLUMNS = ["key", "shard", "offset", "size", "digest", "source_digest"]
MORE = ["brought", "counts"]


@dataclass(frozen=True)
class Entry:
    """Where a file lies: shard, offset and size in bytes, digest, digest of the source's own file."""

    shard: str
    offset: int
    size: int
    digest: str
    source_digest: str


@dataclass(frozen=True)
class Version:
    """What a file was or is.

    Attributes:
        brought: digest of the delivery of media that brought it; "" of the source's own file.
        counts: that delivery is not held.
    """

    entry: Entry
    brought: str = ""
    counts: bool = True


Versions = Mapping[str, tuple[Version, ...]]
"""Media key to its versions, the oldest first."""


def read_index(folder: Path) -> Versions:
    """The versions of all files; none where there is no index.

    Args:
        folder: `media` of a snapshot.

    Raises:
        ArtifactError: it is damaged.
    """
    path = folder / "index.parquet"
    if not path.exists():
        return {}
    index = read_parquet(path)
    if MORE[0] not in index:  # nothing in it was delivered, or an earlier version of Shelfspace wrote it
        index = index.assign(brought="", counts=True)
    versions: dict[str, tuple[Version, ...]] = {}
    for key, *place, brought, counts in index[[*COLUMNS, *MORE]].itertuples(index=False, name=None):
        versions[key] = (*versions.get(key, ()), Version(Entry(*place), brought, bool(counts)))
    return versions


def write_index(folder: Path, versions: Versions) -> None:
    """Replace the index."""
    rows = [
        (key, *vars(version.entry).values(), version.brought, version.counts)
        for key, several in sorted(versions.items())
        for version in several
    ]
    index = pd.DataFrame(rows, columns=[*COLUMNS, *MORE])
    plain = index["counts"].all() and index["brought"].eq("").all()
    write_table(folder / "index.parquet", index[COLUMNS] if plain else index)


def entries_of(versions: Versions) -> dict[str, Entry]:
    """The files as they are."""
    last = {key: [version for version in several if version.counts] for key, several in versions.items()}
    return {key: several[-1].entry for key, several in last.items() if several}


def withdrawn(versions: Versions, out: Collection[str], back: Collection[str] = ()) -> Versions:
    """Without what some deliveries brought, and again with what others did.

    Args:
        out, back: their digests.
    """

    def counted(version: Version) -> Version:
        counts = version.brought not in out and (version.counts or version.brought in back)
        return replace(version, counts=counts) if version.brought else version

    return {key: tuple(map(counted, several)) for key, several in versions.items()}


def with_entry(before: tuple[Version, ...], version: Version) -> tuple[Version, ...]:
    """A key's versions with a further one; the source's own takes the place of all."""
    return (*before, version) if version.brought else (version,)
