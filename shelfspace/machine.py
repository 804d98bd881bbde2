"""Errors that are the machine's fault and no bug: full disks, read-only folders, missing rights."""

import sqlite3

__all__ = ["machine_fault", "remedy_of"]

MACHINE = {
    "[Errno 28]": "the disk is full; free some room and run the same again",
    "[Errno 122]": "the quota is used up; free some room and run the same again",
    "database or disk is full": "the disk is full; free some room and run the same again",
    "disk I/O error": "the disk refuses; see whether it is full or failing, and run the same again",
    "readonly database": "the file system is read-only; make it writable and run the same again",
    "unable to open database file": "its folder may not be written; make it writable and run the same again",
    "[Errno 30]": "the file system is read-only; make it writable and run the same again",
    "[Errno 13]": "give the user of this process the right to it, and run the same again",
    "[Errno 24]": "too many files are open at once; raise the limit (ulimit -n) and run the same again",
}
"""What is the machine's fault and not a bug, by how Python says it, to what to do."""


def machine_fault(error: BaseException) -> str | None:
    """What is the machine's fault of an error that no run's log can tell of, in a sentence; None of a bug.

    Dagster keeps its records on the same disk: where that is full or cannot be written, no run begins, or
    one ends without a word of its own.
    """
    cause: BaseException | None = error
    while cause is not None:
        remedy = remedy_of(str(cause)) if isinstance(cause, OSError | sqlite3.Error) else None
        if remedy is not None:
            records = "Dagster's records: " if isinstance(cause, sqlite3.Error) else ""
            return f"{records}{cause}: {remedy}"
        cause = cause.__cause__ or cause.__context__
    return None


def remedy_of(said: str) -> str | None:
    """What to do about a fault of the machine; None where the words tell of none."""
    return next((remedy for sign, remedy in MACHINE.items() if sign in said), None)
