"""Order ids as keyed hashes: of what comes in, and of snapshots that an earlier version wrote."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from catalog.contract import raw_columns
from catalog.snapshot.operations import row_hashes
from catalog.snapshot.shards import read_manifest
from catalog.snapshot.user_key import ORDER, order_pseudonym
from shelfspace.files import read_parquet, reading, write_sealed_json, write_table

__all__ = ["hashed_orders", "holds_orders", "key_orders", "with_keyed_orders"]

DONE = "order_ids"
KEYED = "keyed hashes"
PARQUET = b"PAR1"


def hashed_orders(orders: pd.Series, key: bytes) -> pd.Series:
    """Keyed hashes of order ids; "" stays "". Each distinct id is hashed once."""
    return orders.map({order: order_pseudonym(order, key) for order in orders.unique()}).astype(object)


def with_keyed_orders(directory: Path, manifest: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Rewrite shards of events that hold order ids as they came; the manifest in memory says that none does.

    A shard is replaced as a whole, and what is hashed already stays: a run that was killed is repeated with
    the same result. The key of a row is the hash of what stands in it, and follows.

    Args:
        directory: the snapshot.
        manifest: of what lies there; written by the caller, after this.
        key: as shopper ids are hashed with.
    """
    if manifest.get(DONE) == KEYED:
        return manifest
    for shard in manifest["events"]:
        path = directory / "events" / shard
        rows = read_parquet(path)
        raw = rows.get("order_id", pd.Series("", index=rows.index)).fillna("")
        raw = raw[_as_they_came(raw)]
        if len(raw):
            rows.loc[raw.index, "order_id"] = hashed_orders(raw, key)
            whole = rows.reindex(columns=list(raw_columns("events")), fill_value="").fillna("")
            counts = rows["_key"].str.partition("#")[2]
            base = row_hashes(whole, "events").map("{:016x}".format)
            rows["_key"] = (base + "#" + counts).where(rows.index.isin(raw.index), rows["_key"])
            write_table(path, rows)
    return {**manifest, DONE: KEYED}


def key_orders(directory: Path, key: bytes) -> None:
    """Rewrite a snapshot that holds order ids as they came; one that holds none stays as it is."""
    manifest = read_manifest(directory)
    keyed = with_keyed_orders(directory, manifest, key)
    if keyed != manifest:
        write_sealed_json(directory / "manifest.json", keyed)


def holds_orders(file: Path) -> bool:
    """Whether a file is a table that holds order ids as they came.

    Raises:
        ArtifactError: it is a damaged table.
    """
    with file.open("rb") as stream:
        table = stream.read(len(PARQUET)) == PARQUET
    with reading(file):
        told = table and "order_id" in pq.read_schema(file).names
    return told and bool(_as_they_came(read_parquet(file, ["order_id"])["order_id"]).any())


def _as_they_came(orders: pd.Series) -> pd.Series:
    """(n,) bool: an order id that is no keyed hash."""
    texts = orders.fillna("").astype(str)
    return texts.ne("") & ~texts.str.fullmatch(ORDER.pattern)
