"""The access log: one JSON line a request, whatever became of it.

    time        ISO 8601, UTC: when the answer was complete
    request     request id, as X-Request-Id of the answer says it
    method      HTTP method
    route       the route, never the path itself: /media/*, not what was asked for
    status      HTTP status; 0 where the client went away before an answer
    seconds     from the head of the request to the end of the answer
    bytes_in, bytes_out   of the bodies
    release     release that answered; "" where none did
    key         id of the API key; "" without
    client      keyed hash of the address; the secret is drawn anew with every start, so it tells
                one client from another for as long as the process lives, and names nobody

Lines are appended to `access/access-<UTC date>-<pid>-<n>.jsonl` in the folder of the request log,
every few seconds; the oldest files are deleted when all of them pass the size that is kept.
"""

import hashlib
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bentos.telemetry.buffered_log import BufferedLog, dated

__all__ = ["AccessLog"]

logger = logging.getLogger("shelfspace.access_log")

FILES_KEPT = 10
"""Files the kept size is divided into: what is deleted at once is a tenth of it."""


class AccessLog(BufferedLog):
    """The buffer of access rows, appending to files of bounded size.

    Args:
        folder: the folder of the request log; None switches the log off.
        every_seconds: time between writes.
        keep_bytes: size of all files together.
    """

    def __init__(self, folder: Path | None, every_seconds: float = 5, keep_bytes: int = 100_000_000) -> None:
        self._keep_bytes = keep_bytes
        self._secret = secrets.token_bytes(16)
        self._file: Path | None = None
        self._number = 0
        self._clients: dict[str, str] = {}
        super().__init__(folder / "access" if folder else None, every_seconds)

    def client(self, address: str) -> str:
        """The keyed hash of an address; BLAKE2b, 64 bits."""
        known = self._clients.get(address)
        if known is None:
            if len(self._clients) > 10_000:
                self._clients.clear()
            name = address.encode("utf-8", "replace")
            known = hashlib.blake2b(name, key=self._secret, digest_size=8).hexdigest()
            self._clients[address] = known
        return known

    def _store(self, folder: Path, rows: list[dict[str, Any]]) -> Path:
        day = datetime.now(UTC).date().isoformat()
        path = self._file
        full = path is None or not path.exists() or path.stat().st_size >= self._keep_bytes // FILES_KEPT
        if full or day not in path.name:  # type: ignore[union-attr]
            path = self._file = self._next_path(folder, day)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._prune(path)
        assert path is not None  # noqa: S101 - for the type checker
        self._file = None  # a write that fails may leave half a line; the next one begins a new file
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(handle, "ab") as stream:
            stream.write(b"".join(self._line(row) for row in rows))
        self._file = path
        return path

    def _line(self, row: dict[str, Any]) -> bytes:
        """A row as it is written; its address, which a request leaves in memory, as the hash of it."""
        said = {**dated(row), "client": self.client(row["client"])}
        return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)

    def _next_path(self, folder: Path, day: str) -> Path:
        while True:  # a process id may come back after a restart
            path = folder / f"access-{day}-{os.getpid()}-{self._number}.jsonl"
            self._number += 1
            if not path.exists():
                return path

    def _prune(self, current: Path) -> None:
        """Delete the oldest files beyond the size that is kept, with room for the one that begins."""
        files = [(path.stat().st_mtime_ns, path) for path in current.parent.glob("access-*.jsonl")]
        size = self._keep_bytes // FILES_KEPT
        for _, path in sorted(files, reverse=True):
            size += path.stat().st_size
            if size > self._keep_bytes:
                path.unlink(missing_ok=True)
