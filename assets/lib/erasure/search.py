"""Where bytes of a workspace still say something: the search that an erasure is judged by.

Every file is read, whatever wrote it: as it lies on the disk, and unpacked where it is a Parquet table,
an array of texts, or compressed. What a database no longer counts, but still holds in a free page, is found.
"""

import gzip
import html
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["ERASED", "SQLITE", "Needles", "files_below", "holds", "search"]

BLOCK = 1 << 22
ERASED = "(erased)"
"""What stands in place of what was blotted out."""
SQLITE = b"SQLite format 3\0"
LONGEST_EXCERPT = 320
CUT = rb"[^\n\"<]{0,300}?(?:\.\.\.|" + "…".encode() + rb"|\\{1,2}u2026)"
"""How an excerpt goes on and ends: nowhere beyond its own cell of JSON or HTML."""


@dataclass(frozen=True)
class Needles:
    """What is sought, each as whole words: `p1` is not found in `p10`, but in `p1-2.jpg`.

    Attributes:
        pattern: of all of them, as any file may write them: UTF-8, escaped in JSON or HTML.
        loose: the same wherever it stands: a database writes its cells one right behind the other.
        longest: bytes of the longest form.
    """

    pattern: re.Pattern[bytes]
    loose: re.Pattern[bytes]
    longest: int

    @classmethod
    def of(
        cls, texts: Iterable[str], pieces: Iterable[bytes] = (), beginnings: Iterable[str] = ()
    ) -> "Needles":
        """Of texts that are not empty, of bytes, which are found anywhere, and of excerpts: a beginning, and
        what follows up to where it was cut."""
        forms = sorted({form for text in texts if text for form in _forms(text)}, key=len, reverse=True)
        begun = sorted({form for text in beginnings for form in _forms(text)}, key=len, reverse=True)
        words = b"(?<![0-9A-Za-z])(?:" + b"|".join(map(re.escape, forms)) + b")(?![0-9A-Za-z])"
        excerpts = b"(?:" + b"|".join(map(re.escape, begun)) + b")" + CUT
        raw = sorted(pieces)
        further = [*([excerpts] if begun else []), *map(re.escape, raw)]
        either = b"|".join([*([words] if forms else []), *further]) or b"(?!)"
        loose = b"|".join([*map(re.escape, forms), *further]) or b"(?!)"
        longest = max(map(len, [*forms, *raw]), default=1)
        if begun:
            longest = max(longest, len(begun[0]) + LONGEST_EXCERPT)
        return cls(re.compile(either), re.compile(loose), longest)

    def within(self, data: bytes) -> bool:
        """Whether some bytes say it."""
        return self.pattern.search(data) is not None

    def blotted(self, text: str) -> str:
        """A text without it."""
        data = text.encode(errors="surrogatepass")
        return self.pattern.sub(ERASED.encode(), data).decode(errors="replace") if self.within(data) else text


def _forms(text: str) -> set[bytes]:
    """A text as files write it: as it is, escaped in HTML, in JSON, in JSON within JSON."""
    plain = {text, html.escape(text), html.escape(text, quote=False)}
    once = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {form.encode() for form in plain | once | {json.dumps(form)[1:-1] for form in once}}


def search(root: Path, needles: Needles, passed: Callable[[Path], bool] = lambda _: False) -> list[Path]:
    """Files below a folder that hold what is sought, in their content or their name.

    Args:
        passed: folders and files that are not looked into.
    """
    return [file for file in files_below(root, passed) if holds(file, needles)]


def files_below(root: Path, passed: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """All files below a folder, in the order of their paths, whatever their names begin with."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if passed(path):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path, passed)
        elif path.is_file():
            yield path


def holds(file: Path, needles: Needles) -> bool:
    """Whether a file says one of the needles; one that is gone meanwhile says nothing."""
    try:
        if needles.within(file.name.encode()):
            return True
        with file.open("rb") as stream:
            if stream.read(16) == SQLITE or file.name.endswith("-wal"):
                return _in_database(file, needles)
            return _holds(stream, needles)
    except FileNotFoundError:
        return False


def _in_database(file: Path, needles: Needles) -> bool:
    """Whether a cell of a database says it, or what is left of one in a free place."""
    stale = _count(file, needles)
    if not stale or file.name.endswith("-wal"):
        return bool(stale)
    source = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    with closing(source) as database, TemporaryDirectory() as folder:
        database.text_factory = bytes
        names = [
            row[0].decode() for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in names:
            for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of its own tables
                if any(isinstance(cell, bytes) and needles.within(cell) for cell in row):
                    return True
        # A copy has what counts alone: whatever there is more of is left in a free place.
        database.execute("VACUUM INTO ?", (f"{folder}/copy",))
        return stale > _count(Path(folder) / "copy", needles)


def _count(file: Path, needles: Needles) -> int:
    found, kept, most = 0, b"", needles.longest - 1
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            data = kept + block
            ends = [match.end() for match in needles.loose.finditer(data)]
            # What ends in the part that the last block had too was counted with that.
            found += sum(end > len(kept) for end in ends)
            kept = data[len(data) - most :] if most else b""
    return found


def _holds(stream: IO[bytes], needles: Needles) -> bool:
    stream.seek(0)
    head = stream.read(8)
    stream.seek(0)
    if head[:4] == b"PAR1" and _in_table(stream, needles):
        return True
    if head[:6] == b"\x93NUMPY" and _in_array(stream, needles):
        return True
    stream.seek(0)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(stream) as plain:
            if _raw(cast(IO[bytes], plain), needles):
                return True
        stream.seek(0)
    if head[:4] == b"PK\x03\x04" and zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            for name in archive.namelist():
                if needles.within(name.encode()) or _holds(BytesIO(archive.read(name)), needles):
                    return True
    stream.seek(0)
    return _raw(stream, needles)


def _raw(stream: IO[bytes], needles: Needles) -> bool:
    kept = b""
    while block := stream.read(BLOCK):
        if needles.within(kept + block):
            return True
        kept = block[-needles.longest - 1 :]
    return False


def _in_table(stream: IO[bytes], needles: Needles) -> bool:
    try:
        with pq.ParquetFile(stream) as file:
            for batch in file.iter_batches():
                for column in batch.columns:
                    if any(needles.within(data) for data in _texts(column)):
                        return True
    except pa.ArrowException:  # no table after all, or damaged: its bytes are searched as they are
        return False
    return False


def _texts(array: pa.Array) -> Iterator[bytes]:
    """What the texts of a column say, one below the other."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _texts(array.dictionary)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _texts(array.flatten())
    elif pa.types.is_struct(kind):
        for part in array.flatten():
            yield from _texts(part)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        texts = pc.unique(array.drop_null()).to_pylist()
        yield b"\n".join(text if isinstance(text, bytes) else text.encode() for text in texts)


def _in_array(stream: IO[bytes], needles: Needles) -> bool:
    try:
        array = np.lib.format.read_array(stream, allow_pickle=False)
    except ValueError:
        return False
    if array.dtype.kind not in "US":
        return False
    texts = array.ravel().tolist()
    return needles.within(b"\n".join(t if isinstance(t, bytes) else t.encode() for t in texts))
