"""Read one table of a catalogue as it came: every value a string, "" where missing, ids written one way."""

import gzip
import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog.cells import ids, number_text, says_nothing, text_of
from catalog.contract import ID_COLUMNS, source_columns
from catalog.sources.csv_text import read_csv
from catalog.sources.feed import read_feed
from catalog.sources.noticed import noticed
from catalog.sources.shop_exports import export_of, plain_name
from catalog.sources.workbook import read_workbook
from shelfspace.errors import CatalogError

__all__ = ["ENDINGS", "by_contract", "read_table"]

SAID = tuple(name for name in source_columns("products") if name != "product_id")
"""Columns of products in which a word for nothing (NULL, N/A, -) is nothing."""
KINDS = (".csv", ".tsv", ".jsonl", ".parquet", ".xlsx", ".xml")
ENDINGS = (*KINDS, *(f"{kind}.gz" for kind in KINDS))


def read_table(
    path: Path,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    *,
    sheet: str = "",
    table: str = "",
    notes: list[str] | None = None,
) -> pd.DataFrame:
    """Read CSV, TSV, JSONL, Parquet, an Excel workbook or a Google Merchant feed in XML, gzipped or not.

    Args:
        path: the file; its ending says what it is.
        columns: contract name to source name; columns that are not named keep their own name. One
            source column may feed several contract columns.
        encoding: of a CSV; JSONL is UTF-8.
        delimiter: of a CSV; None: what its line `sep=;` says, or what parts all rows alike.
        sheet: of a workbook; "" for the first.
        table: products, events or stock: its columns are then found whatever their case and spaces
            ("Product ID"), and ids are written one way (`catalog.cells.ids`).
        notes: takes sentences about what was found rather than told.

    Returns:
        all columns as str, in the source's row order. Lists and objects of JSONL and Parquet are
        JSON texts, times ISO 8601.

    Raises:
        CatalogError: the file is missing, of another kind, or cannot be read (with the line or row
            where the format has them); or a mapped column is not there.
    """
    if not path.is_file():
        raise CatalogError("path", str(path), "name a file that exists, relative to the catalogue's folder")
    if not path.name.lower().endswith(ENDINGS):
        remedy = f"give one of {', '.join(KINDS)}, gzipped or not"
        raise CatalogError("path", path.name, remedy)
    data = path.read_bytes()
    _check_packing(data, path.name)
    if path.name.lower().endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise CatalogError("path", path.name, f"give a whole gzip file ({error})") from error
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    told = [] if notes is None else notes
    if kind in (".csv", ".tsv"):
        delimiter = "\t" if delimiter is None and kind == ".tsv" else delimiter
        rows = read_csv(data, path.name, encoding, delimiter, told)
    elif kind == ".xlsx":
        rows = read_workbook(data, path.name, sheet, told)
    elif kind == ".xml":
        rows = read_feed(data, path.name)
    else:
        rows = (_jsonl if kind == ".jsonl" else _parquet)(data, path.name)
    repeated = rows.columns[rows.columns.duplicated()]
    if len(repeated):
        raise CatalogError("column", repeated[0], f"give each column of {path.name} a name of its own")
    named = by_contract(rows, columns or {}, table)
    export = export_of(rows.columns) if table == "products" and not columns else None
    if export is not None and "product_id" in named and "product_id" not in rows:
        told.append(f"{path.name} is read as an export of {export.shown}, by its columns")
    for wanted, given in (columns or {}).items():
        if wanted not in named:
            there = ", ".join(map(str, rows.columns[:20]))
            raise CatalogError(f"columns.{wanted}", given, f"name a column of {path.name}: {there}")
    told += [f"{path.name}: {sentence}" for sentence in (noticed(rows, named) if table == "products" else ())]
    return named


def _check_packing(data: bytes, name: str) -> None:
    """Refuse a packed file whose name does not say so."""
    lower = name.lower()
    if data.startswith(b"\x1f\x8b") and not lower.endswith(".gz"):
        raise CatalogError("path", name, f"this is a gzip file: name it {name}.gz")
    if data.startswith(b"PK\x03\x04") and not lower.endswith((".xlsx", ".xlsx.gz")):
        raise CatalogError("path", name, "this is a zip archive: unpack it; a workbook is named .xlsx")


def by_contract(rows: pd.DataFrame, columns: Mapping[str, str], table: str) -> pd.DataFrame:
    """Rows by the contract's names, ids written one way; other columns keep their own.

    Args:
        rows: as a file has them, each column name once.
        columns: contract name to source name; one that the rows lack is lacking.
        table: whose contract names are found whatever their case and spaces; "" for none. Products
            without an id and without a mapping may be a shop program's export.
    """
    there = {column: column for column in rows.columns}
    loose: dict[str, str] = {}
    for column in rows.columns:
        loose.setdefault(plain_name(column), column)
    chosen = {}
    for wanted, given in columns.items():
        found = there.get(given) or loose.get(plain_name(given))
        if found is not None:
            chosen[wanted] = found
    for wanted in source_columns(table) if table else ():
        if wanted not in columns and wanted not in there and wanted in loose:
            chosen[wanted] = loose[wanted]
    taken = {*chosen, *chosen.values()}
    own = {column: column for column in rows.columns if column not in taken}
    cells = {name: rows[found] for name, found in {**chosen, **own}.items()}
    export = export_of(rows.columns) if table == "products" and not columns else None
    if export is not None and "product_id" not in cells:
        cells = {str(name): values for name, values in export.part(rows).items()}
    elif table:
        cells |= {name: ids(cells[name]) for name in ID_COLUMNS if name in cells}
    if table == "products":
        cells |= {name: cells[name].mask(says_nothing(cells[name]), "") for name in SAID if name in cells}
    return pd.DataFrame(cells, index=rows.index)


def _jsonl(data: bytes, name: str) -> pd.DataFrame:
    rows = []
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name} line {number}"
        try:
            row = json.loads(line.decode())
        except UnicodeDecodeError as error:
            raise CatalogError("encoding", where, "save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise CatalogError("path", where, f"give one JSON object a line ({error})") from error
        if not isinstance(row, dict):
            raise CatalogError("path", where, "give one JSON object a line")
        rows.append({text_of(key): number_text(value) for key, value in row.items()})
    return pd.DataFrame(rows, dtype=object).fillna("")


def _parquet(data: bytes, name: str) -> pd.DataFrame:
    try:
        table = pq.read_table(io.BytesIO(data))
    except (OSError, pa.ArrowException) as error:
        raise CatalogError("path", name, f"give a readable Parquet file ({error})") from error
    return _frame(table, name)


def _frame(table: pa.Table, name: str) -> pd.DataFrame:
    texts = {}
    for number, (column, values) in enumerate(zip(table.column_names, table.columns, strict=True)):
        try:
            texts[number] = _texts(values).to_pandas()
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise CatalogError(f"column {column}", name, f"give texts, numbers or lists ({error})") from error
    frame = pd.DataFrame(texts, index=range(table.num_rows), dtype=object)
    return frame.set_axis(list(table.column_names), axis="columns")


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column as text; whole numbers stay whole where some are missing."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind):
        shape = "%Y-%m-%dT%H:%M:%S"  # seconds carry their fraction, as the column's unit has it
        coded = values.combine_chunks().dictionary_encode()
        shown = pc.strftime(coded.dictionary, format=shape + ("%z" if kind.tz else ""))
        values = shown.take(coded.indices)
    elif pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        values = pa.array([text_of(v) for v in values.to_pylist()], pa.large_string())
    elif pa.types.is_floating(kind):
        coded = pc.if_else(pc.is_nan(values), None, values).combine_chunks().dictionary_encode()
        shown = pa.array([number_text(v) for v in coded.dictionary.to_pylist()], pa.large_string())
        values = shown.take(coded.indices)
    return pc.fill_null(pc.cast(values, pa.large_string()), "")
