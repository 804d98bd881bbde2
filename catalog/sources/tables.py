"""Read one table of a catalogue, exactly as it came: every value a string, "" where missing."""

import csv as records
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
from pyarrow import csv

from catalog.cells import text_of
from shelfspace.errors import CatalogError

__all__ = ["ENDINGS", "read_table"]

KINDS = (".csv", ".jsonl", ".parquet")
ENDINGS = (*KINDS, *(f"{kind}.gz" for kind in KINDS))
MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
"""First bytes by which an encoding other than UTF-8 is recognised."""


def read_table(
    path: Path, columns: Mapping[str, str] | None = None, encoding: str = "utf-8", delimiter: str = ","
) -> pd.DataFrame:
    """Read CSV, JSONL or Parquet, gzipped or not.

    Args:
        path: the file; its ending says what it is.
        columns: contract name to source name; columns that are not named keep their own name. One
            source column may feed several contract columns.
        encoding: of a CSV; JSONL is UTF-8.
        delimiter: of a CSV.

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
        raise CatalogError("path", path.name, f"give one of {', '.join(KINDS)}, gzipped or not")
    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise CatalogError("path", path.name, f"give a whole gzip file ({error})") from error
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind == ".csv":
        table = _csv(data, path.name, encoding, delimiter)
    else:
        table = (_jsonl if kind == ".jsonl" else _parquet)(data, path.name)
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise CatalogError("column", repeated[0], f"give each column of {path.name} a name of its own")
    return _mapped(table, columns or {}, path.name)


def _mapped(table: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    for wanted, given in columns.items():
        if given not in table.columns:
            there = ", ".join(map(str, table.columns[:20]))
            raise CatalogError(f"columns.{wanted}", given, f"name a column of {name}: {there}")
    own = [c for c in table.columns if c not in columns and c not in columns.values()]
    chosen = {**{wanted: table[given] for wanted, given in columns.items()}, **{c: table[c] for c in own}}
    return pd.DataFrame(chosen, index=table.index)


def _csv(data: bytes, name: str, encoding: str, delimiter: str) -> pd.DataFrame:
    if len(delimiter) != 1:
        raise CatalogError("delimiter", delimiter, "give one character")
    try:
        text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise CatalogError(
            "encoding", encoding, "name an encoding such as utf-8, gb18030 or cp1252"
        ) from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        seems = MARKS.get(data[:2], "")
        remedy = "save the file as UTF-8, or name its encoding in catalog.yaml" + (
            f" ({seems})" if seems else ""
        )
        raise CatalogError("encoding", f"{name} line {line}", remedy) from error
    if not text.strip():
        raise CatalogError("path", name, "give a readable CSV with a header line; the file is empty")
    if text.count('"') % 2:
        _closed(text, name, delimiter)
    bad: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    try:
        table = csv.read_csv(
            io.BytesIO(text.encode()),
            # One thread: only then does a broken row know its number.
            read_options=csv.ReadOptions(use_threads=False, block_size=1 << 26),
            parse_options=csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(_header(text, delimiter), pa.large_string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise CatalogError("path", name, f"give a readable CSV with a header line ({error})") from error
    if bad:
        row = bad[0]
        raise CatalogError(
            "path",
            f"{name} row {row.number}: {row.text}",
            f"give each row {row.expected_columns} values, not {row.actual_columns}; quote separators",
        )
    return _frame(table, name)


def _header(text: str, delimiter: str) -> list[str]:
    """Column names; the first record alone is parsed, which may stand on several lines."""
    return next((row for row in records.reader(io.StringIO(text), delimiter=delimiter) if row), [])


def _closed(text: str, name: str, delimiter: str) -> None:
    """Refuse a quoted value that never ends: pyarrow takes all that follows as that one value.

    An odd number of quotes alone is no fault (15" bag).
    """
    reader = records.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except records.Error as error:
        raise CatalogError("path", f"{name} line {line}", f"close the quoted value ({error})") from error


def _jsonl(data: bytes, name: str) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
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
        rows.append({text_of(key): text_of(value) for key, value in row.items()})
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
        # As Python writes it; a whole number stored as a float (a column with gaps) shows no ".0".
        shown = pc.cast(pc.if_else(pc.is_nan(values), None, values), pa.large_string())
        values = pc.replace_substring_regex(shown, r"\.0$", "")
    return pc.fill_null(pc.cast(values, pa.large_string()), "")
