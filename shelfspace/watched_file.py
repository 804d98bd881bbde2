"""A file that people write and review beside a running service, read again whenever it changes."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from shelfspace.errors import ShelfspaceError

__all__ = ["WatchedFile"]

logger = logging.getLogger("shelfspace.files")
Content = TypeVar("Content")


class WatchedFile(Generic[Content]):
    """What a file says; a broken file leaves what it said before in force.

    Args:
        path: which need not be there; None says nothing.
        read: a path, also of a file that is not there, to what it says.
        nothing: what it says before it is read.
        what: it holds, for messages.

    Attributes:
        content: in force.
        problem: what is wrong with the file; "" where nothing is.
    """

    def __init__(
        self, path: Path | None, read: Callable[[Path], Content], nothing: Content, what: str
    ) -> None:
        self.path = path
        self.content = nothing
        self.problem = ""
        self._read = read
        self._what = what
        self._seen: object = None

    def refresh(self) -> bool:
        """Read the file if it is another than last time; True where what it says is in force now."""
        if self.path is None:
            return False
        try:
            stat = self.path.stat()
            seen: object = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except FileNotFoundError:
            seen = "absent"
        except OSError as error:
            seen = str(error)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self.content = self._read(self.path)
        except (ShelfspaceError, OSError) as error:
            self.problem = f"the {self._what} before it stay in force: {error}"
            logger.error("%s", self.problem)  # noqa: TRY400 - the sentence says it; no trace needed
            return False
        self.problem = ""
        logger.info("the %s of %s are in force", self._what, self.path)
        return True
