"""Erased products and shoppers taken out of a snapshot: rows of its shards, photos and sounds of its media.

Shards keep their names and places, so that what the manifest and the ledger say of them stays true. Each
file is replaced as a whole; said again, nothing is changed.
"""

import tarfile
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from catalog.contract import TABLES
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.media_index import read_index, write_index
from catalog.snapshot.media_store import all_shards, write_shard
from catalog.snapshot.shards import read_manifest
from shelfspace.files import read_parquet, sync, write_sealed_json, write_table
from shelfspace.hashing import file_hash

__all__ = ["erase_media", "erase_rows"]


def erase_rows(directory: Path, stones: Tombstones) -> dict[str, int]:
    """Take rows out of all shards that count; table to how many. No group of others bears their name then.

    Args:
        directory: the snapshot's folder.

    Raises:
        ArtifactError: a shard is missing or damaged.
    """
    taken: dict[str, int] = {}
    manifest = read_manifest(directory)
    for name in TABLES:
        for shard in manifest[name]:
            table = read_parquet(directory / name / shard)
            gone = stones.rows(table)
            left = stones.renamed(table[~gone])
            if gone.any() or not left.equals(table):
                write_table(directory / name / shard, left.reset_index(drop=True))
            if gone.any():
                taken[name] = taken.get(name, 0) + int(gone.sum())
    return taken


def erase_media(directory: Path, keys: AbstractSet[str]) -> int:
    """Take photos and sounds out of all shards, those that the index no longer names too; how many.

    Args:
        keys: media keys that nothing else names.
    """
    folder = directory / "media"
    taken = 0
    for shard in sorted(folder.glob("*.tar")):
        with tarfile.open(shard) as tar:
            members = tar.getnames()
        if not keys.isdisjoint(members):
            taken += len(keys & set(members))
            _rewrite(shard, keys)
    _note(directory)
    return taken


def _rewrite(shard: Path, keys: AbstractSet[str]) -> None:
    """A shard without some files, under a further number; the index points there before the old one goes."""
    folder = shard.parent
    versions = read_index(folder)
    with tarfile.open(shard) as tar:
        kept = [(m.name, tar.extractfile(m).read()) for m in tar.getmembers() if m.name not in keys]  # type: ignore[union-attr]
    named = shard.name in all_shards(versions)
    last = max(int(path.name.removeprefix("media-")[:5]) for path in folder.glob("media-*.tar"))
    # One that the index does not name is the past of those after it: it keeps its number.
    target = f"media-{last + 1:05d}.tar" if named else shard.name
    if kept:
        offsets = write_shard(folder, target, kept)
        sync(folder)
    if named:
        left = {
            key: tuple(
                replace(one, entry=replace(one.entry, shard=target, offset=offsets[key]))
                if one.entry.shard == shard.name
                else one
                for one in several
            )
            for key, several in versions.items()
            if key not in keys
        }
        write_index(folder, left)
    if named or not kept:
        shard.unlink()


def _note(directory: Path) -> None:
    """Say in the manifest which index counts."""
    index, manifest = directory / "media" / "index.parquet", read_manifest(directory)
    if index.exists() and manifest["media"] != file_hash(index):
        write_sealed_json(directory / "manifest.json", {**manifest, "media": file_hash(index)})
