"""Releases: immutable folders, the pointer that says which one is live, and its history."""

from releases.pointer import current, current_id, history, previous, promote, prune, rollback
from releases.release import VOLATILE, Release, list_releases, write_release

__all__ = [
    "VOLATILE",
    "Release",
    "current",
    "current_id",
    "history",
    "list_releases",
    "previous",
    "promote",
    "prune",
    "rollback",
    "write_release",
]
