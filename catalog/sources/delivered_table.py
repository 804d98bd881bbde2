"""Which table a delivered file holds, under the contract's names.

It is read as the catalogue's own tables are, by the columns, the encoding and the delimiter of catalog.yaml;
where these do not fit, by the contract's names, as UTF-8 with the delimiter that fits; of a catalogue that is
a shop program's export also as that, whole or some of its columns. Its columns say what it brings: events
have a shopper, a kind and a time, stock has `on_hand`, and everything else with a product_id is products.
"""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from catalog.contract import REQUIRED, TABLES, raw_columns
from catalog.sources.base import CatalogSource
from catalog.sources.shop_exports import EXPORTS, ShopExport, export_of, plain_name
from catalog.sources.tables import by_contract, read_table
from shelfspace.errors import CatalogError

__all__ = ["delivered_table"]

BY_COLUMNS = ("events", "stock", "products")
"""Kinds in the order in which a file is held to be one."""


def delivered_table(path: Path, source: CatalogSource) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """The file's table under the contract's names, its kind, and what of it is not taken, a sentence each.

    Raises:
        CatalogError: it cannot be read, or its columns are not those of products, events or stock.
    """
    if (own := _by_reader(path, source)) is not None:
        return *own, ()
    refusals: list[CatalogError] = []
    seen: list[str] = []
    for encoding, delimiter, sheet in _ways(path, source):
        found: list[str] = []
        try:
            table = read_table(path, None, encoding, delimiter, sheet=sheet, notes=found)
        except CatalogError as error:
            refusals.append(error)
            continue
        told = tuple(found if ".xlsx" in path.name.lower() else ())  # which sheet of several
        if kind := _kind(table, source):
            return _named(table, kind, source), kind, told + _unsold(table, kind, export_of(table.columns))
        if (export := _export(table, source)) is not None:
            rows = export.part(table)
            if list(rows) == ["product_id"] and _counts(table, export):
                return export.stock(table), "stock", told
            return rows, "products", told + _unsold(table, "products", export)
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
        named = sorted({encoding for encoding, *_ in _ways(path, source)})
        raise CatalogError("encoding", path.name, f"save the file as {' or '.join(named)}") from first
    raise first


def _by_reader(path: Path, source: CatalogSource) -> tuple[pd.DataFrame, str] | None:
    """The file as a preset's own reader reads it; None where it is none of its files."""
    if not source.readers or source.reader in EXPORTS:
        return None
    kind = next(table for table in BY_COLUMNS if table in source.readers)
    tables = {"products": {**source.tables["products"], "path": path.name}}
    try:
        rows = source.readers[kind](replace(source, folder=path.parent, tables=tables))
    except CatalogError:
        return None
    # Such a reader fills the contract's columns; one without a value is none of the file's.
    return rows[[name for name in rows if rows[name].ne("").any()]], kind


def _export(table: pd.DataFrame, source: CatalogSource) -> ShopExport | None:
    """The shop program that the catalogue is an export of, where the file's columns name its products."""
    found = EXPORTS.get(source.reader)
    if found is None and not source.mapping("products"):
        found = export_of(source.own_columns("products"))
    return found if found is not None and found.names(table.columns) else None


def _counts(table: pd.DataFrame, export: ShopExport) -> bool:
    return export.on_hand in {plain_name(column) for column in table.columns}


def _unsold(table: pd.DataFrame, kind: str, export: ShopExport | None) -> tuple[str, ...]:
    """Of an export of products its pieces in stock: a delivery brings one table."""
    if kind != "products" or export is None or not _counts(table, export):
        return ()
    return ("its pieces in stock are not taken: deliver product_id and on_hand in a file of their own",)


def _ways(path: Path, source: CatalogSource) -> Iterator[tuple[str, str | None, str]]:
    """Encodings, delimiters and sheets to try, the likeliest first."""
    if not any(kind in path.name.lower() for kind in (".csv", ".tsv")):
        sheets = [str(table.get("sheet") or "") for table in source.tables.values()]
        for sheet in dict.fromkeys([*sheets, ""]) if ".xlsx" in path.name.lower() else [""]:
            yield "utf-8", None, sheet
        return
    named = [source.tables[table] for table in TABLES if table in source.tables]
    encodings = [str(table.get("encoding", "utf-8")).lower() for table in named]
    delimiters = [table.get("delimiter") for table in named]
    first = ["utf-8"] if _is_utf8(path, encodings) else []
    for encoding in dict.fromkeys([*first, *encodings, "utf-8"]):
        for delimiter in dict.fromkeys([*delimiters, None]):
            yield encoding, delimiter, ""


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
