"""Order ids as keyed hashes: of what comes in, and of snapshots that an earlier version wrote."""

from pathlib import Path
from typing import Any

import pandas as pd

from catalog.contract import raw_columns
from catalog.snapshot.operations import row_hashes
from catalog.snapshot.user_key import ORDER, order_pseudonym
from shelfspace.files import read_parquet, write_table

__all__ = ["hashed_orders", "with_keyed_orders"]

DONE = "order_ids"
KEYED = "keyed hashes"


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
        raw = raw[raw.ne("") & ~raw.str.fullmatch(ORDER.pattern)]
        if len(raw):
            rows.loc[raw.index, "order_id"] = hashed_orders(raw, key)
            whole = rows.reindex(columns=list(raw_columns("events")), fill_value="").fillna("")
            counts = rows["_key"].str.partition("#")[2]
            base = row_hashes(whole, "events").map("{:016x}".format)
            rows["_key"] = (base + "#" + counts).where(rows.index.isin(raw.index), rows["_key"])
            write_table(path, rows)
    return {**manifest, DONE: KEYED}
