"""Which files of an inbox are whole: nobody writes them any more.

A file is left alone while its name says that it is on its way (`.part`, `.tmp` and the like, a name that
begins with a dot or ends with `~`), while a process of this machine holds it open for writing, and until
it has been quiet for `collection.quiet_seconds`. Whoever uploads under such a name and renames at the end
need not wait.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shelfspace.hashing import fingerprint

__all__ = ["FOLDER", "Found", "files_in", "folders_in", "wait_until_settled"]

ON_ITS_WAY = (
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".crdownload",
    ".filepart",
    ".download",
    ".swp",
    ".upload",
    "~",
)

FOLDER = "a folder; put its files themselves into the inbox, photos and sounds into its folder media"


@dataclass(frozen=True)
class Found:
    """A file of the inbox.

    Attributes:
        path: where it lies.
        name: relative to the folder that was looked through, as UTF-8.
        seen: its size in bytes and mtime in ns.
        quiet: for how many seconds nothing has happened to it.
        written: whether a process of this machine has it open for writing.
    """

    path: Path
    name: str
    seen: str
    quiet: float
    written: bool = False

    def settled(self, quiet_seconds: float) -> bool:
        """Whether it may be read."""
        return not self.written and self.quiet >= quiet_seconds

    @property
    def key(self) -> str:
        """Names this file as it is, without reading it."""
        return fingerprint([self.name, self.seen])


def files_in(folder: Path, *, deep: bool = False) -> list[Found]:
    """Files of a folder that are not on their way by their name, in the order they were last changed.

    Args:
        deep: also those in folders below, except what lies behind a dot.
    """
    if not folder.is_dir():
        return []
    found = []
    for path in folder.rglob("*") if deep else folder.iterdir():
        name = usable_name(path.relative_to(folder).as_posix())
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if hidden or name.lower().endswith(ON_ITS_WAY) or not (path.is_file() or path.is_symlink()):
            continue
        try:
            state = path.lstat()
        except FileNotFoundError:  # taken away while the folder is looked through
            continue
        # A copy may carry a clock that runs ahead; the inode's own time is this machine's.
        now = time.time()
        changed = state.st_mtime if state.st_mtime <= now else state.st_ctime
        seen = f"{state.st_size}-{state.st_mtime_ns}"
        found.append((state.st_mtime_ns, Found(path, name, seen, now - changed, _is_written(path))))
    return [file for _, file in sorted(found, key=lambda item: (item[0], item[1].name))]


def folders_in(inbox: Path) -> list[str]:
    """Names of folders in an inbox that nothing looks into."""
    if not inbox.is_dir():
        return []
    own = ("media", "done", "refused")
    return sorted(
        usable_name(path.name)
        for path in inbox.iterdir()
        if path.is_dir() and not path.is_symlink() and path.name not in own and path.name[:1] != "."
    )


def usable_name(name: str) -> str:
    """The name of a file as text: what is no UTF-8 of it (a name packed on another system) becomes `_`."""
    return name.encode(errors="surrogateescape").decode(errors="replace").replace("\ufffd", "_")


def wait_until_settled(folder: Path, quiet_seconds: float, at_most: float) -> None:
    """Wait for files that are being written: as long as one may settle, and no longer than `at_most` s."""
    until = time.monotonic() + at_most
    while (left := until - time.monotonic()) > 0:
        files = [*files_in(folder), *files_in(folder / "media", deep=True)]
        if not (unsettled := [file for file in files if not file.settled(quiet_seconds)]):
            return
        time.sleep(min(left, max(_missing(unsettled, quiet_seconds), 0.05)))


def _missing(files: Iterable[Found], quiet_seconds: float) -> float:
    return min(quiet_seconds - file.quiet if not file.written else 0.5 for file in files)


def _is_written(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, where the system tells.

    A read lease is refused on such a file. It is given back at once; should somebody open the file in
    between, the kernel's note is a signal that is ignored by default.
    """
    if not hasattr(fcntl, "F_SETLEASE") or path.is_symlink():
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # a file of somebody else, or a file system without leases
        return False
    finally:
        os.close(handle)
    return False
