"""One file of deliveries: rows that add, change or remove products, or bring events or stock.

It is read as the catalogue's own tables are, by the columns, the encoding and the delimiter of catalog.yaml;
where these do not fit, by the contract's names, as UTF-8 with the delimiter
that fits. Its columns say what it brings: events
have a shopper, a kind and a time, stock has `on_hand`, and everything else with a product_id is products.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from catalog.cells import filled, stripped
from catalog.contract import REQUIRED, TABLES, raw_columns
from catalog.joining import join_rows
from catalog.media.video_cells import COLUMN as VIDEOS
from catalog.sources.base import CatalogSource
from catalog.sources.tables import by_contract, read_table
from shelfspace.errors import CatalogError

__all__ = ["Delivery", "read_delivery"]

YES = ("true", "1", "yes")
NO = ("false", "0", "no", "")
BY_COLUMNS = ("events", "stock", "products")
"""Kinds in the order in which a file is held to be one."""


@dataclass(frozen=True)
class Delivery:
    """One file, read.

    Attributes:
        name: of the file.
        kind: products, events or stock.
        rows: the contract's columns that the file has, as str, and `_deleted` (bool).
        refused: rows left out, with `row` (from 1), `field`, `value` and `reason`.
        key: kind, hash of the bytes and arrival number; what the snapshot remembers.
        arrival: that number.
        approved: a person lets it through the guards.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    refused: pd.DataFrame
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
    table, kind = _table(path, source)
    rows = _named(table, kind, source)
    _check_columns(path, rows, kind, source)
    flags = rows.get("_deleted", pd.Series("", index=rows.index)).str.strip().str.lower()
    rows = rows[[name for name in raw_columns(kind) if name in rows]].assign(_deleted=flags)
    rows["product_id"] = stripped(rows["product_id"])
    if kind == "products":
        rows = _whole(rows, source)
    delivery = Delivery(path.name, kind, rows, pd.DataFrame())
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


def _table(path: Path, source: CatalogSource) -> tuple[pd.DataFrame, str]:
    """The file's table under its own column names, and its kind."""
    refusals: list[CatalogError] = []
    seen: list[str] = []
    for encoding, delimiter in _ways(path, source):
        try:
            table = read_table(path, None, encoding, delimiter)
        except CatalogError as error:
            refusals.append(error)
            continue
        kind = _kind(table, source)
        if kind:
            return table, kind
        seen = seen or [str(column) for column in table.columns]
    # One column is what a wrong delimiter makes of any file; what the right one stumbled over tells more.
    if len(seen) > 1 or (seen and not refusals):
        known = {mapping.get("product_id", "product_id") for mapping in map(source.mapping, TABLES)}
        raise CatalogError(
            f"{path.name} product_id",
            ", ".join(seen[:20]),
            "give every row of a delivery the product's id, in a column "
            + " or ".join(sorted(known | {"product_id"})),
        )
    first = refusals[0]
    if first.field == "encoding":
        named = sorted({encoding for encoding, _ in _ways(path, source)})
        raise CatalogError("encoding", path.name, f"save the file as {' or '.join(named)}") from first
    raise first


def _ways(path: Path, source: CatalogSource) -> Iterator[tuple[str, str | None]]:
    """Encodings and delimiters to try, the likeliest first."""
    if ".csv" not in path.name.lower():
        yield "utf-8", None
        return
    named = [source.tables[table] for table in TABLES if table in source.tables]
    encodings = [str(table.get("encoding", "utf-8")).lower() for table in named]
    delimiters = [table.get("delimiter") for table in named]
    first = ["utf-8"] if _is_utf8(path, encodings) else []
    for encoding in dict.fromkeys([*first, *encodings, "utf-8"]):
        for delimiter in dict.fromkeys([*delimiters, None]):
            yield encoding, delimiter


def _is_utf8(path: Path, others: list[str]) -> bool:
    """Whether a file is UTF-8 and hardly anything else: a few letters of GBK may read as UTF-8, too."""
    opened: Any = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rb") as stream:
            text = stream.read(1 << 20).decode(errors="strict")
    except (OSError, EOFError, UnicodeDecodeError):
        return False
    marks = sum(mark > "\x7f" for mark in text)
    two_bytes = any(other.startswith(("gb", "big5", "shift", "sjis", "euc", "cp9")) for other in others)
    return marks >= (4 if two_bytes else 1)


def _kind(table: pd.DataFrame, source: CatalogSource) -> str:
    """Which table the columns make it, the one that knows most of them; "" where none has what it needs."""
    strange: dict[str, int] = {}
    for kind in BY_COLUMNS:
        rows = _named(table, kind, source)
        if all(column in rows for column in REQUIRED[kind]):
            strange[kind] = sum(column not in raw_columns(kind) for column in rows.columns)
    return min(strange, key=lambda kind: strange[kind]) if strange else ""


def _named(table: pd.DataFrame, kind: str, source: CatalogSource) -> pd.DataFrame:
    """The table by the contract's names; a column that the mapping names and the file lacks is lacking."""
    return by_contract(table, source.mapping(kind), kind)


def _check_columns(path: Path, rows: pd.DataFrame, kind: str, source: CatalogSource) -> None:
    known = (*raw_columns(kind), *(("_deleted",) if kind != "events" else ()))
    unknown = [str(column) for column in rows.columns if column not in known]
    if unknown:
        unknown = [column for column in unknown if column not in source.own_columns(kind)]
    if unknown:
        raise CatalogError(f"{path.name} column", unknown[0], f"use {', '.join(known)}")
    if VIDEOS in rows.columns and filled(rows[VIDEOS]).any():
        raise CatalogError(
            f"{path.name} column",
            VIDEOS,
            "deliver frames and sounds in photos and sounds, or change the source",
        )
    if list(rows.columns) == ["product_id"]:
        raise CatalogError(
            f"{path.name} column", "product_id", f"give a further column: {', '.join(known[1:])}"
        )
