"""Rows that gather in memory and are written every few seconds, so that no answer waits for the disk."""

import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shelfspace.errors import ArtifactError

__all__ = ["BufferedLog", "dated"]

logger = logging.getLogger("shelfspace.buffered_log")


class BufferedLog:
    """A buffer of rows and the thread that writes them; a subclass says how, in `_store`.

    A killed process loses the rows since the last write; one that is asked to end loses none.

    Args:
        folder: where rows go; None switches the log off.
        every_seconds: time between writes.
        max_rows: rows that are written at once without waiting for the time.
        keep_rows: rows held at most while the folder cannot be written; older ones are
            dropped then, counted, and the count is logged.
    """

    def __init__(
        self, folder: Path | None, every_seconds: float = 5, max_rows: int = 5000, keep_rows: int = 50_000
    ) -> None:
        self.folder = folder
        self.on = folder is not None
        self.dropped = 0
        self.lost = 0
        self._every = every_seconds
        self._max_rows = max_rows
        self._keep_rows = keep_rows
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        if folder is not None:
            self._thread = threading.Thread(target=self._loop, name=type(self).__name__, daemon=True)
            self._thread.start()

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows for the next write; cheap, does no input or output."""
        if self.folder is None:
            return
        with self._lock:
            self._rows.extend(rows)
            excess = len(self._rows) - self._keep_rows
            if excess > 0:
                del self._rows[:excess]
                self.dropped += excess
                self.lost += excess
            full = len(self._rows) >= self._max_rows
        if full:
            self._wake.set()

    def flush(self) -> Path | None:
        """Write what is there; the file that was written to, None when there is nothing.

        Raises:
            OSError, ArtifactError: it cannot be written; the rows are kept for the next try.
        """
        if self.folder is None:
            return None
        with self._writing:
            with self._lock:
                rows, self._rows = self._rows, []
            if not rows:
                return None
            try:
                return self._store(self.folder, rows)
            except (OSError, ArtifactError):
                with self._lock:
                    self._rows[:0] = rows
                raise

    def close(self) -> None:
        """Write the rest and end the thread."""
        if self._thread is None:
            return
        self._closed = True
        self._wake.set()
        self._thread.join()
        self._thread = None
        self.flush()

    def _store(self, folder: Path, rows: list[dict[str, Any]]) -> Path:
        """Write rows; called by one thread at a time."""
        raise NotImplementedError

    def _loop(self) -> None:
        while not self._closed:
            self._wake.wait(self._every)
            self._wake.clear()
            try:
                self.flush()
            except (OSError, ArtifactError) as error:
                # The service answers on; the rows wait, and the operator reads why.
                logger.error("log %s cannot be written: %s", self.folder, error)  # noqa: TRY400
            if self.dropped:
                logger.error("log %s dropped %d rows it could not write", self.folder, self.dropped)
                self.dropped = 0


def dated(row: dict[str, Any]) -> dict[str, Any]:
    """A copy of a row, its time as ISO 8601 in UTC; a request leaves it in seconds since 1970."""
    said = dict(row)
    if isinstance(said.get("time"), float):
        said["time"] = datetime.fromtimestamp(said["time"], UTC).isoformat(timespec="milliseconds")
    return said
