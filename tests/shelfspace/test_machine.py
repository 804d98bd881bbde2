"""Faults of the machine are told as sentences with a remedy, however deep they lie; bugs are not."""

import errno
import sqlite3

import pytest
import sqlalchemy as sa

from shelfspace.machine import machine_fault


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some room"),
        (OSError(errno.EROFS, "Read-only file system"), "make it writable"),
        (sqlite3.OperationalError("database or disk is full"), "free some room"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "make it writable"),
        (sqlite3.OperationalError("unable to open database file"), "make it writable"),
        (sqlite3.OperationalError("disk I/O error"), "the disk refuses"),
    ],
)
def test_the_machine_s_fault_is_a_sentence_also_beneath_another_error(error: Exception, remedy: str) -> None:
    wrapped = sa.exc.OperationalError("INSERT INTO runs", {}, error)
    wrapped.__cause__ = error
    for raised in (error, wrapped):
        said = machine_fault(raised)
        assert said is not None
        assert remedy in said
        assert "run the same again" in said


@pytest.mark.parametrize(
    "error",
    [
        KeyError("disk I/O error"),
        OSError(errno.ENOENT, "No such file"),
        sqlite3.OperationalError("no such table: runs"),
    ],
)
def test_a_bug_keeps_its_traceback(error: Exception) -> None:
    assert machine_fault(error) is None
