"""One sheet of an Excel workbook as a table of texts, each cell as the sheet shows it."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

import pandas as pd

from catalog.cells import number_text, text_of
from catalog.sources.csv_text import headed
from shelfspace.errors import CatalogError

__all__ = ["read_workbook"]

MOST_BYTES = 1_000_000_000
"""Of a workbook unpacked; a small file may unpack to any size."""
OLD = b"\xd0\xcf\x11\xe0"
"""First bytes of .xls files, and of workbooks with a password."""


def read_workbook(data: bytes, name: str, sheet: str, notes: list[str]) -> pd.DataFrame:
    """All cells of a sheet as str, its first row with a value as the header.

    Numbers have the 15 digits that Excel keeps, and the leading zeros that their format shows (00123);
    times are ISO 8601. Columns without a name and rows behind the last value are left out.

    Args:
        data: of the whole file.
        name: of the file, for errors.
        sheet: its name; "" for the first that is not hidden.
        notes: a sentence is added where that was one of several.

    Raises:
        CatalogError: it is no workbook that can be read, or has no such sheet.
    """
    import openpyxl

    if data.startswith(OLD):
        raise CatalogError(
            "path", name, "save it as an Excel workbook (.xlsx) without a password, or as CSV UTF-8"
        )
    with _readable(name):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MOST_BYTES:
            raise CatalogError("path", name, f"unpacked it has {unpacked:,} bytes; save it as CSV UTF-8")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        shown = [one.title for one in book.worksheets if one.sheet_state == "visible"]
        if (sheet and sheet not in book.sheetnames) or not (sheet or shown):
            there = ", ".join(book.sheetnames)
            raise CatalogError("sheet", sheet or name, f"name one of the sheets of {name}: {there}")
        if not sheet and len(shown) > 1:
            notes.append(f"{name} is read from its sheet {shown[0]!r}, the first of {len(shown)}")
        cells = book[sheet or shown[0]]
        cells.reset_dimensions()  # some programs write a wrong size
        rows = [[_text(cell) for cell in row] for row in cells.iter_rows()]
    rows = rows[next((n for n, row in enumerate(rows) if any(row)), len(rows)) :]
    if not rows:
        raise CatalogError("path", name, "give a sheet with a header row; this one is empty")
    width = max(map(len, rows))
    return headed(pd.DataFrame([row + [""] * (width - len(row)) for row in rows], dtype=object))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """What openpyxl stumbles over, said of the file: it has no exception of its own for a damaged one."""
    try:
        yield
    except CatalogError:
        raise
    except Exception as error:
        raise CatalogError("path", name, f"give a readable Excel workbook (.xlsx) ({error})") from error


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text_of(value)
    text = number_text(float(f"{value:.15g}") if isinstance(value, float) else value)
    zeros = re.fullmatch("0{2,}", str(cell.number_format))
    return text.zfill(len(zeros[0])) if zeros and text.isdecimal() else text
