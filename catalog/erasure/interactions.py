"""Erased products and shoppers taken out of the table of shopper events, while the service writes it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from catalog.erasure.tombstones import Tombstones
from catalog.interactions.table import COLUMNS, INTERACTIONS, checksum, connected, damage, writing
from shelfspace.database import plainly

__all__ = ["blot_interactions", "erase_interactions"]


def erase_interactions(live: Path, stones: Tombstones) -> int:
    """Delete events of erased products, and all visits of erased shoppers; how many rows.

    Of a visit in which a shopper was known once, the other events are of the same person.

    Raises:
        ArtifactError: the table is damaged.
        OSError: the disk refuses, or the table is in use for long.
    """
    path = live / INTERACTIONS
    if not path.exists():
        return 0
    taken = 0
    with _rewritten(path) as database:

        def distinct(table: str, column: str) -> pd.Series:
            rows = database.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()  # noqa: S608 - our own
            return pd.Series([str(row[0] or "") for row in rows], dtype=object)

        products, users = distinct("interactions", "product_id"), distinct("interactions", "user_id")
        told = distinct("refused", "value")
        with writing(database):
            for user in users[stones.erased_shoppers(users)]:
                taken += database.execute(
                    "DELETE FROM interactions WHERE user_id = ? OR session <> '' AND session IN "
                    "(SELECT session FROM interactions WHERE user_id = ?)",
                    (user, user),
                ).rowcount
            for product in products[stones.erased_products(products)]:
                rows = database.execute("DELETE FROM interactions WHERE product_id = ?", (product,))
                taken += rows.rowcount
            for value in told[stones.erased_products(told)]:
                taken += database.execute("DELETE FROM refused WHERE value = ?", (value,)).rowcount
    return taken


def blot_interactions(live: Path, blotted: Callable[[str], str]) -> int:
    """Take words out of the events of others, whose checksums follow; how many said them.

    A row that decayed on the disk is left to be told of.

    Args:
        blotted: gives a text without the words.

    Raises:
        ArtifactError: the table is damaged.
        OSError: the disk refuses, or the table is in use for long.
    """
    path = live / INTERACTIONS
    if not path.exists():
        return 0
    select = f"SELECT number, {', '.join(COLUMNS)}, checksum FROM interactions"  # noqa: S608 - of the table
    update = f"UPDATE OR REPLACE interactions SET {' = ?, '.join(COLUMNS)} = ?, checksum = ? WHERE number = ?"  # noqa: S608
    with _rewritten(path) as database:
        database.text_factory = lambda data: data.decode(errors="replace")
        with writing(database):
            fresh = []
            for number, *row, wanted in database.execute(select).fetchall():
                other = [blotted(cell) if isinstance(cell, str) else cell for cell in row]
                if other != row and checksum(row) == wanted:
                    fresh.append((*other, checksum(other), number))
            database.executemany(update, fresh)
    return len(fresh)


@contextmanager
def _rewritten(path: Path) -> Iterator[sqlite3.Connection]:
    """The table; afterwards no free page and no log beside it keeps what was taken out."""
    with plainly(path, damage(path)), closing(connected(path)) as database:
        yield database
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
