"""CSV as shops save it: encodings, Excel's first line, separators that nobody named, broken rows."""

import csv as python_csv
import io
import re

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from catalog.sources.csv_rows import evened, lines_above, records, without_headers
from shelfspace.errors import CatalogError

__all__ = ["headed", "read_csv"]

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""First bytes that say the encoding, whatever the description says."""
WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "ascii": "utf-8", "latin-1": "cp1252"}
"""Encodings to the one that holds more, for the remedy."""
NO_CSV = {
    b"<!doctype": "a page of HTML (of a login or an error?)",
    b"<html": "a page of HTML (of a login or an error?)",
    b"<?xml": "XML (name it .xml where it is a feed of products)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%pdf": "a PDF",
    b'{"': "JSON (name it .jsonl, one object a line)",
    b"[{": "JSON (name it .jsonl, one object a line)",
    b"{\\rtf": "a text of a word processor",
    b"sqlite format 3": "a database",
    b"par1": "Parquet (name it .parquet)",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull)",
}
"""First bytes, in lower case, of what is saved as a CSV by mistake, and what it is."""
FEW = 10
"""Characters of UTF-8 that bytes of another encoding of several bytes a character may look like by chance."""
SEPARATORS = ",;\t|"
SAMPLE_ROWS = 50
MOST_COLUMNS = 4096
_SEP_LINE = re.compile(r'"?sep=([^\r\n"])"?[,;\t|]*(?:\r\n|\r|\n)', re.IGNORECASE)


def read_csv(data: bytes, name: str, encoding: str, delimiter: str | None, notes: list[str]) -> pd.DataFrame:
    """All cells of a CSV as str, under its own column names.

    Columns without a name and rows without a value behind the last row hold nothing and are left out.

    Args:
        data: of the whole file.
        name: of the file, for errors.
        encoding: a byte order mark counts for more.
        delimiter: None: Excel's line `sep=;` says it, or the one that parts all rows alike.
        notes: a sentence is added for what the file itself did not say.

    Raises:
        CatalogError: the bytes are not of that encoding, or rows or quotes are broken; with the line or row.
    """
    _check_kind(data, name)
    text = _decoded(data, name, encoding, notes)
    first = 0
    said = _SEP_LINE.match(text)
    if said:
        text, delimiter, first = text[said.end() :], said[1], 1
    if not text.strip():
        raise CatalogError("path", name, "give a readable CSV with a header line; the file is empty")
    if delimiter is None:
        delimiter = _likely(text)
        if delimiter != ",":
            notes.append(f"{name} is read with the delimiter {delimiter!r}, which parts all its rows alike")
    if len(delimiter) != 1:
        raise CatalogError("delimiter", delimiter, "give one character")
    above = lines_above(text, delimiter)
    if above:
        lines = list(io.StringIO(text, newline=""))
        text, first = "".join(lines[above:]), first + above
        notes.append(f"{name}: what stands above the header ({above} lines) is left out")
    if text.count('"') % 2:
        _closed(text, name, delimiter, first)
    table, again = without_headers(headed(_rows(text, name, delimiter, first)))
    if again:
        notes.append(f"{name}: {again:,} rows repeat the header, as files put together have it; left out")
        table = table.reset_index(drop=True)
    if '="' in text:  # what a spreadsheet is told to keep as text: ="00123"
        table = table.replace(r'^="(.*)"$', r"\1", regex=True)
    return table


def headed(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of texts under the names in the first of them; what holds nothing is left out."""
    header = [column.strip().removeprefix("\ufeff") for column in table.iloc[0]]
    table = table.iloc[1:].set_axis(header, axis="columns")
    table = table.loc[:, [bool(column) for column in header]]
    filled = (table != "").any(axis="columns").to_numpy()
    last = int(filled.nonzero()[0].max()) + 1 if filled.any() else 0
    return table.iloc[:last].reset_index(drop=True)


def _check_kind(data: bytes, name: str) -> None:
    """Refuse what is no CSV by its first bytes."""
    start = data[:512].lstrip().lower()
    for mark, kind in NO_CSV.items():
        if start.startswith(mark):
            raise CatalogError("path", name, f"export the table as CSV; this file is {kind}")


def _decoded(data: bytes, name: str, encoding: str, notes: list[str]) -> str:
    known = next((own for mark, own in BYTE_ORDER_MARKS.items() if data.startswith(mark)), encoding)
    if _is_utf8(data, known):
        notes.append(f"{name} is UTF-8, though {known} is named as its encoding; it is read as UTF-8")
        known = "utf-8"
    try:
        text = data.decode(known)
    except LookupError as error:
        raise CatalogError(
            "encoding", encoding, "name an encoding such as utf-8, gb18030 or cp1252"
        ) from error
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data[:start].count(b"\n") + 1
        plain = known.lower().replace("_", "-")
        if plain in ("utf-8", "utf8", "utf-8-sig"):
            remedy = "save the file as UTF-8, or name its encoding in catalog.yaml (cp1252, gb18030, ...)"
        else:
            remedy = f"this is not {known}; try {WIDER.get(plain, 'utf-8')} as its encoding in catalog.yaml"
        raise CatalogError("encoding", f"{name} line {line}", remedy) from error
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        remedy = "a NUL byte stands here: save the file as UTF-8, or name its encoding (utf-16-le?)"
        raise CatalogError("encoding", f"{name} line {line}", remedy)
    return text


def _is_utf8(data: bytes, named: str) -> bool:
    """Whether bytes are UTF-8 beyond chance, although another encoding is named."""
    if data.isascii() or named.lower().startswith(("utf", "ascii")):
        return False
    try:
        text = data.decode("utf-8")
        several = len(data.decode(named)) < len(data)
    except (LookupError, UnicodeError):
        return False
    return not several or sum(not c.isascii() for c in text) >= FEW


def _likely(text: str) -> str:
    """The separator that gives all of the first rows as many values as the header, and the most; of ragged
    rows the one that parts the header most, so that the row at fault is named; else a comma."""
    found = {}
    for separator in SEPARATORS:
        lengths: list[int] = []
        try:
            for row in records(text, separator):
                lengths += [len(row)] if row else []
                if len(lengths) == SAMPLE_ROWS:
                    break
        except python_csv.Error:
            continue
        if lengths and lengths[0] > 1:
            found[separator] = (len(set(lengths)) == 1, lengths[0])
    return max(found, key=lambda separator: found[separator], default=",")


def _rows(text: str, name: str, delimiter: str, first: int) -> pd.DataFrame:
    """All rows, the header among them, so that no name decides how a cell is read."""
    bad: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    try:
        table = csv.read_csv(
            io.BytesIO(text.encode("utf-8", "replace")),
            # One thread: only then does a broken row know its number.
            read_options=csv.ReadOptions(
                use_threads=False, block_size=1 << 26, autogenerate_column_names=True
            ),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=csv.ConvertOptions(
                column_types={f"f{number}": pa.large_string() for number in range(MOST_COLUMNS)},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise CatalogError("path", name, f"give a readable CSV with a header line ({error})") from error
    if table.num_columns > MOST_COLUMNS:
        raise CatalogError("path", name, f"give at most {MOST_COLUMNS:,} columns")
    if bad:
        even = evened(text, delimiter)
        if even is not None:
            return even
        row = bad[0]
        also = "; without a delimiter in catalog.yaml a comma is taken" if delimiter == "," else ""
        raise CatalogError(
            "path",
            f"{name} row {(row.number or 0) + first}: {row.text}",
            f"give each row {row.expected_columns} values, not {row.actual_columns}; quote separators{also}",
        )
    return table.to_pandas()


def _closed(text: str, name: str, delimiter: str, first: int) -> None:
    """Refuse a quoted value that never ends: pyarrow takes all that follows as that one value.

    An odd number of quotes alone is no fault (15" bag).
    """
    # The default limit of a value is shorter than some descriptions; it is the process's own setting.
    limit = python_csv.field_size_limit(max(len(text), 1))
    reader = python_csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1 + first
    try:
        for _ in reader:
            line = reader.line_num + 1 + first
    except python_csv.Error as error:
        raise CatalogError("path", f"{name} line {line}", f"close the quoted value ({error})") from error
    finally:
        python_csv.field_size_limit(limit)
