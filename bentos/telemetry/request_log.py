"""The request log: what the service saw, as the monitoring stage reads it.

Rows gather in memory and are appended every few seconds to `requests.log`, a `DurableLog` that all
processes on one workspace write and that is read at the same time. One row per request item:

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
    hits            how many hits were answered; only where the endpoint answers hits
    vector          the item's embedding, as float32 beside the row; none for a refused request
    text            the query text; only when `service.log_query_text` is on
    error           field that was refused; only for status >= 400
"""

from pathlib import Path
from typing import Any

import numpy as np

from bentos.telemetry.buffered_log import BufferedLog, dated
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.workspace import REQUEST_LOG

__all__ = ["RequestLog"]

DELETED_AT_ONCE = 20_000
"""Rows that one write deletes at most: a log that is far too long shrinks write by write."""


class RequestLog(BufferedLog):
    """The buffer of request rows; see the module for what they hold.

    Args:
        folder: where the log lies; None switches it off.
        every_seconds, named: as `BufferedLog` has them.
        kept: rows that the log keeps; the oldest beyond are deleted and their room is used again.
    """

    def __init__(
        self, folder: Path | None, every_seconds: float = 5, *, kept: int = 500_000, **named: int
    ) -> None:
        self._log: DurableLog | None = None
        self._kept = kept
        self._oldest = 1
        super().__init__(folder, every_seconds, **named)

    def close(self) -> None:
        """Write the rest, end the thread and let go of the file."""
        super().close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _store(self, folder: Path, rows: list[dict[str, Any]]) -> Path:
        path = folder / REQUEST_LOG
        if self._log is None or not path.exists():  # somebody may have cleared the folder
            self._log, self._oldest = DurableLog(path), 1
        with self._log.writing():
            last = self._log.append(map(entry_of, rows))
            beyond = min(last - self._kept + 1, self._oldest + DELETED_AT_ONCE)
            if beyond > self._oldest:
                self._log.delete(range(self._oldest, beyond))
                self._oldest = beyond
        return path


def entry_of(row: dict[str, Any]) -> LogEntry:
    """A row as it is written, its vector beside it."""
    said = dated(row)
    vector = said.pop("vector", None)
    return LogEntry(said, None if vector is None else np.asarray(vector, np.float32))
