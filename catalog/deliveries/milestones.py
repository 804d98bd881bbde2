"""How far deliveries have come: into the clean tables, into a release; and a person's approval."""

from collections.abc import Collection

from catalog.deliveries.ledger import Entry, State, editing, read_ledger
from catalog.deliveries.table import write_page
from shelfspace.errors import CatalogError
from shelfspace.workspace import Workspace

__all__ = ["approve", "approve_held", "mark_cleaned", "mark_released", "repeats"]

WITHOUT_RELEASE = ("events", "stock")
"""Kinds that are done when the clean table has them."""


def mark_cleaned(workspace: Workspace, snapshot: str) -> int:
    """Note that the clean tables are made of this snapshot; returns how many deliveries are done by it.

    Args:
        snapshot: DVC's hash.
    """
    with editing(workspace.state) as ledger:
        ledger.cleaned = snapshot
        done = [
            e for e in ledger.unfinished(State.TAKEN) if e.kind in WITHOUT_RELEASE and ledger.has(snapshot, e)
        ]
        for entry in done:
            ledger.change(entry.arrival, state=State.DONE)
    write_page(workspace)
    return len(done)


def mark_released(workspace: Workspace, release: str) -> int:
    """Note that a release is made of the clean tables; returns how many deliveries came with it."""
    with editing(workspace.state) as ledger:
        done = [e for e in ledger.unfinished(State.TAKEN) if ledger.has(ledger.cleaned, e)]
        for entry in done:
            ledger.change(entry.arrival, state=State.DONE, release=release)
    write_page(workspace)
    return len(done)


def approve_held(workspace: Workspace, arrivals: Collection[int]) -> None:
    """Let those of some deliveries through that are held."""
    with editing(workspace.state) as ledger:
        for entry in ledger.unfinished(State.HELD):
            if entry.arrival in arrivals:
                ledger.change(entry.arrival, approved=True)
    write_page(workspace)


def approve(workspace: Workspace, delivery: str) -> Entry:
    """Let a held delivery through the guards, once: by its arrival number or its name.

    Raises:
        CatalogError: nothing of that name is held.
    """
    with editing(workspace.state) as ledger:
        held = [e for e in ledger.unfinished(State.HELD) if delivery in (str(e.arrival), e.name)]
        if not held:
            there = ", ".join(f"{e.arrival} ({e.name})" for e in ledger.unfinished(State.HELD))
            remedy = f"name one of those that are held: {there}" if there else "nothing is held"
            raise CatalogError("delivery", delivery, remedy)
        entry = ledger.change(held[-1].arrival, approved=True)
    write_page(workspace)
    return entry


def repeats(workspace: Workspace, entry: Entry) -> str:
    """Which deliveries came before an approved one, were taken like it, and stay held; "" where none.

    A row that said again what one of them says was never written, and counts with that one alone.
    """
    if not entry.withdrawn:
        return ""
    held = [e for e in read_ledger(workspace.state).unfinished(State.HELD) if e.withdrawn and e.waits]
    before = [str(e.arrival) for e in held if e.kind == entry.kind and e.arrival < entry.arrival]
    return ", ".join(before)
