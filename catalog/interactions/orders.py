"""Order ids that an earlier version's service kept as they came become keyed hashes."""

from pathlib import Path

from catalog.interactions.table import COLUMNS, INTERACTIONS, checksum, connected, damage, writing
from catalog.snapshot.user_key import ORDER, order_pseudonym
from shelfspace.database import plainly

__all__ = ["hash_orders"]

AT_ONCE = 20_000
"""Rows that one write changes at most, so that the service waits for none of them long."""
SELECT = (
    f"SELECT number, {', '.join(COLUMNS)}, checksum FROM interactions "  # noqa: S608 - names of the table
    "WHERE number > ? AND order_id != '' ORDER BY number LIMIT ?"
)


def hash_orders(live: Path, key: bytes) -> int:
    """Replace order ids that are not hashed yet; how many rows had one. The service may write meanwhile.

    A row that decayed on the disk is left to be told of.

    Raises:
        ArtifactError: the table is damaged.
    """
    path = live / INTERACTIONS
    if not path.exists():
        return 0
    place, last, changed = COLUMNS.index("order_id"), 0, 0
    with plainly(path, damage(path)):
        database = connected(path)
        try:
            database.text_factory = lambda data: data.decode(errors="replace")
            # What is overwritten is not left in free pages.
            database.execute("PRAGMA secure_delete = ON")
            while rows := database.execute(SELECT, (last, AT_ONCE)).fetchall():
                last = rows[-1][0]
                fresh = []
                for number, *row, wanted in rows:
                    if not ORDER.fullmatch(row[place]) and checksum(row) == wanted:
                        row[place] = order_pseudonym(row[place], key)
                        fresh.append((row[place], checksum(row), number))
                with writing(database):
                    database.executemany(
                        "UPDATE interactions SET order_id = ?, checksum = ? WHERE number = ?", fresh
                    )
                changed += len(fresh)
        finally:
            database.close()
    return changed
