"""Operations on raw rows: what a snapshot's shards hold, and what they come to.

A shard row is a raw row with four columns of bookkeeping. `_key` names it: the product's id (for
events the hash of the row) and its occurrence, so that rows with one id are kept as they came.
`_layer` says who wrote it, `source` or `inbox`; `_op` whether it is there (`upsert`) or gone
(`delete`). Shards are read in the order they were written.
"""

import pandas as pd

from catalog.cells import moments, stripped
from catalog.contract import raw_columns
from catalog.sources.inbox import Delivery

__all__ = ["BOOKKEEPING", "delivered", "difference", "keyed", "resolved", "row_hashes", "source_rows"]

BOOKKEEPING = ["source_row", "_key", "_layer", "_op"]


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


def difference(before: pd.DataFrame, now: pd.DataFrame, name: str) -> pd.DataFrame:
    """Operations that lead from the source's former rows (`source_rows`) to its present ones (`keyed`)."""
    if before.empty:
        return now.assign(_layer="source", _op="upsert")
    if name == "events":  # the key is the hash of the row already
        fresh = ~now["_key"].isin(before["_key"])
    else:
        hashes = pd.Series(row_hashes(before, name).to_numpy(), index=before["_key"])
        fresh = now["_key"].map(hashes).ne(row_hashes(now, name)) | ~now["_key"].isin(before["_key"])
    gone = before[~before["_key"].isin(now["_key"])]
    parts = [now[fresh].assign(_layer="source", _op="upsert"), gone.assign(_layer="source", _op="delete")]
    return pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)


def delivered(delivery: Delivery, first_row: int) -> pd.DataFrame:
    """A delivery's rows as operations, numbered from `first_row`."""
    rows = delivery.rows
    return rows[list(raw_columns("products"))].assign(
        source_row=range(first_row, first_row + len(rows)),
        _key=rows["product_id"] + "#inbox",
        _layer="inbox",
        _op=rows["_deleted"].map({True: "delete", False: "upsert"}),
    )


def resolved(operations: pd.DataFrame) -> pd.DataFrame:
    """Current rows of a table.

    Operations apply in order. One that carries an `updated_at` before that of what it meets is
    passed over; one without a time applies. A product that the source drops is gone, with what
    deliveries said of it; a tombstone holds until the source or a delivery brings something newer.
    """
    inbox = operations["_layer"] == "inbox"
    ids = stripped(operations["product_id"]) if inbox.any() else pd.Series(dtype=object)
    touched = ids.isin(ids[inbox]) if inbox.any() else pd.Series(False, index=operations.index)
    plain = source_rows(operations[~touched]).sort_values("source_row", kind="stable")
    if not touched.any():
        return plain.reset_index(drop=True)
    mixed = operations[touched]
    times = moments(mixed["updated_at"])
    kept: list[int] = []
    for _, rows in mixed.groupby(ids[touched], sort=True):
        kept += _apply(rows, times)
    return pd.concat([plain, mixed.loc[kept]], ignore_index=True)


def _apply(rows: pd.DataFrame, times: pd.Series) -> list[int]:
    """Index labels of what is left of one product's operations."""
    own: dict[str, int] = {}
    word: int | None = None  # the delivery that counts
    for label, key, layer, op in zip(rows.index, rows["_key"], rows["_layer"], rows["_op"], strict=True):
        if layer == "inbox":
            met = [word] if word is not None else list(own.values())
            if not any(times[label] < times[other] for other in met):
                word = label
        elif op == "delete":
            own.pop(key, None)
            word = word if own else None
        else:
            own[key] = label
            # NaT compares as False: without times the later operation counts.
            word = word if word is not None and times[label] < times[word] else None
    if word is None:
        return list(own.values())
    return [word] if rows.at[word, "_op"] == "upsert" else []
