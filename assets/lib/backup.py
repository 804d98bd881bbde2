"""The backup of a workspace: one archive, taken while the service runs; `assets.lib.restore` reads it.

The archive is a tar. Its last member, the manifest, names each file with its size and hash, so an archive
that was cut off has none. Databases are copied by SQLite's own backup, which is whole at one moment whatever
is written meanwhile; all else in a workspace is replaced as a whole or never changes.
"""

import fcntl
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, cast

import orjson
import xxhash

from shelfspace.database import copy_database
from shelfspace.errors import InputError
from shelfspace.files import sync
from shelfspace.progress import progress_bar
from shelfspace.workspace import Workspace

__all__ = ["CHUNK", "FORMAT", "MANIFEST", "Backup", "Hashing", "back_up"]

FORMAT = 1
MANIFEST = "shelfspace-backup.json"
SQLITE = b"SQLite format 3\0"
LEFT_OUT_ENDS = (".tmp", ".lock", "-wal", "-shm", "-journal")
"""Half-written files, locks, and what lies beside a SQLite database and is inside the copy of it."""
LEFT_OUT = frozenset({"run.holder"})
CHUNK = 1 << 20
COPY = ".copy"
"""What the name of the copy of a database ends with, beside the archive that it goes into."""


@dataclass
class Backup:
    """What an archive holds.

    Attributes:
        path: of the archive.
        workspace: its name.
        created: ISO 8601 in UTC.
        files: path in the workspace to its size and xxh3-128.
        passed_over: files that went while the archive was written, and links to folders.
    """

    path: Path
    workspace: str
    created: str
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.files.values())


def back_up(workspace: Workspace, folder: Path) -> Backup:
    """Write an archive of a workspace, whole or not at all; the caller holds the workspace's lock.

    It holds the releases, the state and the logs, the keys of the service, of the pseudonyms and of the
    tombstones; so its owner alone may read it. Not in it are the catalogue's own folder, older versions of
    the data (DVC's cache and remote), the checkout, and a key that `service.user_key_file` keeps elsewhere.

    Args:
        folder: where to; made when it is not there.

    Raises:
        InputError: the folder lies in the workspace.
    """
    if folder.resolve().is_relative_to(workspace.root.resolve()):
        raise InputError("to", str(folder), "give a folder outside of the workspace, best on another disk")
    now = datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{workspace.name}-{now:%Y%m%dT%H%M%SZ}.tar"
    made = Backup(target, workspace.name, now.isoformat(timespec="seconds"))
    clear(folder)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(handle, "wb") as stream,
            tarfile.open(str(temporary), fileobj=stream, mode="w") as archive,
        ):
            fcntl.flock(stream, fcntl.LOCK_EX)  # as long as this process lives
            files = [*kept_files(workspace.root, made.passed_over)]
            for file in progress_bar(files, "backing up"):
                add(archive, file, file.relative_to(workspace.root).as_posix(), made)
            said = manifest_of(made)
            member = tarfile.TarInfo(MANIFEST)
            member.size, member.mode, member.mtime = len(said), 0o600, int(now.timestamp())
            archive.addfile(member, io.BytesIO(said))
        sync(temporary)
        os.replace(temporary, target)
        sync(folder)
    finally:
        for left in (temporary, Path(f"{temporary}{COPY}")):
            left.unlink(missing_ok=True)
    return made


def clear(folder: Path) -> None:
    """Delete what backups left that were killed: each holds its file for as long as its process lives."""
    for left in folder.glob(".*.tar.*.tmp"):
        try:
            with left.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for file in folder.glob(f"{left.name}*"):
                    file.unlink(missing_ok=True)
        except (BlockingIOError, PermissionError, FileNotFoundError):
            continue  # one that is at work, another user's, or gone


def kept_files(root: Path, passed_over: list[str]) -> Iterator[Path]:
    """Files of a workspace that a backup holds, in the order of their paths."""
    for place, folders, names in os.walk(root):
        folders.sort()
        for name in [*folders]:
            if (Path(place) / name).is_symlink():
                passed_over.append(f"{(Path(place) / name).relative_to(root)} is a link to a folder")
            if name.startswith(".") and (name.endswith(".tmp") or name.startswith(".trash-")):
                folders.remove(name)
        for name in sorted(names):
            if name not in LEFT_OUT and not name.endswith(LEFT_OUT_ENDS):
                yield Path(place) / name


def add(archive: tarfile.TarFile, file: Path, name: str, made: Backup) -> None:
    """Add one file; one that is gone meanwhile is noted."""
    try:
        with file.open("rb") as stream:
            if stream.read(len(SQLITE)) == SQLITE:
                # Beside the archive: shoppers' events may take more room than the machine's /tmp has.
                copy = Path(f"{os.fsdecode(archive.name or b'')}{COPY}")
                copy.unlink(missing_ok=True)
                copy.touch(0o600)
                copy_database(file, copy)
                with copy.open("rb") as copied:
                    made.files[name] = add_stream(archive, name, copied, file.stat())
                return
            made.files[name] = add_stream(archive, name, stream, os.fstat(stream.fileno()))
    except FileNotFoundError:
        made.passed_over.append(f"{name} went meanwhile")


class Hashing:
    """A reader that hashes what is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest = xxhash.xxh3_128()

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.digest.update(data)
        return data


def add_stream(
    archive: tarfile.TarFile, name: str, stream: IO[bytes], facts: os.stat_result
) -> tuple[int, str]:
    """Add a file from its beginning to its present end; its size and hash."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, facts.st_mode & 0o777, int(facts.st_mtime)
    hashing = Hashing(stream)
    archive.addfile(member, cast(IO[bytes], hashing))
    return size, hashing.digest.hexdigest()


def manifest_of(made: Backup) -> bytes:
    """The manifest as it stands in the archive."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "workspace": made.workspace,
            "created": made.created,
            "shelfspace": version("shelfspace"),
            "files": {name: [*facts] for name, facts in made.files.items()},
        }
    )
