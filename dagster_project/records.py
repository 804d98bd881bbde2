"""Dagster's own databases of a workspace, made by one process before several use them.

Two processes that open a fresh instance at the same moment, as a daemon and a UI do that a supervisor starts
together, may each write another revision into a database, and from then on no process opens it ("Version
table 'alembic_version' has more than one head present"). So they are made here, one process at a time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import yaml
from filelock import FileLock

from shelfspace.database import plainly
from shelfspace.errors import ArtifactError, InputError

__all__ = ["make_records"]

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
STORAGES = {"storage", "run_storage", "event_log_storage", "schedule_storage"}
"""Keys of `dagster.yaml` by which an operator names a storage."""


def make_records(home: Path) -> None:
    """Make the databases that are not there; a database that two processes have marked is mended.

    Nothing is done where `dagster.yaml` names a storage, PostgreSQL say: the operator has made that.

    Args:
        home: Dagster's, with its `dagster.yaml`; the environment's `DAGSTER_HOME`.

    Raises:
        InputError: `dagster.yaml` is no YAML mapping.
        ArtifactError: a database is damaged.
    """
    if STORAGES & _described(home / "dagster.yaml").keys() or _all_marked(home):
        return
    with FileLock(home / "making.lock"):
        for name in DATABASES:
            _mend(home / name)
        if _all_marked(home):
            return
        import dagster as dg

        dg.DagsterInstance.from_config(str(home)).dispose()


def _described(path: Path) -> dict[str, object]:
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        remedy = f"give a readable YAML file, or delete it: a new one is written ({error})"
        raise InputError("dagster.yaml", str(path), remedy) from error
    if not isinstance(read, dict):
        raise InputError("dagster.yaml", str(path), "give a mapping, or delete it: a new one is written")
    return read


def _all_marked(home: Path) -> bool:
    return all(len(_revisions(home / name)) == 1 for name in DATABASES)


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    def damaged(said: str) -> ArtifactError:
        return ArtifactError(
            f"{database} is damaged ({said}); put it back from a backup, or delete it: Dagster begins a new "
            "one, and what it knew of earlier runs is lost"
        )

    with plainly(database, damaged), closing(sqlite3.connect(database)) as connection, connection:
        yield connection


def _revisions(database: Path) -> list[str]:
    """What Dagster has marked a database with; nothing where there is none yet."""
    if not database.exists():
        return []
    with _opened(database) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
            return []
        return [str(row[0]) for row in connection.execute("SELECT version_num FROM alembic_version")]


def _mend(database: Path) -> None:
    """Take away what the second of two processes wrote: it found the first one's tables and no mark yet.

    The tables are those of the newest revision, which the first one's mark says.
    """
    if len(_revisions(database)) < 2:
        return
    from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION as TAKEN_FOR_OLD

    with _opened(database) as connection:
        connection.execute("DELETE FROM alembic_version WHERE version_num = ?", (TAKEN_FOR_OLD,))
