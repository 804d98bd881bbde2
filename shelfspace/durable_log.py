"""An append-only log in one file: what was appended is on the disk before the call returns.

The file is a SQLite database in write-ahead mode, flushed at every write (`synchronous=FULL`). So a
process killed at any moment leaves every write whole or absent, several processes may read and write
one log, and no reader waits for a writer. SQLite checks no content: each entry carries a checksum.
Beside `<log>` lie `<log>-wal` and `<log>-shm` while somebody has it open; they belong to it. Over a
network, write-ahead mode does not work.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import orjson
import xxhash

from shelfspace.database import plainly
from shelfspace.errors import ArtifactError
from shelfspace.formats import check_format

__all__ = ["START", "DurableLog", "LogEntry", "Position", "delete_log", "is_log"]

FORMAT = 1
MEND = "restore it, or delete it and lose its entries"
WAIT_SECONDS = 300
"""How long a writer waits for another; the longest write encodes thousands of products again."""
TABLES = (
    "CREATE TABLE header (format INTEGER, owner BLOB, generation INTEGER, sequence INTEGER)",
    "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, record BLOB, vector BLOB, checksum INTEGER)",
    "CREATE TABLE files (sequence INTEGER, number INTEGER, data BLOB, checksum INTEGER, "
    "PRIMARY KEY (sequence, number)) WITHOUT ROWID",
)


class LogEntry(NamedTuple):
    """One entry.

    Attributes:
        record: what happened, JSON-able.
        vector: (d,) float32, where there is one.
        files: photos and sounds that belong to it; read only where they are asked for.
        sequence: its number; 0 lets the log give the next one.
    """

    record: Mapping[str, Any] = MappingProxyType({})
    vector: np.ndarray | None = None
    files: tuple[bytes, ...] = ()
    sequence: int = 0


class Position(NamedTuple):
    """How far a reader is.

    Attributes:
        generation: how often the log's content was replaced as a whole; then all is read anew.
        sequence: number of the last entry, at most the highest ever given.
    """

    generation: int = -1
    sequence: int = 0


START = Position()
"""Before the first entry."""


class DurableLog:
    """One log, open for reading and appending. Calls of several threads are for the caller to order.

    Args:
        path: the file; made, with its folder, where it is absent.
        owner: whose log a new file is; JSON-able.

    Attributes:
        owner: what the file says of whose it is.

    Raises:
        ArtifactError: the file is damaged, or no such log; names file and remedy.
        OSError: the disk or the folder refuses. So of every method.
    """

    def __init__(self, path: Path, owner: Mapping[str, Any] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._version = -1
        with self._plainly():
            self._database = sqlite3.connect(
                path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self.owner = self._open(owner or {})
            except BaseException:
                self._database.close()
                raise

    def _open(self, owner: Mapping[str, Any]) -> dict[str, Any]:
        self._database.text_factory = bytes
        if self._one("SELECT count(*) FROM sqlite_master WHERE name = 'header'"):
            self._check_format()
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA secure_delete=ON")
        if self._one("PRAGMA quick_check(1)") != b"ok":
            raise self._damaged("its pages do not fit together")
        with self.writing():
            if not self._one("SELECT count(*) FROM sqlite_master"):
                for table in TABLES:
                    self._database.execute(table)
                first = (FORMAT, orjson.dumps(owner), 0, 0)
                self._database.execute("INSERT INTO header VALUES (?, ?, ?, ?)", first)
            self._check_format()
            return orjson.loads(self._one("SELECT owner FROM header"))

    def _check_format(self) -> None:
        check_format(f"the log {self.path}", self._one("SELECT format FROM header"), FORMAT, MEND)

    def close(self) -> None:
        """Let go of the file; nothing is lost."""
        self._database.close()

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never opened
            self._database.close()

    @property
    def size(self) -> int:
        """Bytes that the entries take, files included, in whole pages; the file may hold free ones too."""
        with self._plainly():
            used = self._one("PRAGMA page_count") - self._one("PRAGMA freelist_count")
            return used * self._one("PRAGMA page_size")

    @property
    def sequence(self) -> int:
        """The highest number ever given; 0 before the first entry."""
        with self._plainly():
            return self._one(
                "SELECT max(sequence, coalesce((SELECT max(sequence) FROM entries), 0)) FROM header"
            )

    def changed(self) -> bool:
        """Whether another handle has written since this was last asked; true at first. Takes microseconds."""
        try:
            version = self._database.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            with self._plainly():
                raise
        changed = version != self._version
        self._version = version
        return changed

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the log against other writers; what is written inside counts as a whole, or not at all."""
        with self._plainly():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def append(self, entries: Iterable[LogEntry]) -> int:
        """Write entries as one write, durable when this, or the `writing` around it, ends.

        Returns:
            number of the last entry of the log.
        """
        if not self._database.in_transaction:
            with self.writing():
                return self.append(entries)
        last = self.sequence
        for entry in entries:
            last = entry.sequence or last + 1
            record = orjson.dumps(dict(entry.record), option=orjson.OPT_SERIALIZE_NUMPY)
            vector = b"" if entry.vector is None else np.asarray(entry.vector, "<f4").tobytes()
            row = (last, record, vector, checksum(last, record, vector))
            self._database.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", row)
            files = [(last, n, data, checksum(last, data)) for n, data in enumerate(entry.files)]
            self._database.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", files)
        return last

    def read(
        self,
        after: Position = START,
        files: bool = False,
        damaged: Callable[[int], object] | None = None,
        most: int = -1,
    ) -> tuple[list[LogEntry], Position]:
        """Entries after a position, in order, and the position behind them.

        Where its generation is another than that of `after`, the entries are all there are.

        Args:
            files: also read what belongs to each entry.
            damaged: told the number of a damaged entry, which is passed over; without it, it is refused.
            most: entries that are read at most, the first ones; all where it is below zero. The position is
                that of the log in any case.
        """
        with self._plainly(), self._snapshot():
            generation = self._one("SELECT generation FROM header")
            since = after.sequence if generation == after.generation else 0
            rows = self._database.execute(
                "SELECT sequence, record, vector, checksum FROM entries WHERE sequence > ? ORDER BY sequence "
                "LIMIT ?",
                (since, most),
            ).fetchall()
            found = []
            for number, record, vector, wanted in rows:
                if damaged is not None and not intact(number, wanted, record, vector):
                    damaged(number)
                    continue
                self._check(number, wanted, record, vector)
                numbers = np.frombuffer(vector, "<f4") if vector else None
                further = self._files(number) if files else ()
                found.append(LogEntry(orjson.loads(record), numbers, further, number))
            return found, Position(generation, self.sequence)

    def delete(self, sequences: Sequence[int]) -> None:
        """Take entries out, inside `writing`; their numbers are not given again, their room is."""
        self._database.execute("UPDATE header SET sequence = ?", (self.sequence,))
        for table in ("entries", "files"):
            self._database.executemany(
                f"DELETE FROM {table} WHERE sequence = ?",  # noqa: S608 - of the two names above
                ((number,) for number in sequences),
            )

    def compact(self) -> None:
        """Write the file anew, without what free pages still hold of deleted entries."""
        with self._plainly():
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def change(self, changed: Callable[[Any], Any]) -> int:
        """Have entries say something else; they keep their numbers, and all are read anew. How many did.

        A damaged one is left to be told of.

        Args:
            changed: gives what a record shall be; the same where it stays.
        """
        with self.writing():
            rows = self._database.execute("SELECT sequence, record, vector, checksum FROM entries").fetchall()
            fresh = []
            for number, record, vector, wanted in rows:
                if intact(number, wanted, record, vector):
                    other = orjson.dumps(changed(orjson.loads(record)))
                    if other != record:
                        fresh.append((other, checksum(number, other, vector), number))
            self._database.executemany(
                "UPDATE entries SET record = ?, checksum = ? WHERE sequence = ?", fresh
            )
            if fresh:
                self._database.execute("UPDATE header SET generation = generation + 1")
        return len(fresh)

    def replace(self, entries: Iterable[LogEntry], sequence: int) -> None:
        """Have these entries alone, inside `writing`; numbers go on above `sequence`."""
        self._database.execute("DELETE FROM entries")
        self._database.execute("DELETE FROM files")
        self._database.execute("UPDATE header SET sequence = ?, generation = generation + 1", (sequence,))
        self.append(entries)

    def _one(self, question: str) -> Any:
        row = self._database.execute(question).fetchone()
        if row is None:
            raise self._damaged("it has no header")
        return row[0]

    def _files(self, number: int) -> tuple[bytes, ...]:
        rows = self._database.execute(
            "SELECT data, checksum FROM files WHERE sequence = ? ORDER BY number", (number,)
        ).fetchall()
        for data, wanted in rows:
            self._check(number, wanted, data)
        return tuple(data for data, _ in rows)

    def _check(self, number: int, wanted: int, *parts: bytes) -> None:
        if not intact(number, wanted, *parts):
            raise self._damaged(f"entry {number} is not what was written")

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read one state throughout, whatever is written meanwhile."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.execute("COMMIT")

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """SQLite's errors as the project's own, or the system's."""
        try:
            with plainly(self.path, self._damaged):
                yield
        except BaseException:
            self._version = -1  # what was not read is looked for again
            raise

    def _damaged(self, problem: str) -> ArtifactError:
        return ArtifactError(f"the log {self.path} cannot be read ({problem}); {MEND}")


def intact(number: int, wanted: int, *parts: object) -> bool:
    """Whether an entry's parts are bytes and have the checksum that was written beside them."""
    return all(isinstance(part, bytes) for part in parts) and checksum(number, *parts) == wanted


def checksum(number: int, *parts: Any) -> int:
    """63 bits of xxh3 over an entry's parts, seeded with its number."""
    return xxhash.xxh3_64_intdigest(b"".join(parts), seed=number) >> 1


def is_log(path: Path) -> bool:
    """Whether a database of SQLite is a log of this kind."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        said = {sql for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")}
    return said.issuperset(TABLES)


def delete_log(path: Path) -> None:
    """Delete a log's files, which nobody writes any more."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
