"""Operations on raw rows: what a snapshot's shards hold.

A shard row is a raw row with columns of bookkeeping. `_key` names it: the product's id (for events the
hash of the row) and its occurrence, so that rows with one id are kept as they came. `_layer` says who
wrote it, `source` or `inbox`; `_op` whether it is there (`upsert`) or gone (`delete`). `_fields` names the
columns that a delivery had, with commas between; the others say nothing. It is empty where all were
there, as of every row of the source. `_arrival` is the delivery's number, and of a row of the source the
last one that had come before it: a delivery that was held and is written late counts where it came in.
Shards are read in the order they were written.
"""

import pandas as pd

from catalog.cells import stripped
from catalog.contract import empty, raw_columns
from catalog.sources.delivery import Delivery

__all__ = [
    "BOOKKEEPING", "WITHDRAWN", "delivered", "difference", "keyed", "no_operations", "row_hashes",
    "source_rows",
]  # fmt: skip

BOOKKEEPING = ["source_row", "_key", "_layer", "_op", "_fields", "_arrival"]
WITHDRAWN = "withdrawn"
"""Layer, in memory, of rows of a delivery that was taken and is held since; shards say `inbox` of them."""


def no_operations(name: str) -> pd.DataFrame:
    """A table of operations without rows."""
    bookkeeping = {column: pd.Series(dtype=object) for column in BOOKKEEPING}
    return empty(name).assign(**bookkeeping).astype({"source_row": "int64", "_arrival": "int64"})


def row_hashes(table: pd.DataFrame, name: str) -> pd.Series:
    """uint64 hash of each row's contract columns."""
    return pd.util.hash_pandas_object(table[list(raw_columns(name))], index=False)


def keyed(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Source rows with `source_row` and `_key`."""
    table = table.reset_index(drop=True)
    if name == "events":
        base = row_hashes(table, name)
        shown = [f"{value:016x}" for value in base]
    else:
        base = stripped(table["product_id"])
        shown = base.tolist()
    count = base.groupby(base, sort=False).cumcount()
    keys = pd.Series([f"{b}#{c}" for b, c in zip(shown, count, strict=True)], dtype=object)
    return table[list(raw_columns(name))].assign(source_row=range(len(table)), _key=keys)


def source_rows(operations: pd.DataFrame) -> pd.DataFrame:
    """Rows of the source as it was last read."""
    own = operations[operations["_layer"] == "source"]
    last = own.drop_duplicates("_key", keep="last")
    return last[last["_op"] == "upsert"]


def difference(before: pd.DataFrame, now: pd.DataFrame, name: str, arrival: int = 0) -> pd.DataFrame:
    """Operations that lead from the source's former rows (`source_rows`) to its present ones (`keyed`).

    Args:
        arrival: number of the last delivery that came before this change.
    """
    now = now.assign(_layer="source", _op="upsert", _fields="", _arrival=arrival)
    if before.empty:
        return now
    if name == "events":  # the key is the hash of the row already
        fresh = ~now["_key"].isin(before["_key"])
    else:
        hashes = pd.Series(row_hashes(before, name).to_numpy(), index=before["_key"])
        fresh = now["_key"].map(hashes).ne(row_hashes(now, name)) | ~now["_key"].isin(before["_key"])
    gone = before[~before["_key"].isin(now["_key"])]
    parts = [now[fresh], gone.assign(_op="delete", _arrival=arrival)]
    return pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)


def delivered(delivery: Delivery) -> pd.DataFrame:
    """A delivery's rows as operations, numbered from 0."""
    rows, name = delivery.rows.reset_index(drop=True), delivery.kind
    whole = set(delivery.fields) == set(raw_columns(name))
    table = rows.reindex(columns=list(raw_columns(name)), fill_value="")
    operations = keyed(table, name).assign(
        _layer="inbox", _fields="" if whole else ",".join(delivery.fields), _arrival=delivery.arrival
    )
    if name != "events":
        operations["_key"] = operations["product_id"] + "#inbox"
    return operations.assign(_op=rows["_deleted"].map({True: "delete", False: "upsert"}))
