"""What of a workspace's deliveries waits for a person: held, refused and not mended yet, put where nothing is
read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from catalog.deliveries.ledger import Ledger, State, read_ledger
from catalog.deliveries.settle import FOLDER, folders_in
from shelfspace.workspace import Workspace

__all__ = ["attention"]

REMEMBERED = timedelta(days=7)
"""A refused file is told of for so long; a mended one may come under any name."""


def attention(workspace: Workspace, now: datetime | None = None) -> list[str]:
    """A sentence for each delivery that somebody has to do something about.

    Args:
        now: present time, with a zone.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    ledger = read_ledger(workspace.state)
    held = [
        f"{entry.name} is held: {entry.reason}; if that is meant: "
        f"{workspace.command('approve', DELIVERY=entry.arrival)}"
        for entry in ledger.unfinished(State.HELD)
        if entry.waits
    ]
    unread = [f"{name}: {FOLDER}" for name in folders_in(workspace.inbox)]
    return [*held, *_refused(ledger, now or datetime.now(UTC)), *unread]


def _refused(ledger: Ledger, now: datetime) -> Iterator[str]:
    """Those refused of late, unless a later file of the same name went through."""
    for entry in ledger.unfinished(State.REFUSED):
        mended = any(
            later.name == entry.name and later.state is not State.REFUSED and later.arrival > entry.arrival
            for later in ledger.entries.values()
        )
        if not mended and now - datetime.fromisoformat(entry.changed) < REMEMBERED:
            yield f"{entry.name} is refused and lies in inbox/{entry.archive}: {entry.reason}"
