"""SQLite's databases: copies of them, and what SQLite says in the project's own words.

The disk's refusals are raised as the system's, all else as damage.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["copy_database", "plainly"]

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


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others write it; their log of writes is looked into too.

    Raises:
        sqlite3.Error: it is missing, damaged, or the disk refuses.
    """
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here)
