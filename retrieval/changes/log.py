"""The delta log: an append-only file of what changed since a release was built.

Appends are flushed to the disk before they count. A process killed while it writes leaves a torn
last write, which nobody was told of; the next writer cuts it off and says so. Damage anywhere
else is refused, never skipped. Several processes may read and write one log: each looks for what
the others have appended before it answers or writes.
"""

import logging
import os
import secrets
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import xxhash
from filelock import FileLock

from retrieval.changes.records import MARK, Record, pack, unpack
from shelfspace.errors import ArtifactError
from shelfspace.files import sync, write_bytes

__all__ = ["DeltaLog", "Header", "log_lock", "read_log", "write_log"]

logger = logging.getLogger("shelfspace.delta")

MAGIC = b"SHELFDLT"
FORMAT = 1
HEAD = struct.Struct("<8sIQ")


@dataclass(frozen=True)
class Header:
    """Whose log it is.

    Attributes:
        release: id of the release the changes lie over.
        encoder: fingerprint of the encoder the vectors come from; "" where they were given.
        dim: length of the vectors.
        sequence: number of the last change before this log's first.
        nonce: random number that the checksums of this file are seeded with.
    """

    release: str
    encoder: str
    dim: int
    sequence: int = 0
    nonce: int = 0


def log_lock(path: Path) -> FileLock:
    """The lock that orders the writers of a log; freed when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"), thread_local=False)


def write_log(path: Path, header: Header, records: Sequence[Record] = ()) -> Header:
    """Write a whole log, atomically and durably; returns its header with a new nonce."""
    made = replace(header, nonce=secrets.randbits(63))
    text = orjson.dumps({"format": FORMAT, **made.__dict__})
    head = HEAD.pack(MAGIC, len(text), xxhash.xxh3_64_intdigest(text)) + text
    write_bytes(path, b"".join((head, *(pack(record, made.nonce) for record in records))))
    sync(path.parent)
    return made


def read_log(path: Path, media: bool = False) -> tuple[Header, list[Record]]:
    """Header and records of a log, without a torn tail; the file is left as it is.

    Raises:
        ArtifactError: no log, of another format, or damaged before its end.
    """
    data = memoryview(path.read_bytes())
    header, start = read_header(path, data)
    records, _ = parse(path, data, start, header.nonce, media)
    return header, records


def read_header(path: Path, data: memoryview) -> tuple[Header, int]:
    """The header and where the records begin."""
    problem = "its first bytes are not those of a log"
    try:
        magic, length, checksum = HEAD.unpack_from(data)
        text = data[HEAD.size : HEAD.size + length]
        if magic == MAGIC and xxhash.xxh3_64_intdigest(text) == checksum:
            facts = orjson.loads(text)
            version = facts.pop("format")
            if version == FORMAT:
                return Header(**facts), HEAD.size + length
            problem = f"its format is {version}, this version reads {FORMAT}"
    except (struct.error, ValueError, KeyError, TypeError) as error:
        problem = str(error)
    raise ArtifactError(
        f"the delta log {path} cannot be read ({problem}); restore it, or delete it and lose its changes"
    )


def parse(path: Path, data: memoryview, start: int, nonce: int, media: bool) -> tuple[list[Record], int]:
    """Records of whole writes from `start` on, and where the last of those ends.

    Raises:
        ArtifactError: a whole record lies behind bytes that are none: damage, not a torn tail.
    """
    records: list[Record] = []
    whole, end = 0, start
    while start < len(data):
        found = unpack(data, start, nonce, media)
        if found is None:
            break
        records.append(found[0])
        start = found[1]
        if found[0].left == 0:
            whole, end = len(records), start
    rest = bytes(data[start:])
    place = rest.find(MARK, 1)
    while place >= 0:
        if unpack(data, start + place, nonce) is not None:
            raise ArtifactError(
                f"the delta log {path} is damaged at byte {start}, before its end; "
                "restore it, or delete it and lose its changes"
            )
        place = rest.find(MARK, place + 1)
    return records[:whole], end


class DeltaLog:
    """One log, open for reading and appending.

    Args:
        path: the file; made with `header` where it is absent.
        header: whose log it must be; `sequence` counts for a new file only.

    Attributes:
        sequence: number of the last change that was read or written.
        size: bytes of whole records and header.
        dropped: bytes of torn tails that this object cut off.

    Raises:
        ArtifactError: the file is damaged, or belongs to another release, encoder or length.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.dropped = 0
        self._lock = log_lock(path)
        self._wanted = header
        with self.locked():
            if not path.exists():
                write_log(path, header)
            self._inode = -1
            self.size = 0
            self.sequence = 0
            self.header = header

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the log against other writers; freed when the holder dies."""
        with self._lock:
            yield

    def catch_up(self, mend: bool = False) -> tuple[list[Record], bool]:
        """Records that were appended since the last call, and whether the file was replaced.

        After a replacement the records are all of the new file. With `mend`, which only the
        holder of the lock may ask for, a torn tail is cut off; without, it may be a write that
        another process is at, and is left.
        """
        state = os.stat(self.path)
        fresh = state.st_ino != self._inode or state.st_size < self.size
        if not fresh and state.st_size == self.size:
            return [], False
        with self.path.open("rb") as stream:
            inode = os.fstat(stream.fileno()).st_ino
            fresh = fresh or inode != self._inode
            stream.seek(0 if fresh else self.size)
            data = memoryview(stream.read())
        start = 0
        if fresh:
            self.header, start = read_header(self.path, data)
            self._check()
            self.size, self.sequence, self._inode = 0, self.header.sequence, inode
        records, end = parse(self.path, data, start, self.header.nonce, media=False)
        if mend and end < len(data):
            self._cut(self.size + end, len(data) - end)
        self.size += end
        self.sequence = max([self.sequence, *(record.sequence for record in records)])
        return records, fresh

    def append(self, records: Sequence[Record]) -> None:
        """Write records and wait until the disk has them; the caller holds the lock and has caught up.

        A write that fails is taken back, so that the file holds either all of them or none.
        """
        last = len(records) - 1
        data = b"".join(
            pack(replace(record, left=last - number), self.header.nonce)
            for number, record in enumerate(records)
        )
        with self.path.open("r+b", buffering=0) as stream:
            stream.seek(self.size)
            try:
                view = memoryview(data)
                while view:
                    view = view[stream.write(view) or 0 :]
                os.fsync(stream.fileno())
            except OSError:
                stream.truncate(self.size)
                raise
        self.size += len(data)
        self.sequence = records[-1].sequence

    def rewrite(self, records: Sequence[Record]) -> None:
        """Replace the whole file; the caller holds the lock."""
        alone = [replace(record, left=0) for record in records]
        self.header = write_log(self.path, replace(self.header, sequence=self.sequence), alone)
        state = os.stat(self.path)
        self._inode, self.size = state.st_ino, state.st_size

    def _cut(self, end: int, torn: int) -> None:
        logger.warning("%s ended in %d bytes of a write that was never confirmed; cut off", self.path, torn)
        self.dropped += torn
        with self.path.open("r+b") as stream:
            stream.truncate(end)
            os.fsync(stream.fileno())

    def _check(self) -> None:
        mine, there = self._wanted, self.header
        if (mine.release, mine.encoder, mine.dim) != (there.release, there.encoder, there.dim):
            raise ArtifactError(
                f"the delta log {self.path} is of release {there.release} with vectors of {there.dim}, "
                f"not of release {mine.release} with {mine.dim}"
            )
