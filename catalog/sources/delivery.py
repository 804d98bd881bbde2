"""One file of deliveries: rows that add, change or remove products, or bring events or stock."""

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from catalog.cells import filled, stripped
from catalog.contract import REQUIRED, TABLES, raw_columns
from catalog.joining import join_rows
from catalog.media.video_cells import COLUMN as VIDEOS
from catalog.sources.base import CatalogSource
from catalog.sources.delivered_table import delivered_table
from catalog.sources.shop_exports import plain_name
from shelfspace.errors import CatalogError

__all__ = ["Delivery", "read_delivery"]

YES = ("true", "1", "yes")
NO = ("false", "0", "no", "")
GONE = ("deleted", "delete", "is_deleted", "removed", "remove", "is_removed", "discontinued")
"""Columns that may mean `_deleted`; passed over, they would leave products in the shop."""


@dataclass(frozen=True)
class Delivery:
    """One file, read.

    Attributes:
        name: of the file.
        kind: products, events or stock.
        rows: the contract's columns that the file has, as str, and `_deleted` (bool).
        refused: rows left out, with `row` (from 1), `field`, `value` and `reason`.
        notes: what of the file is not taken, a sentence each.
        key: kind, hash of the bytes and arrival number; what the snapshot remembers.
        arrival: that number.
        approved: a person lets it through the guards.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    refused: pd.DataFrame
    notes: tuple[str, ...] = ()
    key: str = ""
    arrival: int = 0
    approved: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The contract's columns that the file has: of the others it says nothing."""
        return tuple(name for name in raw_columns(self.kind) if name in self.rows)

    def named(self, digest: str, arrival: int, approved: bool) -> "Delivery":
        """The same as the ledger knows it."""
        return replace(self, key=f"{self.kind}:{digest}:{arrival}", arrival=arrival, approved=approved)

    def with_rows(self, rows: pd.DataFrame) -> "Delivery":
        """The same with other rows."""
        return replace(self, rows=rows)

    def without(self, bad: pd.Series, field: str, reason: str) -> "Delivery":
        """The delivery with rows refused for one reason; `bad` is (n,) bool over `rows`."""
        if not bad.any():
            return self
        shown = self.rows[field] if field in self.rows else pd.Series("", index=self.rows.index)
        refused = pd.DataFrame(
            {
                "row": self.rows.index[bad] + 1,
                "field": field,
                "value": shown[bad].astype(str),
                "reason": reason,
            }
        )
        return replace(
            self, rows=self.rows[~bad], refused=pd.concat([self.refused, refused]).sort_values("row")
        )

    def check(self, max_bad_share: float) -> None:
        """Refuse the whole where more rows than this share are refused.

        Raises:
            CatalogError: that, with the first of them.
        """
        bad, total = len(self.refused), len(self.refused) + len(self.rows)
        if bad > max_bad_share * total:
            first = self.refused.iloc[0]
            raise CatalogError(
                f"{self.name} row {first['row']} {first['field']}",
                first["value"],
                f"{first['reason']} ({bad} of {total} rows are not usable, more than "
                f"validation.max_bad_share, {max_bad_share:.0%})",
            )


def read_delivery(path: Path, source: CatalogSource) -> Delivery:
    """Read one file of the inbox.

    Raises:
        CatalogError: it cannot be read, or its columns are not those of products, events or stock.
    """
    rows, kind, notes = delivered_table(path, source)
    notes += _check_columns(path, rows, kind, source)
    flags = rows.get("_deleted", pd.Series("", index=rows.index)).str.strip().str.lower()
    rows = rows[[name for name in raw_columns(kind) if name in rows]].assign(_deleted=flags)
    rows["product_id"] = stripped(rows["product_id"])
    if kind == "products":
        rows = _whole(rows, source)
    if kind != "events" and (again := int(rows["product_id"].duplicated().sum())):
        notes += (
            f"{again} rows are about a product that a row before them is about: the later one counts, by "
            "updated_at, else by its place",
        )
    delivery = Delivery(path.name, kind, rows, pd.DataFrame(), notes)
    if kind != "events":
        reason = "give every row of a delivery the product's id"
        delivery = delivery.without(~filled(delivery.rows["product_id"]), "product_id", reason)
        delivery = delivery.without(
            ~delivery.rows["_deleted"].isin(YES + NO), "_deleted", "give true or false"
        )
    return replace(delivery, rows=delivery.rows.assign(_deleted=delivery.rows["_deleted"].isin(YES)))


def _whole(rows: pd.DataFrame, source: CatalogSource) -> pd.DataFrame:
    """Rows that complete each other as one, at the place of the first; those of a product that goes stay."""
    gone = rows["product_id"].isin(rows["product_id"][rows["_deleted"].isin(YES)])
    joined = join_rows(rows[~gone], source.photo_separator, source.reading("products")).rows
    return pd.concat([joined, rows[gone]]).sort_index()


def _check_columns(path: Path, rows: pd.DataFrame, kind: str, source: CatalogSource) -> tuple[str, ...]:
    """What is said of columns that are not taken.

    Raises:
        CatalogError: one of them seems to mean a column of the contract, or none is left to take.
    """
    known = (*raw_columns(kind), *(("_deleted",) if kind != "events" else ()))
    unknown = [str(column) for column in rows.columns if column not in known]
    if unknown:
        unknown = [column for column in unknown if column not in source.own_columns(kind)]
    others = {name: table for table in TABLES for name in REQUIRED[table] if name not in known}
    for column in unknown:
        plain = plain_name(column)
        if plain in others:
            remedy = f"deliver {others[plain]} in a file of its own"
            raise CatalogError(f"{path.name} column", column, remedy)
        meant = "_deleted" if plain in GONE else _alike(plain, [name for name in known if name not in rows])
        if meant:
            remedy = f"write {meant} if that is meant, or leave the column out"
            raise CatalogError(f"{path.name} column", column, remedy)
    if not {*rows.columns} & {*known[1:]}:
        given = ", ".join(map(str, rows.columns[:20]))
        remedy = f"give a further column: {', '.join(known[1:])}"
        raise CatalogError(f"{path.name} column", given, remedy)
    notes = []
    if VIDEOS in unknown and filled(rows[VIDEOS]).any():
        notes.append(
            "its videos are not taken: name frames and sounds in photos and sounds, or videos in the source"
        )
    strange = [column for column in unknown if column != VIDEOS]
    if strange:
        notes.append(f"columns that are not taken: {', '.join(strange[:10])}; known are {', '.join(known)}")
    return tuple(notes)


def _alike(column: str, names: list[str]) -> str:
    """The name that a column's is a slip of the pen away from; "" where there is none."""
    return next(iter(difflib.get_close_matches(column, names, n=1, cutoff=0.8)), "")
