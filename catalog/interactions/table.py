"""The table of shopper events: what a row is, how it lies in SQLite, and how the database is opened.

In write-ahead mode, flushed at every write, as `shelfspace.durable_log` is: a process killed at any moment
leaves every write whole or absent, and several processes may use one table. SQLite checks no content: each
event carries a checksum.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import xxhash

from shelfspace.database import plainly
from shelfspace.errors import ArtifactError
from shelfspace.formats import check_format

__all__ = [
    "COLUMNS", "INTERACTIONS", "Interaction", "RefusedEvent", "checksum", "connected", "damage", "row_of",
    "writing",
]  # fmt: skip

INTERACTIONS = "interactions.db"
"""The file in the workspace's live folder."""
FORMAT = 2
WAIT_SECONDS = 10
"""How long a writer waits for another process, below `service.answer_seconds`."""


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


def row_of(event: Interaction) -> tuple[str | float | None, ...]:
    """An event as it is read back."""
    price = None if event.unit_price is None else float(event.unit_price)
    return (*event._replace(time=float(event.time), unit_price=price)[:-1], int(event.keyed))


def checksum(row: Sequence[object]) -> int:
    """63 bits of xxh3 over an event."""
    return xxhash.xxh3_64_intdigest(orjson.dumps(list(row))) >> 1


def connected(path: Path) -> sqlite3.Connection:
    """The open database, its tables made where they are absent."""
    with plainly(path, damage(path)):
        database = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            remedy = "restore it, or delete it and lose its events"
            check_format(f"the events at {path}", version or FORMAT, FORMAT, remedy)
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA secure_delete=ON")
            if version == 0:
                with writing(database):
                    for table in TABLES:
                        database.execute(table)
                    database.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            database.close()
            raise
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
