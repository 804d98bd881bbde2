"""Erased products and shoppers taken out of delivered files, wherever in an inbox they lie.

A file is written anew without their rows, and deleted where it has no others. What cannot be written row by
row (a workbook, a feed in XML) is deleted where it is an archive of what was taken or refused, and stays,
and is named, where it still waits.
"""

import csv
import gzip
import io
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.deliveries.archive import DONE, REFUSED
from catalog.deliveries.ledger import editing, read_ledger
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.user_key import pseudonym
from catalog.sources.base import CatalogSource
from catalog.sources.delivered_table import delivered_table
from shelfspace.errors import CatalogError
from shelfspace.files import write_bytes
from shelfspace.hashing import file_hash
from shelfspace.workspace import Workspace

__all__ = ["ErasedFiles", "erase_deliveries"]

HEADS = 3
"""Lines above the rows of a CSV at most: what says its delimiter, a title, the header."""


@dataclass
class ErasedFiles:
    """What became of the files of an inbox.

    Attributes:
        rows: that were taken out of files that stay.
        deleted: files that are gone as a whole.
        stay: files that hold what is erased and could not be changed, relative to the inbox.
    """

    rows: int = 0
    deleted: int = 0
    stay: list[str] = field(default_factory=list)


def erase_deliveries(
    workspace: Workspace,
    source: CatalogSource,
    stones: Tombstones,
    user_key: bytes,
    media: Collection[str],
    arrivals: Collection[int] | None = None,
) -> ErasedFiles:
    """Take rows out of delivered tables, and delete delivered photos and sounds; nobody collects meanwhile.

    Args:
        user_key: of pseudonyms, since delivered events have shoppers as the shop names them.
        media: keys of photos and sounds.
        arrivals: of the deliveries whose files are looked at; None: all that lies in the inbox.
    """
    found, inbox = ErasedFiles(), workspace.inbox
    files = [file for file in inbox.rglob("*") if file.is_file() and not file.is_symlink()]
    if arrivals is not None:
        entries = read_ledger(workspace.state).entries
        files = [inbox / place for n in arrivals for place in (entries[n].archive or entries[n].name,)]
    for path in sorted(file for file in files if file.is_file()):
        name = path.relative_to(inbox)
        archived = name.parts[0] in (DONE, REFUSED)
        inner = name.parts[1:] if archived else name.parts
        if inner[0] == "media":
            if "/".join(inner[1:]) in media:
                path.unlink()
                found.deleted += 1
        elif not path.name.startswith("."):
            _erase(path, workspace, source, stones, user_key, archived, found)
    return found


def _erase(
    path: Path,
    workspace: Workspace,
    source: CatalogSource,
    stones: Tombstones,
    user_key: bytes,
    archived: bool,
    found: ErasedFiles,
) -> None:
    try:
        rows, _, _ = delivered_table(path, source)
    except CatalogError:  # no table; as a text it is looked at with all other files
        return
    gone = stones.erased_products(rows["product_id"])
    if "user_id" in rows:
        users = {one: pseudonym(one, user_key) for one in rows["user_id"].unique()}
        gone |= stones.erased_shoppers(rows["user_id"].map(users))
    if not gone.any():
        return
    data = None if gone.all() else without_rows(path, gone)
    if data is not None:
        digest = file_hash(path)
        write_bytes(path, data)
        _note(workspace, path, digest)
        found.rows += int(gone.sum())
    elif gone.all() or archived:
        path.unlink()
        found.deleted += 1
    else:
        found.stay.append(path.relative_to(workspace.inbox).as_posix())


def _note(workspace: Workspace, path: Path, digest: str) -> None:
    """Tell the ledger of other bytes under a name: else it were another delivery."""
    stat = path.stat()
    facts = {"digest": file_hash(path), "seen": f"{stat.st_size}-{stat.st_mtime_ns}"}
    with editing(workspace.state) as ledger:
        for entry in ledger.unfinished():
            if entry.digest == digest and entry.name == path.name:
                ledger.change(entry.arrival, **facts)


def without_rows(path: Path, gone: np.ndarray) -> bytes | None:
    """The bytes of a table without some of its n rows; None where the file does not lie row by row.

    Args:
        gone: (n,) bool, in the order in which the file has its rows.
    """
    name = path.name.lower()
    packed = name.endswith(".gz")
    plain = name.removesuffix(".gz")
    data = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    if plain.endswith(".parquet"):
        table = pq.read_table(io.BytesIO(data))
        if len(table) != len(gone):
            return None
        stream = io.BytesIO()
        pq.write_table(table.filter(pa.array(~gone)), stream)
        kept: bytes | None = stream.getvalue()
    elif plain.endswith((".csv", ".tsv", ".jsonl")):
        spans = _lines(data) if plain.endswith(".jsonl") else _records(data, len(gone))
        kept = None if spans is None else _without(data.splitlines(keepends=True), spans, gone)
    else:
        kept = None
    return kept if kept is None or not packed else gzip.compress(kept, mtime=0)


def _without(lines: list[bytes], spans: list[tuple[int, int]], gone: np.ndarray) -> bytes | None:
    if len(spans) != len(gone):
        return None
    out = {line for (start, end), bad in zip(spans, gone, strict=True) if bad for line in range(start, end)}
    return b"".join(line for number, line in enumerate(lines) if number not in out)


def _lines(data: bytes) -> list[tuple[int, int]]:
    return [(n, n + 1) for n, line in enumerate(data.splitlines()) if line.strip()]


def _records(data: bytes, rows: int) -> list[tuple[int, int]] | None:
    """First line and one behind the last of each row of a CSV, its head left out; None where they do not fit.

    Which character parts the cells matters only for where a quoted cell begins.
    """
    lines = data.decode("latin-1").splitlines(keepends=True)
    for delimiter in (",", ";", "\t", "|"):
        reader, spans, start = csv.reader(lines, delimiter=delimiter), [], 0
        try:
            for record in reader:
                if any(cell.strip() for cell in record):
                    spans.append((start, reader.line_num))
                start = reader.line_num
        except csv.Error:
            continue
        if 0 < len(spans) - rows <= HEADS:
            return spans[len(spans) - rows :]
    return None
