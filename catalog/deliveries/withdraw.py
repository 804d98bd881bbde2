"""Deliveries held after they were taken: a release with them was rolled back, or the data itself was refused.

The ledger alone says it, in one write. Their rows stay in the snapshot's shards, and the next collection
writes a manifest that does not count them; a person's approval makes them count again, at the place where
they came in.
"""

from collections.abc import Collection

from catalog.deliveries.ledger import Entry, Ledger, State, editing, read_ledger
from catalog.deliveries.table import write_page
from shelfspace.workspace import Workspace

__all__ = ["hold_taken", "note_withdrawn", "still_there", "taken_since", "withdrawals"]

TAKEN = (State.TAKEN, State.DONE)
TABLES = ("products", "events", "stock")
"""Kinds whose rows can be left out; photos and sounds are found by the rows that name them."""


def hold_taken(workspace: Workspace, arrivals: Collection[int], reason: str) -> list[Entry]:
    """Hold deliveries that were taken; those that are not, and media, stay as they are.

    Args:
        arrivals: their numbers.
        reason: a sentence for people.

    Returns:
        those that are held by this.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    facts = {"state": State.HELD, "reason": reason, "approved": False, "withdrawn": True, "until": ""}
    with editing(workspace.state) as ledger:
        taken = [entry for entry in ledger.unfinished(*TAKEN) if entry.arrival in arrivals]
        held = [ledger.change(entry.arrival, **facts) for entry in taken if entry.kind in TABLES]
    write_page(workspace)
    return held


def taken_since(workspace: Workspace, snapshot: str) -> list[Entry]:
    """Deliveries of tables that were taken and that a snapshot does not have, in the order they came.

    Args:
        snapshot: DVC's hash; of one that no ledger knows nothing is told.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    ledger = read_ledger(workspace.state)
    if snapshot not in ledger.snapshots:
        return []
    taken = [entry for entry in ledger.unfinished(*TAKEN) if entry.kind in TABLES]
    return [entry for entry in taken if not ledger.has(snapshot, entry)]


def still_there(workspace: Workspace) -> list[Entry]:
    """Held deliveries whose rows the clean tables still have: nothing made of those tables may go live."""
    ledger = read_ledger(workspace.state)
    return [e for e in ledger.unfinished(State.HELD) if e.withdrawn and ledger.has(ledger.cleaned, e)]


def withdrawals(ledger: Ledger) -> tuple[frozenset[int], frozenset[int]]:
    """Arrival numbers of deliveries whose rows do not count from now on, and of those that count again.

    One that is superseded by a mended file stays out.
    """
    entries = [entry for entry in ledger.entries.values() if entry.withdrawn]
    back = frozenset(entry.arrival for entry in entries if entry.state in BACK and entry.approved)
    return frozenset(entry.arrival for entry in entries) - back, back


BACK = (State.HELD, State.WAITING)
"""States of a withdrawn delivery that a person has approved, until a snapshot has it."""


def note_withdrawn(ledger: Ledger, withdrawn: Collection[int], version: str) -> None:
    """Note the first snapshot in which deliveries do not count.

    Args:
        version: DVC's hash of it.
    """
    for entry in list(ledger.entries.values()):
        if entry.arrival in withdrawn and entry.withdrawn and not entry.until:
            ledger.change(entry.arrival, until=version)
