"""Reads the table of shopper events, each event beside its checksum."""

from pathlib import Path

import pandas as pd

from catalog.interactions.table import (
    COLUMNS,
    INTERACTIONS,
    RefusedEvent,
    checksum,
    connected,
    damage,
)
from shelfspace.database import plainly

__all__ = ["check_interactions", "read_interactions", "state_of"]

DAMAGED = "damaged on the disk since it was taken; look at the disk, and restore the table if it matters"
SELECT = f"SELECT {', '.join(COLUMNS)}, checksum FROM interactions ORDER BY number"  # noqa: S608
SELECT_REFUSED = f"SELECT received, {', '.join(RefusedEvent._fields)} FROM refused ORDER BY number"  # noqa: S608


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
