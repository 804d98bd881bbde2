"""Writes what shoppers did into a durable table: each event once, on the disk before the answer.

The table lies at `live/interactions.db`; events that were refused stand beside the others, with the reason.

Two events are one where their `event_id` is the same and both came with a key, or both without: nobody
without a key can take an identifier that the shop's own server is about to use.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from catalog.interactions.table import (
    COLUMNS,
    Interaction,
    RefusedEvent,
    checksum,
    connected,
    damage,
    row_of,
    writing,
)
from shelfspace.database import plainly

__all__ = ["InteractionLog"]

REFUSED_KEPT = 10_000
"""Refused events that are told of; whoever floods the service with them does not fill the disk."""
REFUSED_AT_ONCE = 100
"""Refused events of one write that are told of."""
TIDY_SECONDS = 300.0
DELETED_AT_ONCE = 20_000
"""Rows that one write deletes at most, so that none takes long."""
DAY = 86_400
INSERT = (
    f"INSERT OR IGNORE INTO interactions ({', '.join(COLUMNS)}, checksum) "  # noqa: S608 - the names above
    f"VALUES ({', '.join('?' * len(COLUMNS))}, ?)"
)


class InteractionLog:
    """The table, open for writing; used from one thread.

    Args:
        path: the file; made, with its folder, where it is absent.
        days: an event is deleted that many days after it happened.
        rows: events without a key that are kept at most; the oldest beyond are deleted.

    Raises:
        ArtifactError: the file is no such table, or damaged.
        OSError: the disk or the folder refuses. So of every method.
    """

    def __init__(self, path: Path, days: float = 400, rows: int = 2_000_000) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._days, self._rows = days, rows
        self._tidied = 0.0
        self._open = 0
        self._database = connected(path)
        with plainly(path, damage(path)):
            self._inode = path.stat().st_ino

    @property
    def there(self) -> bool:
        """Whether the file is still the one that was opened: somebody may have cleared the folder."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def add(self, events: Sequence[Interaction], refused: Sequence[RefusedEvent] = ()) -> list[bool]:
        """Write events and refusals as one write; whether each event is new, durable when this returns."""
        now = time.time()
        with plainly(self.path, damage(self.path)), writing(self._database):
            new = [
                self._database.execute(INSERT, (*row, checksum(row))).rowcount > 0
                for row in map(row_of, events)
            ]
            if refused:
                self._database.executemany(
                    "INSERT INTO refused (received, event_id, kind, field, value, reason) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    ((now, *one) for one in refused[:REFUSED_AT_ONCE]),
                )
                self._database.execute(
                    "DELETE FROM refused WHERE number <= (SELECT max(number) FROM refused) - ?",
                    (REFUSED_KEPT,),
                )
            self._open += sum(fresh and not event.keyed for fresh, event in zip(new, events, strict=True))
            if now - self._tidied > TIDY_SECONDS:
                self._tidy(now)
            excess = min(self._open - self._rows, DELETED_AT_ONCE)
            if excess > 0:
                self._delete("keyed = 0", (), excess)
                self._open -= excess
        return new

    def _tidy(self, now: float) -> None:
        self._tidied = now
        for keyed in (0, 1):
            self._delete("keyed = ? AND time < ?", (keyed, now - self._days * DAY), DELETED_AT_ONCE)
        self._database.execute("DELETE FROM refused WHERE received < ?", (now - self._days * DAY,))
        # Other processes write as well: what this one counts is put right.
        count = "SELECT count(*) FROM interactions WHERE keyed = 0"
        (self._open,) = self._database.execute(count).fetchone()

    def _delete(self, where: str, given: tuple[float, ...], most: int) -> None:
        self._database.execute(
            "DELETE FROM interactions WHERE number IN "  # noqa: S608 - conditions of this module
            f"(SELECT number FROM interactions WHERE {where} ORDER BY time LIMIT ?)",
            (*given, most),
        )

    def close(self) -> None:
        """Let go of the file; nothing is lost."""
        self._database.close()
