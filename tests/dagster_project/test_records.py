"""Dagster's databases: made once, by whoever comes first, and mended where two marked one."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION as TAKEN_FOR_OLD

from dagster_project.records import DATABASES, make_records
from shelfspace.errors import ArtifactError, InputError
from tests.conftest import PROJECT


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path


def marks(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def opens(home: Path) -> bool:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return instance.get_runs_count() == 0


def test_four_processes_that_begin_at_once_leave_databases_that_open(home: Path) -> None:
    code = "import pathlib, sys, dagster_project.records as it; it.make_records(pathlib.Path(sys.argv[1]))"
    begun = [subprocess.Popen([sys.executable, "-c", code, str(home)], cwd=PROJECT) for _ in range(4)]
    assert [process.wait(120) for process in begun] == [0, 0, 0, 0]
    assert [len(marks(home / name)) for name in DATABASES] == [1, 1, 1]
    assert opens(home)


def test_a_database_that_two_processes_have_marked_opens_again(home: Path) -> None:
    make_records(home)
    (head,) = marks(home / DATABASES[2])
    with closing(sqlite3.connect(home / DATABASES[2])) as connection, connection:
        connection.execute("INSERT INTO alembic_version VALUES (?)", (TAKEN_FOR_OLD,))
    with pytest.raises(Exception, match="more than one head"):
        opens(home)
    make_records(home)
    assert marks(home / DATABASES[2]) == [head]
    assert opens(home)


@pytest.mark.parametrize("name", ["storage", "run_storage"])
def test_a_storage_that_the_operator_names_is_left_to_him(home: Path, name: str) -> None:
    (home / "dagster.yaml").write_text(f"{name}:\n  postgres:\n    postgres_url: postgresql://nowhere\n")
    make_records(home)
    assert sorted(path.name for path in home.iterdir()) == ["dagster.yaml"]


@pytest.mark.parametrize("text", ["storage: [", "- a list"])
def test_settings_that_are_none_are_named_with_what_to_do(home: Path, text: str) -> None:
    (home / "dagster.yaml").write_text(text)
    with pytest.raises(InputError, match=r"dagster\.yaml = .* give a .*, or delete it"):
        make_records(home)


def test_a_damaged_database_is_named_with_what_to_do(home: Path) -> None:
    make_records(home)
    (home / DATABASES[0]).write_bytes(b"no database at all" * 100)
    with pytest.raises(
        ArtifactError, match=r"runs\.db is damaged .*; put it back from a backup, or delete it"
    ):
        make_records(home)
