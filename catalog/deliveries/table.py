"""The deliveries of a workspace as a table: for the terminal, for the Dagster UI, and as a page."""

from collections.abc import Iterable

from tabulate import tabulate

from catalog.deliveries.ledger import Entry, Ledger, State, alone, read_ledger
from catalog.deliveries.settle import FOLDER, Found, files_in, folders_in
from shelfspace.page import table
from shelfspace.page import write_page as write
from shelfspace.workspace import Workspace

__all__ = ["PAGE", "delivery_rows", "delivery_table", "write_page"]

PAGE = "deliveries.html"
UNNAMED = "no row names it, or it is held"
ALONE = 5
"""Media files of one state that have a row each; more of them share one."""
NEWEST = 200
"""Rows of the page."""


def delivery_rows(workspace: Workspace, quiet_seconds: float) -> list[dict[str, str]]:
    """One row a delivery, the newest first: number, arrived, name, kind, rows, state, said.

    Files that no run has looked at yet come before those that have a number.

    Args:
        quiet_seconds: `collection.quiet_seconds`.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    ledger = read_ledger(workspace.state)
    fresh = [*_unread(workspace, ledger, quiet_seconds)]
    return [*fresh, *(_row(entry, workspace) for entry in reversed(ledger.entries.values()))]


def _unread(workspace: Workspace, ledger: Ledger, quiet_seconds: float) -> Iterable[dict[str, str]]:
    known = {(e.name, e.seen) for e in ledger.unfinished(State.WAITING, State.HELD)}
    for file in files_in(workspace.inbox):
        if (file.name, file.seen) not in known:
            yield _unnumbered(file.name, "", *_how(file, quiet_seconds))
    media: dict[tuple[State, str], list[str]] = {}
    for file in files_in(workspace.inbox / "media", deep=True):
        if (f"media/{file.name}", file.seen) not in known:
            how = _how(file, quiet_seconds)
            if how[0] is State.WAITING and ledger.unnamed.get(file.name) == file.seen:
                how = State.WAITING, UNNAMED
            media.setdefault(how, []).append(f"media/{file.name}")
    for (state, said), names in media.items():
        if len(names) <= ALONE:
            yield from (_unnumbered(name, "media", state, said) for name in names)
        else:
            # A photographer's day is thousands of files: they would hide what waits for a person.
            few = f"{', '.join(names[:ALONE])} and {len(names) - ALONE:,} more"
            told = f"{said}: {few}" if said else few
            yield _unnumbered(f"{len(names):,} media files", "media", state, told)
    for name in folders_in(workspace.inbox):
        yield _unnumbered(name, "", State.WAITING, FOLDER)


def _how(file: Found, quiet_seconds: float) -> tuple[State, str]:
    """State of a file that no run has looked at, and why it is not read yet."""
    if file.settled(quiet_seconds):
        return State.WAITING, ""
    return State.ARRIVING, "still being written" if file.written else "changed a moment ago"


def _unnumbered(name: str, kind: str, state: State, said: str) -> dict[str, str]:
    facts = {"no.": "", "arrived": "", "name": name, "kind": kind, "rows": ""}
    return {**facts, "state": str(state), "said": said}


def _row(entry: Entry, workspace: Workspace) -> dict[str, str]:
    said = entry.reason
    if entry.state is State.HELD:
        said += "; approved, the next run takes it" if entry.approved else ""
        said += (
            ""
            if entry.approved
            else f"; if that is meant: {workspace.command('approve', DELIVERY=entry.arrival)}"
        )
    return {
        "no.": str(entry.arrival),
        "arrived": entry.arrived.replace("T", " ").removesuffix("+00:00"),
        "name": entry.name,
        "kind": entry.kind,
        "rows": str(entry.rows or ""),
        "state": entry.shown,
        "said": said,
    }


def delivery_table(rows: list[dict[str, str]]) -> str:
    """The rows for people."""
    columns = [None, None, 40, None, None, 24, 60]
    return tabulate(rows, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=columns)


def write_page(workspace: Workspace) -> None:
    """Write the page of a workspace's deliveries."""
    with alone(workspace.state):
        ledger = read_ledger(workspace.state)
        newest = list(ledger.entries.values())[: -NEWEST - 1 : -1]
        rows = [_row(entry, workspace) for entry in newest]
        told = f"The newest {len(rows)} of {ledger.last}." if rows else "Nothing has been delivered yet."
        write(workspace.root / PAGE, f"Deliveries of {workspace.name}", told, table(rows))
