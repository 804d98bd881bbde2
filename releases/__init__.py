"""The registry: champion, gate, immutable releases, the pointer that says which one is live."""

from releases.pointer import current, current_id, history, previous, promote, prune, rollback
from releases.release import Release, list_releases
from releases.write import VOLATILE, write_release

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
