"""Dagster's own databases of a workspace, made by one process before several use them.

Two processes that open a fresh instance at the same moment, as a daemon and a UI do that a supervisor starts
together, may each write another revision into a database, and from then on no process opens it ("Version
table 'alembic_version' has more than one head present"). So they are made here, one process at a time.
"""

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import yaml

__all__ = ["make_records"]

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def make_records(home: Path) -> None:
    """Make the databases that are not there; a database that two processes have marked is mended.

    Nothing is done where `dagster.yaml` names a storage, PostgreSQL say: the operator has made that.

    Args:
        home: Dagster's, with its `dagster.yaml`; the environment's `DAGSTER_HOME`.
    """
    if "storage" in (yaml.safe_load((home / "dagster.yaml").read_text()) or {}) or _all_marked(home):
        return
    with (home / "making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in DATABASES:
            _mend(home / name)
        if _all_marked(home):
            return
        import dagster as dg

        dg.DagsterInstance.from_config(str(home)).dispose()


def _all_marked(home: Path) -> bool:
    return all(len(_revisions(home / name)) == 1 for name in DATABASES)


def _revisions(database: Path) -> list[str]:
    """What Dagster has marked a database with; nothing where there is none yet."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as connection:
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        return (
            [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]
            if there
            else []
        )


def _mend(database: Path) -> None:
    """Take away what the second of two processes wrote: it found the first one's tables and no mark yet.

    The tables are those of the newest revision, which the first one's mark says.
    """
    if len(_revisions(database)) < 2:
        return
    from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION as TAKEN_FOR_OLD

    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM alembic_version WHERE version_num = ?", (TAKEN_FOR_OLD,))
