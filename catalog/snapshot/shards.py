"""A snapshot's shards and the manifest that makes them count.

snapshot/
    manifest.json            shards in order, deliveries taken in and those withdrawn since; written last
    products/part-*.parquet  rows of the first run; delta-*.parquet: operations since (operations.py)
    events/…, stock/…        the same
    media/                   media_store.py
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.cells import Reading
from catalog.contract import TABLES, raw_columns
from catalog.snapshot.media_index import read_index
from catalog.snapshot.media_store import all_shards
from catalog.snapshot.operations import BOOKKEEPING, WITHDRAWN, no_operations
from catalog.snapshot.present import present
from shelfspace.files import read_json, read_parquet, write_table
from shelfspace.formats import check_format

__all__ = [
    "append", "cuts_of", "operations_of", "read_manifest", "read_raw_events", "read_raw_products",
    "read_raw_stock", "remove_strays",
]  # fmt: skip

FORMAT = 2


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
    manifest = read_manifest(directory)
    operations = operations_of(directory, manifest, name)
    reading = Reading(dates=manifest.get("dates", ""))
    return present(operations, name, reading).rows[[*raw_columns(name), "source_row"]]


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest; of a snapshot that is not there yet, an empty one.

    Raises:
        ArtifactError: it was written by another version.
    """
    path = directory / "manifest.json"
    if path.exists():
        manifest = read_json(path)
        remedy = f"remove {directory} and collect again"
        check_format(f"snapshot {directory}", manifest.get("format"), FORMAT, remedy)
        return manifest
    return {
        "format": FORMAT, "written": False, "source": "", "media": "", "deliveries": [],
        **{name: [] for name in TABLES},
    }  # fmt: skip


def operations_of(directory: Path, manifest: dict[str, Any], name: str) -> pd.DataFrame:
    """All shard rows of a table, in the order they were written; those of withdrawn deliveries say so.

    Raises:
        ArtifactError: a shard is missing or damaged.
    """
    shards = [directory / name / shard for shard in manifest[name]]
    if not shards:
        return no_operations(name)
    parts = [read_parquet(path) for path in shards]
    rows = pd.concat(parts, ignore_index=True)
    # Shards of earlier versions lack columns, and their rows say all of a product, in the order they came.
    for column in raw_columns(name):
        rows[column] = rows[column].fillna("") if column in rows else ""
    said = rows["_fields"].fillna("") if "_fields" in rows else ""
    arrival = rows["_arrival"].fillna(0).astype("int64") if "_arrival" in rows else 0
    rows = rows.assign(_fields=said, _arrival=arrival)
    withdrawn = rows["_arrival"].isin(manifest.get("withdrawn", [])) & rows["_layer"].eq("inbox")
    for first, end in cuts_of(manifest, name):
        cut = np.repeat(
            [first <= number < end for number in range(len(parts))], [len(part) for part in parts]
        )
        withdrawn |= cut & rows["_layer"].eq("source")
    return rows.assign(_layer=rows["_layer"].mask(withdrawn, WITHDRAWN))


def cuts_of(manifest: Mapping[str, Any], name: str) -> list[tuple[int, int]]:
    """Shards, from the first to one before the second, whose rows of the source do not count."""
    return sorted({tuple(cut[name]) for cut in manifest.get("source_cuts", {}).values()})


def append(directory: Path, manifest: dict[str, Any], name: str, rows: pd.DataFrame, shard_rows: int) -> None:
    """Write operations as further shards; the manifest in memory learns their names."""
    kind = "delta" if manifest["written"] else "part"
    rows = rows[[*raw_columns(name), *BOOKKEEPING]]
    for start in range(0, len(rows), shard_rows):
        shard = f"{kind}-{len(manifest[name]):05d}.parquet"
        chunk = rows.iloc[start : start + shard_rows].reset_index(drop=True)
        write_table(directory / name / shard, chunk.astype({"source_row": "int64", "_arrival": "int64"}))
        manifest[name] = [*manifest[name], shard]


def remove_strays(directory: Path, manifest: dict[str, Any]) -> None:
    """Remove what a killed run left: temporary files, and shards that no manifest names."""
    named = {directory / name / shard for name in TABLES for shard in manifest[name]}
    for path in directory.rglob(".*.tmp"):
        path.unlink()
    for name in TABLES:
        for path in (directory / name).glob("*.parquet"):
            if path not in named:
                path.unlink()
    shards = all_shards(read_index(directory / "media"))
    for path in (directory / "media").glob("*.tar"):
        # A shard whose files were all replaced later is named no more, and is part of the past: kept.
        if path.name > max(shards, default=""):
            path.unlink()
