"""The snapshot: a source as it came, in append-only shards that a later run only adds to.

snapshot/
    manifest.json            shards in order, deliveries taken in; written last
    products/part-*.parquet  rows of the first run; delta-*.parquet: operations since (operations.py)
    events/…, stock/…        the same
    media/                   media_store.py

Nothing in it says "now": the same input gives the same bytes, unchanged input writes nothing, and
a run that was killed is repeated with the same result, since only the manifest makes shards count.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from catalog.cells import media_cell, usable_key
from catalog.contract import TABLES, empty, raw_columns
from catalog.media.video_cells import COLUMN, MARK, part_of_video, with_videos
from catalog.snapshot.media_store import MediaStore, add_media
from catalog.snapshot.operations import (
    BOOKKEEPING,
    delivered,
    difference,
    keyed,
    resolved,
    row_hashes,
    source_rows,
)
from catalog.sources.base import CatalogSource
from catalog.sources.inbox import Delivery, read_deliveries
from shelfspace.errors import ArtifactError, CatalogError
from shelfspace.files import read_json, read_parquet, write_sealed_json, write_table
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.progress import hide_bar
from shelfspace.settings import Media, Settings

__all__ = [
    "MediaStore", "SnapshotReport", "read_raw_events", "read_raw_products", "read_raw_stock",
    "write_snapshot",
]  # fmt: skip

FORMAT = 2


@dataclass(frozen=True)
class SnapshotReport:
    """What one run changed.

    Attributes:
        rows: raw product rows that are there now.
        added, changed, removed: product ids.
        media_added, media_bytes: files stored, and their size.
        missing_media: media keys that rows name and no file answers to.
        unchanged: nothing was written.
    """

    rows: int
    added: int
    changed: int
    removed: int
    media_added: int
    media_bytes: int
    missing_media: int
    unchanged: bool


def write_snapshot(
    source: CatalogSource,
    directory: Path,
    settings: Settings,
    inbox: Path | None = None,
    *,
    user_key: bytes = b"",
    progress: bool = True,
) -> SnapshotReport:
    """Bring a snapshot up to date with its source and its deliveries.

    Args:
        source: the catalogue.
        directory: the snapshot folder; made when absent.
        inbox: folder of deliveries to take in: upserts by product_id and updated_at, or tombstones
            (`_deleted`). A file taken in before is passed over.
        user_key: secret of the keyed hash that replaces shopper ids; at most 64 bytes.
        progress: show a bar on stderr when that is a terminal.

    Raises:
        CatalogError: a table or path of the source is not usable, or a full delivery would remove
            more than `collection.max_delete_share` of the products. Nothing is written then.
    """
    manifest = _manifest(directory)
    _remove_strays(directory, manifest)
    deliveries = read_deliveries(inbox) if inbox is not None else []
    deliveries = [d for d in deliveries if d.digest not in manifest["deliveries"]]
    before = _operations(directory, manifest, "products")
    changes = {name: empty(name).assign(**dict.fromkeys(BOOKKEEPING, "")) for name in TABLES}
    read_from = fingerprint([source.fingerprint(), hashlib.blake2b(key=user_key).hexdigest()])
    if manifest["source"] != read_from:
        changes = _source_changes(source, directory, manifest, before, user_key, settings.media)
        _stop_mass_removal(changes["products"], before, settings)
    changes["products"] = _with_deliveries(changes["products"], before, deliveries)
    now = before if changes["products"].empty else pd.concat([before, changes["products"]], ignore_index=True)
    rows = resolved(now)
    named = _media_keys(rows, source)
    files = _media_files(source, named, deliveries, settings.media, progress)
    media = add_media(directory, files, settings.collection.media_shard_megabytes * 1_000_000)
    for name in TABLES:
        _append(directory, manifest, name, changes[name], settings.collection.shard_rows)
    manifest["deliveries"] = [*manifest["deliveries"], *(d.digest for d in deliveries)]
    index = directory / "media" / "index.parquet"
    manifest |= {"source": read_from, "media": file_hash(index) if index.exists() else "", "written": True}
    unchanged = manifest == _manifest(directory)
    if not unchanged:
        write_sealed_json(directory / "manifest.json", manifest)
    store = MediaStore.open(directory)
    return SnapshotReport(
        rows=len(rows),
        **_compare(resolved(before), rows),
        media_added=media.files,
        media_bytes=media.bytes,
        missing_media=sum(key not in store for key in named),
        unchanged=unchanged,
    )


def read_raw_products(directory: Path) -> pd.DataFrame:
    """Current raw product rows: contract columns as str, and `source_row`; deliveries applied.

    `source_row` counts from 0 in the source's table; rows of deliveries are numbered on from there.
    """
    return _plain(directory, "products")


def read_raw_events(directory: Path) -> pd.DataFrame:
    """Current raw events, user ids as keyed hashes."""
    return _plain(directory, "events")


def read_raw_stock(directory: Path) -> pd.DataFrame:
    """Current raw stock rows."""
    return _plain(directory, "stock")


def _plain(directory: Path, name: str) -> pd.DataFrame:
    operations = _operations(directory, _manifest(directory), name)
    return resolved(operations)[[*raw_columns(name), "source_row"]]


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    if path.exists():
        manifest = read_json(path)
        if manifest.get("format") != FORMAT:
            raise ArtifactError(
                f"the snapshot's format is not {FORMAT}; remove {directory} and collect again"
            )
        return manifest
    return {
        "format": FORMAT, "written": False, "source": "", "media": "", "deliveries": [],
        **{name: [] for name in TABLES},
    }  # fmt: skip


def _operations(directory: Path, manifest: dict[str, Any], name: str) -> pd.DataFrame:
    """All shard rows of a table, in the order they were written."""
    shards = [directory / name / shard for shard in manifest[name]]
    if not shards:
        return empty(name).assign(source_row=pd.Series(dtype="int64"), _key="", _layer="", _op="")
    return pd.concat([read_parquet(path) for path in shards], ignore_index=True)


def _source_changes(
    source: CatalogSource,
    directory: Path,
    manifest: dict[str, Any],
    products: pd.DataFrame,
    user_key: bytes,
    limits: Media,
) -> dict[str, pd.DataFrame]:
    """Operations that bring each table to what the source has now."""
    changes = {}
    for name, read in (("products", source.products), ("events", source.events), ("stock", source.stock)):
        table = read()
        if name == "events":
            table = table.assign(user_id=_hashed(table["user_id"], user_key))
        if COLUMN in table:
            table = with_videos(table, source.photo_separator, source.media_root, limits)
        old = products if name == "products" else _operations(directory, manifest, name)
        changes[name] = difference(source_rows(old), keyed(table, name), name)
    return changes


def _with_deliveries(changes: pd.DataFrame, before: pd.DataFrame, deliveries: list[Delivery]) -> pd.DataFrame:
    first = 1 + max((int(t["source_row"].max()) for t in (before, changes) if len(t)), default=-1)
    parts = [changes]
    for delivery in deliveries:
        parts.append(delivered(delivery, first))
        first += len(delivery.rows)
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else changes


def _stop_mass_removal(changes: pd.DataFrame, before: pd.DataFrame, settings: Settings) -> None:
    there = source_rows(before)["product_id"].nunique()
    removed = len(set(changes["product_id"][changes["_op"] == "delete"]) - set(_upserted(changes, before)))
    limit = settings.collection.max_delete_share
    if there and removed / there > limit:
        raise CatalogError(
            "products",
            f"{removed} of {there} products gone",
            f"more than collection.max_delete_share ({limit:.0%}) would go; raise it if that is meant",
        )


def _upserted(changes: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    return source_rows(pd.concat([before, changes], ignore_index=True))["product_id"]


def _compare(before: pd.DataFrame, now: pd.DataFrame) -> dict[str, int]:
    """Product ids added, changed and removed."""
    old, new = set(before["product_id"]), set(now["product_id"])
    fresh = ~row_hashes(now, "products").isin(row_hashes(before, "products"))
    return {
        "added": len(new - old),
        "changed": len(set(now["product_id"][fresh]) & old),
        "removed": len(old - new),
    }


def _append(
    directory: Path, manifest: dict[str, Any], name: str, rows: pd.DataFrame, shard_rows: int
) -> None:
    """Write operations as further shards; the manifest in memory learns their names."""
    kind = "delta" if manifest["written"] else "part"
    for start in range(0, len(rows), shard_rows):
        shard = f"{kind}-{len(manifest[name]):05d}.parquet"
        chunk = rows.iloc[start : start + shard_rows].reset_index(drop=True)
        write_table(directory / name / shard, chunk.astype({"source_row": "int64"}))
        manifest[name] = [*manifest[name], shard]


def _remove_strays(directory: Path, manifest: dict[str, Any]) -> None:
    """Remove what a killed run left: temporary files, and shards that no manifest names."""
    named = {directory / name / shard for name in TABLES for shard in manifest[name]}
    for path in directory.rglob(".*.tmp"):
        path.unlink()
    for name in TABLES:
        for path in (directory / name).glob("*.parquet"):
            if path not in named:
                path.unlink()
    shards = MediaStore.open(directory).shards()
    for path in (directory / "media").glob("*.tar"):
        # A shard whose files were all replaced later is named no more, and is part of the past: kept.
        if path.name > max(shards, default=""):
            path.unlink()


def _hashed(users: pd.Series, key: bytes) -> pd.Series:
    """Keyed BLAKE2b of shopper ids; "" stays "". Each distinct id is hashed once."""
    distinct = {u: hashlib.blake2b(u.encode(), key=key, digest_size=12).hexdigest() for u in users.unique()}
    return users.map(distinct | {"": ""}).astype(object)


def _media_keys(products: pd.DataFrame, source: CatalogSource) -> list[str]:
    """Media keys that raw product rows name, sorted."""
    cells = pd.concat([products["photos"], products["sounds"]]).unique()
    return sorted({key for cell in cells for key in media_cell(cell, source.photo_separator)})


def _media_files(
    source: CatalogSource, keys: list[str], deliveries: list[Delivery], limits: Media, progress: bool
) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """(key, the source's file, a delivery's file) of every named file that is there."""
    bringing = {key: d for d in deliveries for key in _media_keys(d.rows, source)}
    for key in tqdm(keys, "media", unit="file", mininterval=1, disable=hide_bar(progress)):
        own = _own_bytes(source, key, limits) if usable_key(key) else None
        brought = bringing[key].media_path(key) if key in bringing else None
        if own is not None or brought is not None:
            yield key, own, brought.read_bytes() if brought else None


def _own_bytes(source: CatalogSource, key: str, limits: Media) -> bytes | None:
    """The source's file of a media key, or the part of a video that it names; None without one."""
    path = source.media_path(key)
    if path is not None:
        return path.read_bytes()
    name, mark, part = key.rpartition(MARK)
    video = source.media_path(name) if mark and name else None
    return part_of_video(video, part, limits) if video is not None else None
