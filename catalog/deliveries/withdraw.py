"""Deliveries held after they were taken: a release with them was rolled back, or the data itself was refused.

The ledger alone says it, in one write. Their rows stay in the snapshot's shards, and the next collection
writes a manifest that does not count them; a person's approval makes them count again, at the place where
they came in.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from catalog.contract import TABLES
from catalog.deliveries.ledger import Entry, Ledger, State, editing, read_ledger
from catalog.deliveries.table import write_page
from catalog.snapshot.media_index import read_index
from catalog.snapshot.shards import read_manifest
from catalog.snapshot.withdrawals import SourceCut, Withdrawals
from shelfspace.workspace import Workspace

__all__ = [
    "MEDIA", "SOURCE", "TAKEN", "changes_since", "held_of", "held_source", "hold_source", "hold_taken",
    "note_source", "note_withdrawn", "source_changed", "still_there", "taken_since", "taken_with",
    "withdrawals",
]  # fmt: skip

TAKEN = (State.TAKEN, State.DONE)
BACK = (State.HELD, State.WAITING)
"""States of a withdrawn delivery that a person has approved, until a snapshot has it."""
SOURCE = "source"
MEDIA = "media"
KINDS = (*TABLES, MEDIA)
"""Kinds that can be left out."""


def hold_taken(workspace: Workspace, arrivals: Collection[int], reason: str) -> list[Entry]:
    """Hold deliveries that were taken, or were held since and approved; others stay as they are.

    Args:
        arrivals: their numbers.
        reason: a sentence for people.

    Returns:
        those that are held by this.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    facts = {"state": State.HELD, "reason": reason, "approved": False, "withdrawn": True}
    with editing(workspace.state) as ledger:
        taken = [entry for entry in _counting(ledger) if entry.arrival in arrivals]
        held = [
            # Of what was approved and not taken again there may be a snapshot without it.
            ledger.change(entry.arrival, **{**facts, "until": "" if entry.state in TAKEN else entry.until})
            for entry in _left_out(workspace, taken)
        ]
    write_page(workspace)
    return held


def taken_since(workspace: Workspace, snapshot: str, undone: str = "") -> list[Entry]:
    """Deliveries that were taken and that a snapshot does not have, in the order they came.

    Args:
        snapshot: DVC's hash; of one that no ledger knows nothing is told.
        undone: DVC's hash of a later one; those it has that were held since and approved count, too: the next
            run takes them again.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    ledger = read_ledger(workspace.state)
    if snapshot not in ledger.snapshots:
        return []
    since = [entry for entry in _counting(ledger) if not ledger.has(snapshot, entry)]
    return _left_out(workspace, [e for e in since if e.state in TAKEN or ledger.has(undone, e)])


def _counting(ledger: Ledger) -> list[Entry]:
    """Deliveries that count, and those that count again with the next run, in the order they came."""
    entries = ledger.unfinished(*TAKEN, *BACK)
    return [entry for entry in entries if entry.state in TAKEN or (entry.withdrawn and entry.approved)]


def _left_out(workspace: Workspace, taken: Collection[Entry]) -> list[Entry]:
    """Those that the snapshot can do without: not the source, nor media whose former bytes nobody noted."""
    known = {one.brought for several in read_index(workspace.snapshot / "media").values() for one in several}
    return [e for e in taken if e.kind in KINDS and (e.kind != MEDIA or e.digest in known)]


def still_there(workspace: Workspace) -> list[Entry]:
    """Held deliveries whose rows the clean tables still have: nothing made of those tables may go live."""
    ledger = read_ledger(workspace.state)
    return [e for e in ledger.unfinished(State.HELD) if e.withdrawn and ledger.has(ledger.cleaned, e)]


def held_of(workspace: Workspace, snapshot: str, reasons: Collection[str]) -> list[Entry]:
    """Deliveries, a change of the source among them, that a snapshot has and that are held since.

    Args:
        snapshot: DVC's hash.
        reasons: of which they are held for one.
    """
    ledger = read_ledger(workspace.state)
    return [
        entry
        for entry in ledger.unfinished(State.HELD)
        if entry.withdrawn and entry.waits and entry.reason in reasons and ledger.has(snapshot, entry)
    ]


def hold_source(workspace: Workspace, snapshot: str, reason: str) -> Entry | None:
    """Hold what the catalogue's own tables have changed since a snapshot; None where that is nothing.

    Args:
        snapshot: DVC's hash.
        reason: a sentence for people.
    """
    with editing(workspace.state) as ledger:
        since = changes_since(ledger, snapshot)
        if not since:
            return None
        before, first, last = since[0], since[1], since[-1]
        held = [e for e in ledger.unfinished(State.HELD) if e.cut and e.digest == last["source"]]
        cut = {"back_to": before["source"], "shards": first["shards"]}
        facts = {
            "kind": SOURCE,
            "digest": last["source"],
            "seen": last["source"],
            "snapshot": first["snapshot"],
        }
        entry = held[-1] if held else ledger.arrive(SOURCE, **facts, moved=True)
        held_now = {"state": State.HELD, "reason": reason, "approved": False, "withdrawn": True}
        entry = ledger.change(entry.arrival, **held_now, cut=cut)
    write_page(workspace)
    return entry


def held_source(workspace: Workspace) -> list[Entry]:
    """Changes of the catalogue's own tables that were taken and are held since."""
    return [entry for entry in read_ledger(workspace.state).unfinished(State.HELD) if entry.cut]


def source_changed(workspace: Workspace, snapshot: str) -> bool:
    """Whether the catalogue's own tables have changed since a snapshot, and that was taken."""
    return bool(changes_since(read_ledger(workspace.state), snapshot))


def changes_since(ledger: Ledger, snapshot: str) -> list[dict[str, Any]]:
    """What the source was at a snapshot, then its changes that were taken since; [] without any, or where the
    ledger does not reach so far back."""
    if snapshot not in ledger.snapshots:
        return []
    place = {version: number for number, version in enumerate(ledger.snapshots)}
    at = [number for number, one in enumerate(ledger.sources) if place[one["snapshot"]] <= place[snapshot]]
    since = ledger.sources[at[-1] :] if at else []
    return since if len(since) > 1 and since[-1]["source"] != since[0]["source"] else []


def note_source(ledger: Ledger, snapshot: Path, version: str) -> None:
    """Note what the source held, where the snapshot has a change of it, and how many shards there are now.

    Args:
        snapshot: its folder.
        version: DVC's hash of it.
    """
    manifest = read_manifest(snapshot)
    if not ledger.sources or ledger.sources[-1]["source"] != manifest["source"]:
        change = {"snapshot": version, "source": manifest["source"], "shards": ledger.shards}
        ledger.sources.append(change)
    ledger.shards = {name: len(manifest[name]) for name in TABLES}


def withdrawals(ledger: Ledger) -> Withdrawals:
    """What does not count from now on, and what counts again.

    A delivery that is superseded by a mended file stays out, and so does a change of the source by another.
    """
    entries = [entry for entry in ledger.entries.values() if entry.withdrawn]
    back = frozenset(entry.arrival for entry in entries if entry.state in BACK and entry.approved)
    out = [entry for entry in entries if entry.arrival not in back]
    return Withdrawals(
        frozenset(entry.arrival for entry in out if not entry.cut),
        back,
        source=tuple(
            SourceCut(entry.arrival, entry.digest, **entry.cut, reason=entry.reason, waits=entry.waits)
            for entry in out
            if entry.cut
        ),
        media=frozenset(entry.digest for entry in out if entry.kind == MEDIA),
        media_restored=frozenset(e.digest for e in entries if e.kind == MEDIA and e.arrival in back),
    )


def taken_with(entry: Entry, version: str) -> dict[str, Any]:
    """What the ledger says of a delivery that counts in a snapshot; of one that was held, when it did before.

    Args:
        version: DVC's hash of the snapshot.
    """
    counts: dict[str, Any] = {"withdrawn": False, "until": "", "cut": {}}
    if not entry.withdrawn:
        return {**counts, "snapshot": version}
    if not entry.until:  # no snapshot was without it
        return counts
    return {**counts, "snapshot": version, "earlier": [*entry.earlier, (entry.snapshot, entry.until)]}


def note_withdrawn(ledger: Ledger, withdrawn: Collection[int], version: str) -> None:
    """Note the first snapshot in which deliveries do not count.

    Args:
        version: DVC's hash of it.
    """
    for entry in list(ledger.entries.values()):
        if entry.arrival in withdrawn and entry.withdrawn and not entry.until:
            ledger.change(entry.arrival, until=version)
