"""Files of any kind without what is erased: rows of tables go, words in texts and databases are blotted out.

A file is replaced as a whole. What carries a checksum of its own gets a new one; folders that a record or a
seal describes are described anew.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from assets.lib.erasure.search import ERASED, SQLITE, Needles
from assets.lib.record import NOT_CONTENT, RECORD
from catalog.erasure.interactions import blot_interactions
from catalog.erasure.tombstones import Tombstones
from catalog.interactions.table import INTERACTIONS
from shelfspace.durable_log import DurableLog, is_log
from shelfspace.files import (
    SEAL,
    read_array,
    read_json,
    read_parquet,
    seal_folder,
    write_array,
    write_bytes,
    write_sealed_json,
    write_table,
)
from shelfspace.hashing import file_hash, fingerprint, tree_hashes
from shelfspace.sealed import open_sealed, seal_object

__all__ = ["cut_folder", "redact", "vacuum"]

TEXT = (
    ".json",
    ".jsonl",
    ".html",
    ".csv",
    ".txt",
    ".md",
    ".yaml",
    ".yml",
    ".log",
    ".out",
    ".err",
    ".svg",
    "",
)
WAIT_SECONDS = 30


def redact(file: Path, needles: Needles, stones: Tombstones) -> bool:
    """Take what is erased out of one file; False where this kind of file cannot be changed."""
    with file.open("rb") as stream:
        head = stream.read(16)
    if head == SQLITE:
        _redact_own(file, needles)
        _redact_database(file, needles)
        return True
    if head[:4] == b"PAR1":
        _redact_table(file, needles, stones)
        return True
    if file.suffix.lower() in TEXT and b"\0" not in head:
        _replace(file, _text(file, needles))
        return True
    return False


def cut_folder(folder: Path, needles: Needles, stones: Tombstones) -> int:
    """Take rows out of the tables of a folder, and out of the arrays beside them that have a row for each.

    For folders whose arrays stand row by row beside their tables: what drift and the look at new data are
    measured against, what was learned last. How many rows.

    Raises:
        ArtifactError: a table is damaged.
    """
    taken = 0
    for table_file in sorted(folder.glob("*.parquet")):
        table = read_parquet(table_file)
        gone = stones.rows(table)
        if not gone.any():
            continue
        taken = max(taken, int(gone.sum()))
        for array_file in sorted(folder.glob("*.npy")):
            array = np.asarray(read_array(array_file))
            if len(array) == len(table):
                write_array(array_file, array[~gone])
        # Last: killed before it, the same is done again, and arrays that are shorter already are left alone.
        _write_table(table_file, table[~gone].reset_index(drop=True), needles)
    if taken:
        describe(folder)
    return taken


def describe(folder: Path) -> None:
    """Bring the seal or the record of a folder up to what lies in it; the fingerprint stays."""
    if (folder / SEAL).exists():
        seal_folder(folder)
    if (folder / RECORD).exists():
        files = tree_hashes(folder, skip=NOT_CONTENT)
        kept = read_json(folder / RECORD)
        facts = dict(kept["facts"])
        if "versions" in facts:
            facts["versions"] = {
                name: file_hash(folder / f"{name}.parquet")
                if (folder / f"{name}.parquet").exists()
                else version
                for name, version in facts["versions"].items()
            }
        version = fingerprint(list(files.items()))
        write_sealed_json(folder / RECORD, {**kept, "files": files, "data_version": version, "facts": facts})


def _redact_table(file: Path, needles: Needles, stones: Tombstones) -> None:
    table = read_parquet(file)
    _write_table(file, table[~stones.rows(table)].reset_index(drop=True), needles)


def _write_table(file: Path, table: pd.DataFrame, needles: Needles) -> None:
    """Write a table, what its texts say of what is erased blotted out."""
    for name in table:
        if table[name].dtype == object:
            table[name] = table[name].map(lambda cell: _cell(cell, needles))
    write_table(file, table)


def _cell(cell: Any, needles: Needles) -> Any:
    if isinstance(cell, str):
        return needles.blotted(cell)
    if isinstance(cell, list | np.ndarray):
        return [_cell(one, needles) for one in cell]
    return cell


def _text(file: Path, needles: Needles) -> bytes:
    """A text without what is erased; JSON objects, one or one a line, keep their checksums true."""
    data = file.read_bytes()
    try:
        if file.suffix == ".json":
            return _json(data, needles)
        if file.suffix == ".jsonl":
            return b"".join(_json(line, needles) for line in data.splitlines(keepends=True))
    except orjson.JSONDecodeError:  # of another tool, or torn: a text like others
        pass
    return needles.pattern.sub(ERASED.encode(), data)


def _json(data: bytes, needles: Needles) -> bytes:
    if not needles.within(data):
        return data
    stored = orjson.loads(data)
    sealed = isinstance(stored, dict) and "checksum" in stored
    try:
        plain = open_sealed(stored)
    except ValueError:  # another one's checksum: it is a word among others
        plain, sealed = stored, False
    said = _walk(plain, needles)
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS if b"\n" in data.strip() else 0
    return orjson.dumps(seal_object(said) if sealed else said, option=options | orjson.OPT_APPEND_NEWLINE)


def _walk(value: Any, needles: Needles) -> Any:
    if isinstance(value, dict):
        return {needles.blotted(key): _walk(one, needles) for key, one in value.items()}
    if isinstance(value, list):
        return [_walk(one, needles) for one in value]
    return needles.blotted(value) if isinstance(value, str) else value


def _redact_own(file: Path, needles: Needles) -> None:
    """Blot words out of a database of our own whose rows carry checksums, which are to stay true."""
    if is_log(file):
        with closing(DurableLog(file)) as log:
            log.change(lambda record: _walk(record, needles))
    elif file.name == INTERACTIONS:
        blot_interactions(file.parent, needles.blotted)


def _redact_database(file: Path, needles: Needles) -> None:
    """Blot words out of all texts of a database, and write it anew so that no free page keeps them."""

    def plain(cell: Any) -> Any:
        data = cell.encode() if isinstance(cell, str) else cell
        if not isinstance(data, bytes) or not needles.within(data):
            return cell
        blotted = needles.pattern.sub(ERASED.encode(), data)
        return blotted.decode(errors="replace") if isinstance(cell, str) else blotted

    with closing(sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)) as database:
        database.create_function("plain", 1, plain, deterministic=True)
        database.execute("PRAGMA secure_delete=ON")
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in (name for name in names if not name.startswith("sqlite_")):
            for column in [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]:
                cell = f'"{column}"'
                database.execute(
                    f'UPDATE "{table}" SET {cell} = plain({cell}) '  # noqa: S608 - names of the file's own tables
                    f"WHERE typeof({cell}) IN ('text', 'blob') AND plain({cell}) IS NOT {cell}"
                )
        vacuum(database)


def vacuum(database: sqlite3.Connection) -> None:
    """Write a database anew without its free pages, and empty its log of writes."""
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _replace(file: Path, data: bytes) -> None:
    mode = file.stat().st_mode & 0o777
    write_bytes(file, data).chmod(mode)
