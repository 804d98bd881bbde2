"""The registry: champion, gate, immutable releases, the pointer that says which one is live."""

from releases.pins import pin, pinned, unpin
from releases.pointer import current, current_id, history, previous, promote, prune
from releases.promotion import go_live
from releases.release import Release, list_releases
from releases.rollback import roll_back
from releases.waiting import waiting
from releases.write import VOLATILE, write_release

__all__ = [
    "VOLATILE",
    "Release",
    "current",
    "current_id",
    "go_live",
    "history",
    "list_releases",
    "pin",
    "pinned",
    "previous",
    "promote",
    "prune",
    "roll_back",
    "unpin",
    "waiting",
    "write_release",
]
