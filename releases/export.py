"""A release's vectors, ids, attributes and provenance as one table that any tool reads.

<folder>/000007-3fa9c1d2.parquet    or .lance

The schema is in docs/export.md. What is read back is what was written: vectors are the release's bytes, and
the same release gives the same Parquet file.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from releases.release import Release
from shelfspace.errors import InputError
from shelfspace.files import reading
from shelfspace.formats import check_format

__all__ = ["FORMATS", "export_release", "export_table", "read_export"]

VERSION = 1
"""Of the schema; another one is refused."""
VECTOR = "vector"
ABOUT = b"shelfspace"
"""Key in the metadata of the schema that holds what is said of the whole table, as JSON."""


def export_table(release: Release) -> pa.Table:
    """The products of a release in its order: product_id, vector, then the attributes it shows.

    Raises:
        ArtifactError: a part of it is damaged.
    """
    vectors = np.ascontiguousarray(release.embeddings, np.float32)
    products = release.products.drop(columns="product_id")
    own = pa.Table.from_pandas(products, preserve_index=False).replace_schema_metadata(None)
    vector = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    fields = [
        pa.field("product_id", pa.string(), nullable=False),
        pa.field(VECTOR, vector.type, nullable=False),
        *own.schema,
    ]
    about = {
        "format": VERSION,
        "release": release.id,
        "content": release.manifest["content"],
        "provenance": release.provenance,
        "made_by": release.manifest.get("made_by", {}),
        "metrics": release.metrics,
    }
    said = {ABOUT: json.dumps(about, sort_keys=True, ensure_ascii=False).encode()}
    columns = [pa.array(release.product_ids, pa.string()), vector, *own.columns]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=said))


def export_release(release: Release, folder: Path, form: str = "parquet") -> Path:
    """Write a release's table; it is there as a whole or not at all.

    Args:
        folder: made where it is not there; the file in it is named after the release.
        form: of FORMATS.

    Raises:
        InputError: an unknown format, one whose library is not installed, or a file that is there already:
            nothing is overwritten.
        ArtifactError: the release is damaged.
    """
    if form not in FORMATS:
        raise InputError("--format", form, f"take one of {', '.join(FORMATS)}")
    target = folder / f"{release.id}.{form}"
    if target.exists():
        raise InputError("--to", str(target), "it is there already: delete it, or name another folder")
    temporary = folder / f".{target.name}.{os.getpid()}.tmp"
    table = export_table(release)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        FORMATS[form](table, temporary)
        os.replace(temporary, target)
    finally:
        _remove(temporary)
    return target


def read_export(path: Path) -> tuple[pd.DataFrame, np.ndarray, Mapping[str, Any]]:
    """What an export holds: attributes with product_id, (n, d) float32 vectors, what is said of the release.

    Raises:
        ArtifactError: it is missing, damaged, no export, or of a schema that this version does not read.
    """
    with reading(path, KeyError, TypeError):
        table = (
            _lance().dataset(str(path)).to_table()
            if path.suffix == ".lance"
            else pq.read_table(path, page_checksum_verification=True)
        )
        about = json.loads((table.schema.metadata or {})[ABOUT])
        version = about["format"]
    check_format(f"export {path}", version, VERSION, "export the release again")
    column = table.column(VECTOR).combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(table), column.type.list_size)
    return table.drop_columns([VECTOR]).replace_schema_metadata(None).to_pandas(), vectors, about


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _write_lance(table: pa.Table, path: Path) -> None:
    _lance().write_dataset(table, str(path), mode="create")


def _lance() -> Any:
    try:
        import lance
    except ImportError as error:
        remedy = "install it with: pip install 'shelfspace[lance]', or take parquet"
        raise InputError("--format", "lance", f"the library pylance is not there; {remedy}") from error
    return lance


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


FORMATS: dict[str, Callable[[pa.Table, Path], None]] = {
    "parquet": _write_parquet,
    "lance": _write_lance,
}
