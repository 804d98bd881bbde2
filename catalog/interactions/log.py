"""The durable table of what shoppers did: one row an event, each counted once, on the disk before the answer.

A SQLite database in write-ahead mode, flushed at every write, as `shelfspace.durable_log` is: a process
killed at any moment leaves every write whole or absent, and several processes may write one table. It lies
at `live/interactions.db`; events that were refused stand beside the others, with the reason. SQLite checks
no content: each event carries a checksum, and one that is not what was written is refused when it is read.

Two events are one where their `event_id` is the same and both came with a key, or both without: nobody
without a key can take an identifier that the shop's own server is about to use.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pandas as pd
import xxhash

from shelfspace.database import plainly
from shelfspace.errors import ArtifactError

__all__ = [
    "INTERACTIONS",
    "Interaction",
    "InteractionLog",
    "RefusedEvent",
    "check_interactions",
    "read_interactions",
    "state_of",
]

INTERACTIONS = "interactions.db"
"""The file in the workspace's live folder."""
FORMAT = 2
WAIT_SECONDS = 10
"""How long a writer waits for another process, below `service.answer_seconds`."""
REFUSED_KEPT = 10_000
"""Refused events that are told of; whoever floods the service with them does not fill the disk."""
REFUSED_AT_ONCE = 100
"""Refused events of one write that are told of."""
TIDY_SECONDS = 300.0
DELETED_AT_ONCE = 20_000
"""Rows that one write deletes at most, so that none takes long."""
DAY = 86_400
DAMAGED = "damaged on the disk since it was taken; look at the disk, and restore the table if it matters"


class Interaction(NamedTuple):
    """One event.

    Attributes:
        keyed: it came with a key of scope `events`.
        user_id: keyed hash of the shopper's id; "" for nobody known.
        kind: impression, click, cart or purchase.
        position: place among what was shown, from 1; None where it was not told.
        query_id: names the search it was shown for; "" for none.
        query: its words, where they are kept.
        release: that gave what was shown; "" where it was not told.
        time: seconds since 1970.
    """

    event_id: str
    session: str
    user_id: str
    kind: str
    product_id: str
    position: int | None
    query_id: str
    query: str
    release: str
    time: float
    quantity: int = 1
    unit_price: float | None = None
    order_id: str = ""
    keyed: bool = False


class RefusedEvent(NamedTuple):
    """One event that was not taken: which, the field, what stood in it, and why."""

    event_id: str
    kind: str
    field: str
    value: str
    reason: str


COLUMNS = Interaction._fields
TABLES = (
    "CREATE TABLE IF NOT EXISTS interactions (number INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT, "
    "session TEXT, user_id TEXT, kind TEXT, product_id TEXT, position INTEGER, query_id TEXT, query TEXT, "
    "release TEXT, time REAL, quantity INTEGER, unit_price REAL, order_id TEXT, keyed INTEGER, "
    "checksum INTEGER, UNIQUE (keyed, event_id))",
    "CREATE INDEX IF NOT EXISTS by_time ON interactions (keyed, time)",
    "CREATE TABLE IF NOT EXISTS refused (number INTEGER PRIMARY KEY AUTOINCREMENT, received REAL, "
    "event_id TEXT, kind TEXT, field TEXT, value TEXT, reason TEXT)",
)
INSERT = (
    f"INSERT OR IGNORE INTO interactions ({', '.join(COLUMNS)}, checksum) "  # noqa: S608 - the names above
    f"VALUES ({', '.join('?' * len(COLUMNS))}, ?)"
)

SELECT = f"SELECT {', '.join(COLUMNS)}, checksum FROM interactions ORDER BY number"  # noqa: S608
SELECT_REFUSED = f"SELECT received, {', '.join(RefusedEvent._fields)} FROM refused ORDER BY number"  # noqa: S608


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


def read_interactions(live: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events as they were taken, in the order they came, and those that were refused; none without a table.

    Raises:
        ArtifactError: the table is damaged.
        OSError: the disk refuses.
    """
    path = live / INTERACTIONS
    columns = [*COLUMNS], ["received", *RefusedEvent._fields]
    if not path.exists():
        return pd.DataFrame(columns=columns[0]), pd.DataFrame(columns=columns[1])
    with plainly(path, damage(path)):
        database = connected(path)
        try:
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise damage(path)("its pages do not fit together")
            # What decayed need be no text any more; its checksum says so.
            database.text_factory = lambda data: data.decode(errors="replace")
            whole: list[list[object]] = []
            damaged = 0
            for *row, wanted in database.execute(SELECT):
                if checksum(row) == wanted:
                    whole.append(row)
                else:
                    damaged += 1
            refused = database.execute(SELECT_REFUSED).fetchall()
        finally:
            database.close()
    refused += [(0.0, "", "", "event_id", "", DAMAGED)] * damaged
    return pd.DataFrame(whole, columns=columns[0]), pd.DataFrame(refused, columns=columns[1])


def check_interactions(live: Path) -> None:
    """Read every event.

    Raises:
        ArtifactError: the table is damaged, or events in it are.
    """
    bad = int(read_interactions(live)[1]["reason"].eq(DAMAGED).sum())
    if bad:
        raise damage(live / INTERACTIONS)(f"{bad} events are not what was written")


def row_of(event: Interaction) -> tuple[str | float | None, ...]:
    """An event as it is read back."""
    price = None if event.unit_price is None else float(event.unit_price)
    return (*event._replace(time=float(event.time), unit_price=price)[:-1], int(event.keyed))


def checksum(row: Sequence[object]) -> int:
    """63 bits of xxh3 over an event."""
    return xxhash.xxh3_64_intdigest(orjson.dumps(list(row))) >> 1


def state_of(live: Path) -> str:
    """What changes whenever the table does; "" without one.

    Raises:
        ArtifactError, OSError: as of `read_interactions`.
    """
    path = live / INTERACTIONS
    if not path.exists():
        return ""
    with plainly(path, damage(path)):
        database = connected(path)
        try:
            ends = [
                database.execute(f"SELECT count(*), min(number), max(number) FROM {table}").fetchone()  # noqa: S608
                for table in ("interactions", "refused")
            ]
        finally:
            database.close()
    return "; ".join(f"{count} from {first} to {last}" for count, first, last in ends)


def connected(path: Path) -> sqlite3.Connection:
    """The open database, its tables made where they are absent."""
    with plainly(path, damage(path)):
        database = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA journal_mode=WAL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                with writing(database):
                    for table in TABLES:
                        database.execute(table)
                    database.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            database.close()
            raise
    if version not in {0, FORMAT}:
        database.close()
        raise damage(path)(f"its format is {version}, this version reads {FORMAT}")
    return database


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """What is written inside counts as a whole, or not at all."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def damage(path: Path) -> Callable[[str], ArtifactError]:
    """Makes the error of a damaged table."""

    def said(problem: str) -> ArtifactError:
        remedy = "restore it, or delete it and lose its events"
        return ArtifactError(f"the table of shopper events {path} cannot be read ({problem}); {remedy}")

    return said
