"""From the inbox to the snapshot: every settled file is read, judged, taken and put away.

The order makes a kill harmless. A file gets its arrival number before it is read; what was found of it
(held, refused, rows passed over) is noted before the snapshot is written, whose manifest remembers the
number together with the rows; only then the ledger says `taken`, and only then the file moves. The next run
finds out how far the last one came, and does the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.deliveries.archive import DONE, REFUSED, clear_strays, put_away, sent_to, set_aside
from catalog.deliveries.ledger import Entry, Ledger, State, editing
from catalog.deliveries.register import Batch, registered, settled_files
from catalog.deliveries.settle import FOLDER, folders_in, wait_until_settled
from catalog.deliveries.table import write_page
from catalog.deliveries.withdraw import MEDIA, SOURCE, note_source, note_withdrawn, taken_with, withdrawals
from catalog.erasure.tombstones import NOTHING_ERASED, Tombstones
from catalog.snapshot.intake import Outcome
from catalog.snapshot.shards import read_manifest
from catalog.snapshot.write import Look, SnapshotReport, Verdicts, write_snapshot
from catalog.sources.base import CatalogSource
from catalog.sources.delivery import Delivery, read_delivery
from shelfspace.errors import CatalogError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

__all__ = ["SOURCE", "Collected", "collect", "note_taken"]

STATES = (SOURCE, MEDIA)
"""What is held as a state of things, not as a file: the catalogue's own tables, and photos and sounds that
replace others."""
WAITS = 3
"""A run waits for files that are being written as many times `collection.quiet_seconds`."""


@dataclass(frozen=True)
class Collected:
    """What one collection did with the inbox.

    Attributes:
        report: of the snapshot.
        read: arrival numbers of the deliveries that the snapshot has now.
        media: files of `inbox/media` that it has now, to the hash of their bytes.
        said: what a person should hear, a sentence each: held, refused, passed over, still arriving.
        last: the last arrival number that it gave.
        withdrawn: arrival numbers of those that the snapshot has and that do not count in it.
        erased: arrival numbers of those with rows of erased products or shoppers, and how many.
    """

    report: SnapshotReport
    read: tuple[int, ...] = ()
    media: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    last: int = 0
    withdrawn: frozenset[int] = frozenset()
    erased: Mapping[int, int] = field(default_factory=dict)


def collect(
    workspace: Workspace,
    source: CatalogSource,
    settings: Settings,
    *,
    user_key: bytes = b"",
    stones: Tombstones = NOTHING_ERASED,
    progress: bool = True,
    look: Look = lambda name, before, after, media: "",
) -> Collected:
    """Bring the snapshot up to date with the source and the inbox; `note_taken` ends what this begins.

    A file that cannot be read is set aside with its reason, one that the guards object to is held; the
    others go on.

    Args:
        user_key, stones, look: see `write_snapshot`.

    Raises:
        CatalogError: a table of the source is not usable.
        ArtifactError: the snapshot or the ledger is damaged.
    """
    quiet = settings.collection.quiet_seconds
    taken = set(read_manifest(workspace.snapshot)["deliveries"])
    with editing(workspace.state) as ledger:
        clear_strays(workspace)
        put_away(ledger, workspace.inbox)
    wait_until_settled(workspace.inbox, quiet, WAITS * quiet)
    with settled_files(workspace, quiet) as files:
        with editing(workspace.state) as ledger:
            batch = registered(ledger, files, taken)
            held = ledger.unfinished(State.HELD)
            withdrawn = withdrawals(ledger)
            approved, (approved_media, _) = _approved(ledger, SOURCE), _approved(ledger, MEDIA)
        deliveries, refused = _read(batch, source)
        said = [f"{name} is still arriving" for name in files.arriving]
        said += [f"{name}: {FOLDER}" for name in folders_in(workspace.inbox)]

        def note(verdicts: Verdicts) -> None:
            with editing(workspace.state) as ledger:
                _note_held(ledger, SOURCE, SOURCE, verdicts.source, verdicts.source_held)
                _note_held(ledger, MEDIA, verdicts.media.name, verdicts.media.digest, verdicts.media.held)
                for arrival, reason in {**batch.refused, **refused}.items():
                    said.append(_refuse(ledger, workspace.inbox, arrival, reason))
                for arrival, delivery in deliveries.items():
                    outcome = verdicts.outcomes[delivery.key]
                    said.extend(_note(ledger, workspace.inbox, arrival, delivery, outcome))

        report = write_snapshot(
            source,
            workspace.snapshot,
            settings,
            list(deliveries.values()),
            {name: file.path for name, file in files.media.items()},
            approved_source=approved,
            approved_media=approved_media,
            arrived=batch.before,
            held=bool(held),
            withdrawn=withdrawn,
            user_key=user_key,
            stones=stones,
            progress=progress,
            note=note,
            look=look,
        )
        with editing(workspace.state) as ledger:
            left = {name: file for name, file in files.media.items() if name not in report.media_taken}
            ledger.unnamed = {name: file.seen for name, file in left.items()}
            unnamed = [name for name in left if name not in report.media.replaced]
            if unnamed:
                they = "it waits" if len(unnamed) == 1 else "they wait"
                names = _some([f"media/{name}" for name in unnamed])
                said.append(f"no row that counts names {names}; {they} in the inbox")
            said += [_held(entry, workspace) for entry in ledger.unfinished(State.HELD) if entry.waits]
            read = [n for n in (*batch.taken, *deliveries) if ledger.entries[n].state is State.WAITING]
        with editing(workspace.state) as ledger:
            put_away(ledger, workspace.inbox)
    media = {f"media/{name}": report.media_taken[name] for name in files.media if name in report.media_taken}
    erased = {arrival: report.outcomes[one.key].erased for arrival, one in deliveries.items()}
    return Collected(
        report,
        tuple(sorted(read)),
        media,
        tuple(said),
        ledger.last,
        withdrawn.arrivals,
        {arrival: number for arrival, number in erased.items() if number},
    )


def note_taken(workspace: Workspace, collected: Collected, version: str) -> None:
    """Say in the ledger what the snapshot has, once it is identified and kept, and move the files away.

    Args:
        version: DVC's hash of the snapshot.
    """
    with editing(workspace.state) as ledger:
        if ledger.snapshots[-1:] != [version]:
            ledger.snapshots.append(version)
        ledger.ended = max(collected.last, ledger.ended)
        note_withdrawn(ledger, collected.withdrawn, version)
        note_source(ledger, workspace.snapshot, version)
        for entry in ledger.unfinished(State.WAITING, State.HELD):
            if entry.kind == MEDIA and entry.withdrawn:
                if entry.approved:
                    reason = f"approved; it was held: {entry.reason}"
                    ledger.change(
                        entry.arrival, state=State.TAKEN, reason=reason, **taken_with(entry, version)
                    )
            elif entry.arrival in collected.read:
                state = State.SUPERSEDED if entry.older == entry.rows > 0 else State.TAKEN
                again = entry.withdrawn and not (workspace.inbox / entry.name).is_file()
                going = {} if again else sent_to(workspace.inbox, DONE, entry, {entry.name: entry.digest})
                reason = f"approved; it was held: {entry.reason}" if entry.withdrawn else entry.reason
                counts = taken_with(entry, version)
                ledger.change(entry.arrival, state=state, reason=reason, **counts, **going)
            elif entry.kind in STATES and not _still_held(entry, collected.report):
                ledger.change(entry.arrival, state=State.TAKEN, moved=True, **taken_with(entry, version))
        if collected.media:
            names, digest = sorted(collected.media), fingerprint(sorted(collected.media.items()))
            held = [e for e in ledger.unfinished(State.HELD) if e.withdrawn and e.digest == digest]
            reason = "" if len(names) == 1 else _some(names)
            entry = ledger.arrive(
                names[0] if len(names) == 1 else f"{len(names)} media files",
                kind=MEDIA,
                digest=digest,
                state=State.SUPERSEDED if held else State.TAKEN,
                snapshot=version,
                rows=len(names),
                reason=f"the same as delivery {held[-1].arrival}, which is held" if held else reason,
            )
            ledger.change(entry.arrival, **sent_to(workspace.inbox, DONE, entry, collected.media))
    with editing(workspace.state) as ledger:
        put_away(ledger, workspace.inbox)
    write_page(workspace)


def _read(batch: Batch, source: CatalogSource) -> tuple[dict[int, Delivery], dict[int, str]]:
    """Deliveries by arrival number, and why others cannot be read."""
    deliveries, refused = {}, {}
    for entry, copy in batch.files:
        try:
            read = read_delivery(copy, source)
        except CatalogError as error:
            refused[entry.arrival] = str(error)
        else:
            deliveries[entry.arrival] = read.named(entry.digest, entry.arrival, entry.approved)
    return deliveries, refused


def _note(ledger: Ledger, inbox: Path, arrival: int, delivery: Delivery, outcome: Outcome) -> list[str]:
    """Write down what became of a delivery; returns what is to be said of it."""
    entry = ledger.change(
        arrival,
        kind=delivery.kind,
        rows=outcome.rows,
        older=outcome.older,
        refused_rows=len(outcome.refused_rows),
    )
    if outcome.refused:
        return [_refuse(ledger, inbox, arrival, outcome.refused)]
    if outcome.held:
        ledger.change(arrival, state=State.HELD, reason=outcome.held)
        return []
    said = list(delivery.notes)
    found = outcome.rows or len(outcome.refused_rows) or outcome.erased
    said += [] if found else ["the file has no rows"]
    if outcome.erased:
        said.append(f"{outcome.erased} rows are of products or shoppers that were erased, and passed over")
    if outcome.older:
        said.append(f"{outcome.older} of {outcome.rows} rows are older than what is there, and passed over")
    if outcome.ahead:
        said.append(
            f"{outcome.ahead} of {outcome.rows} rows have an updated_at that is still to come: what is dated "
            "before it is passed over; to change such a product, deliver it without updated_at"
        )
    if len(outcome.refused_rows):
        path = set_aside(inbox, entry, outcome.refused_rows)
        said.append(f"{len(outcome.refused_rows)} rows are refused: {path}")
    ledger.change(arrival, state=State.WAITING, reason="; ".join(said))
    return [f"{entry.name}: {sentence}" for sentence in said]


def _refuse(ledger: Ledger, inbox: Path, arrival: int, reason: str) -> str:
    entry = ledger.entries[arrival]
    set_aside(inbox, entry, reason)
    going = sent_to(inbox, REFUSED, entry, {entry.name: entry.digest})
    ledger.change(arrival, state=State.REFUSED, reason=reason, **going)
    return f"{entry.name} is refused and lies in inbox/refused: {reason}"


def _approved(ledger: Ledger, kind: str) -> tuple[str, int]:
    """Digest and arrival number of a held state of things that a person has let through."""
    held = [entry for entry in _held_states(ledger, kind) if entry.approved]
    return (held[-1].digest, held[-1].arrival) if held else ("", 0)


def _held_states(ledger: Ledger, kind: str) -> list[Entry]:
    """States of things that are held before they were taken; media held since are deliveries."""
    held = [entry for entry in ledger.unfinished(State.HELD) if entry.kind == kind]
    return [entry for entry in held if kind != MEDIA or not entry.withdrawn]


def _still_held(entry: Entry, report: SnapshotReport) -> bool:
    return bool(report.source_held if entry.kind == SOURCE else report.media.held)


def _held(entry: Entry, workspace: Workspace) -> str:
    how = workspace.command("approve", DELIVERY=entry.arrival)
    return f"{entry.name} is held: {entry.reason}; if that is meant: {how}"


def _note_held(ledger: Ledger, kind: str, name: str, digest: str, held: str) -> None:
    """Keep what is known of a state of things that is held: the source's, or that of replaced media."""
    entries = _held_states(ledger, kind)
    for entry in entries:
        if entry.digest != digest:
            reason = (
                "the source has changed again" if kind == SOURCE else "others came in their place, or none"
            )
            ledger.change(entry.arrival, state=State.SUPERSEDED, reason=reason, moved=True)
        elif not held:  # settings that were changed are a yes, too
            ledger.change(entry.arrival, approved=True)
    if not held:
        return
    known = [entry for entry in entries if entry.digest == digest]
    entry = known[-1] if known else ledger.arrive(name, kind=kind, digest=digest, seen=digest)
    ledger.change(entry.arrival, state=State.HELD, reason=held)


def _some(names: list[str], most: int = 5) -> str:
    shown = ", ".join(sorted(names)[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
