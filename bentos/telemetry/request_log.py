"""The request log: what the service saw, as the monitoring stage reads it.

Rows gather in memory and are written every few seconds as one new file
`requests-<UTC date>-<pid>-<n>.jsonl`, by a rename, so a reader never sees half a file. A killed
process loses the rows since the last write; SIGTERM loses none. One row per request item:

    time            ISO 8601, UTC
    endpoint        embed, classify, search or similar
    release         release that answered; "" when the request was refused
    status          HTTP status
    items           items in the request
    seconds         from the first byte of the body to the answer
    text_length     characters of title, brand, attributes and description together
    language        en, zh or ""
    has_text, has_photo, has_sound
    price           float or null
    top_label       most probable category of the item; for similar, the category of the best hit
    top_score       its probability; for similar, the cosine similarity
    vector          the item's embedding, rounded to 4 digits; null for a refused request
    text            the query text; only when `service.log_query_text` is on
    error           field that was refused; only for status >= 400
"""

import logging
import os
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shelfspace.files import write_bytes

__all__ = ["RequestLog"]

logger = logging.getLogger("shelfspace.request_log")


LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY


def line_of(row: dict[str, Any]) -> bytes:
    """A row as it is written.

    What takes time waits for this: a request leaves its time in seconds since 1970, and its vector as the
    encoder gave it.
    """
    said = dict(row)
    if isinstance(said.get("time"), float):
        said["time"] = datetime.fromtimestamp(said["time"], UTC).isoformat(timespec="milliseconds")
    if isinstance(said.get("vector"), np.ndarray):
        said["vector"] = np.round(said["vector"].astype(np.float64), 4)
    return orjson.dumps(said, option=LINE)


class RequestLog:
    """A buffer of rows and the thread that writes them; see `line_of` for what rows may hold.

    Args:
        folder: where the files go; None switches the log off.
        every_seconds: time between writes.
        max_rows: rows that are written at once without waiting for the time.
        keep_rows: rows held at most while the folder cannot be written; older ones are
            dropped then, counted, and the count is logged.
        prefix: what the names of the files begin with.
    """

    def __init__(
        self,
        folder: Path | None,
        every_seconds: float = 5,
        max_rows: int = 5000,
        keep_rows: int = 50_000,
        prefix: str = "requests",
    ) -> None:
        self.folder = folder
        self.prefix = prefix
        self.dropped = 0
        self.lost = 0
        self._every = every_seconds
        self._max_rows = max_rows
        self._keep_rows = keep_rows
        self._rows: list[dict] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._number = 0
        self._thread: threading.Thread | None = None
        if folder is not None:
            self._thread = threading.Thread(target=self._loop, name=f"{prefix}-log", daemon=True)
            self._thread.start()

    @property
    def on(self) -> bool:
        """Whether rows are kept at all."""
        return self.folder is not None

    def add(self, rows: Iterable[dict]) -> None:
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
        """Write what is there as one file; None when there is nothing.

        Raises:
            OSError: the folder cannot be written; the rows are kept for the next try.
        """
        if self.folder is None:
            return None
        with self._writing:
            with self._lock:
                rows, self._rows = self._rows, []
            if not rows:
                return None
            try:
                body = b"".join(map(line_of, rows))
                return self._store(body)
            except OSError:
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

    def _store(self, body: bytes) -> Path:
        return write_bytes(self._next_path(), body)

    def _next_path(self) -> Path:
        assert self.folder is not None  # noqa: S101 - for the type checker
        day = datetime.now(UTC).date().isoformat()
        while True:  # a process id may come back after a restart
            path = self.folder / f"{self.prefix}-{day}-{os.getpid()}-{self._number}.jsonl"
            self._number += 1
            if not path.exists():
                return path

    def _loop(self) -> None:
        while not self._closed:
            self._wake.wait(self._every)
            self._wake.clear()
            try:
                self.flush()
            except OSError as error:
                # The service answers on; the rows wait, and the operator reads why.
                logger.error("log %s cannot be written: %s", self.folder, error)  # noqa: TRY400
            if self.dropped:
                logger.error("log %s dropped %d rows it could not write", self.folder, self.dropped)
                self.dropped = 0
