"""What a service keeps of answers on the side: `shadow/` beside its request log.

    requests.log   a `DurableLog`, one row an item: when, what kind of question, both releases, both answers
    status.json    what answers on the side now, how many requests it had, why it was switched off
    side/          scratch of the process on the side, gone with it

All of it may be deleted at any time; the service goes on with new files.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shelfspace.durable_log import DurableLog, delete_log
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.workspace import REQUEST_LOG

__all__ = ["FOLDER", "PAGE", "Status", "forget_answers", "read_rows", "read_status", "write_status"]

FOLDER = "shadow"
PAGE = "shadow.html"
"""In the workspace: what the other release would change."""


@dataclass(frozen=True)
class Status:
    """How answering on the side goes.

    Attributes:
        release, share, since: what answers, as `Order` has it; "" where nothing does.
        state: off, loading, answering, or failed: switched off after failures.
        problem: the last failure, as a sentence; "" without one.
        megabytes: the most memory that its process has held.
        counts: sampled, answered, dropped (did not fit the queue), too large, refused, failed.
        at: when this was said, ISO 8601 in UTC.
    """

    release: str
    share: float
    since: str
    state: str
    problem: str = ""
    megabytes: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    at: str = ""


def write_status(folder: Path, status: Status) -> None:
    """Say it in the folder."""
    write_sealed_json(folder / "status.json", asdict(status))


def read_status(live: Path) -> Status | None:
    """What was said last; None where nothing ever was.

    Args:
        live: folder of the request log.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = live / FOLDER / "status.json"
    if not path.exists():
        return None
    return read_artifact(path, "answers on the side", lambda stored: Status(**stored))


def read_rows(live: Path) -> list[dict[str, Any]]:
    """All rows that are kept, the oldest first.

    Raises:
        ArtifactError: the log is damaged.
    """
    path = live / FOLDER / REQUEST_LOG
    if not path.exists():
        return []
    with closing(DurableLog(path)) as log:
        return [dict(entry.record) for entry in log.read()[0]]


def forget_answers(root: Path, live: Path) -> int:
    """Delete what is kept of all answers, with the page; a running service goes on with a new log.

    Returns:
        rows that are gone.

    Raises:
        ArtifactError: the log is damaged.
    """
    rows = len(read_rows(live))
    delete_log(live / FOLDER / REQUEST_LOG)
    (root / PAGE).unlink(missing_ok=True)
    return rows
