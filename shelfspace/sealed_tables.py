"""Seals of Parquet tables: a checksum a column in the metadata of the schema, and one a page.

A page's checksum is looked at before the page is decoded; a column's says that what came out is what
went in, footer and all. Tables written before there were seals are read as they are.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from shelfspace.hashing import content_hash

__all__ = ["read_sealed_table", "write_sealed_table"]

SUMS = b"shelfspace.checksums"
WHOLE = ""
"""Among the columns' checksums the one of what pandas is told of the table."""


def write_sealed_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as zstd Parquet; equal tables give equal bytes."""
    sealed = seal_table(pa.Table.from_pandas(table, preserve_index=False))
    pq.write_table(sealed, path, compression="zstd", write_page_checksum=True)


def read_sealed_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table, or some of its columns.

    Raises:
        OSError, ValueError: it is missing, no table, or not what was written.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            lacking = sorted(set(columns or ()) - set(file.schema_arrow.names))
            if lacking:
                raise ValueError(f"it has no column {', '.join(lacking)}")
            table = file.read(None if columns is None else list(columns))
        check_table(table)
        return table.to_pandas()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def seal_table(table: pa.Table) -> pa.Table:
    """A table with a checksum of each column in the metadata of its schema."""
    said = table.schema.metadata or {}
    sums = {name: column_checksum(table.column(name)) for name in table.column_names}
    sums[WHOLE] = whole_checksum(table, table.column_names)
    return table.replace_schema_metadata({**said, SUMS: orjson.dumps(sums)})


def check_table(table: pa.Table) -> None:
    """Compare the columns that were read with their seals; a table without seals passes.

    Raises:
        ValueError: a column is not what was written.
    """
    said = (table.schema.metadata or {}).get(SUMS)
    if said is None:
        return
    sums = orjson.loads(said)
    written = [name for name in sums if name != WHOLE]
    if sums.get(WHOLE) != whole_checksum(table, written):
        raise ValueError("what its columns are is not what was written")
    for name in table.column_names:
        if sums.get(name) != column_checksum(table.column(name)):
            raise ValueError(f"column {name} is not what was written")


def whole_checksum(table: pa.Table, written: list[str]) -> str:
    return content_hash((table.schema.metadata or {}).get(b"pandas", b""), *sorted(written))


def column_checksum(column: pa.ChunkedArray) -> str:
    """Checksum of a column's type and values, in whatever chunks they lie."""
    parts: defaultdict[str, xxhash.xxh3_128] = defaultdict(xxhash.xxh3_128)
    for chunk in column.chunks:
        _take(parts, "", chunk)
    found = [part for name in sorted(parts) for part in (name, parts[name].hexdigest())]
    # Parquet has another name than Arrow for what a list holds.
    kind = str(column.type).replace("element:", "item:")
    return content_hash(kind, str(len(column)), *found)


def _take(parts: Mapping[str, xxhash.xxh3_128], name: str, array: pa.Array) -> None:
    """Add an array to the digests of what it consists of: presence, lengths, values."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    parts[name + ".present"].update(_bytes(array.is_valid()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        parts[name + ".length"].update(_bytes(pc.list_value_length(array).fill_null(0)))
        _take(parts, name + ".item", array.flatten())
    elif pa.types.is_struct(kind):
        for field, values in zip(kind, array.flatten(), strict=True):
            _take(parts, f"{name}.{field.name}", values)
    elif pa.types.is_null(kind):
        pass
    elif pa.types.is_primitive(kind):
        parts[name].update(_bytes(array))
    else:  # texts and bytes
        lengths = pc.binary_length(array).fill_null(0)
        parts[name + ".length"].update(_bytes(lengths))
        present = array.drop_null()
        data = present.buffers()[2] if len(present) else None
        if data is not None:
            width = np.int64 if str(kind).startswith("large_") else np.int32
            starts = np.frombuffer(present.buffers()[1], width)
            first, end = starts[present.offset], starts[present.offset + len(present)]
            parts[name].update(memoryview(data)[first:end])


def _bytes(array: pa.Array) -> memoryview:
    """Values of fixed width as bytes; what lies under an absent one does not count."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    array = array.view(pa.int64() if array.type.bit_width == 64 else f"uint{array.type.bit_width}")
    return np.ascontiguousarray(array.fill_null(0).to_numpy(zero_copy_only=False)).data
