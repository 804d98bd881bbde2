"""What SQLite says, in the project's own words: the disk's refusals as the system's, all else as damage."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["plainly"]

DISK = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_BUSY: errno.ETIMEDOUT,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}
"""What SQLite says of the disk, as the system's own numbers; what is not here is damage."""


@contextmanager
def plainly(path: Path, damaged: Callable[[str], Exception]) -> Iterator[None]:
    """Raise SQLite's errors as `OSError` where the disk refuses, else as what `damaged` makes of them.

    Args:
        path: of the database.
        damaged: makes an error of a sentence that says what is wrong.
    """
    try:
        yield
    except BaseException as error:
        said = getattr(error, "sqlite_errorcode", None)
        if said is None:
            raise
        code = DISK.get(said & 0xFF)
        if code is not None:
            raise OSError(code, str(error), str(path)) from error
        raise damaged(str(error)) from error
