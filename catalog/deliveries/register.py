"""The settled files of an inbox, each with its entry in the ledger."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.deliveries.ledger import Entry, Ledger, State
from catalog.deliveries.settle import Found, files_in
from shelfspace.hashing import file_hash
from shelfspace.workspace import Workspace

__all__ = ["Batch", "Files", "registered", "settled_files"]

LINK = "a link; put the file itself into the inbox"
UNREADABLE = "it may not be read; give it to the user that runs Shelfspace, or let that user read it"


@dataclass(frozen=True)
class Copy:
    """A file of the inbox, copied to where nobody writes it.

    Attributes:
        found: the file itself.
        path: the copy, of the same name; None of a link, which is not followed, and of what may not be read.
        digest: xxh3-128 of the copy.
    """

    found: Found
    path: Path | None
    digest: str


@dataclass(frozen=True)
class Files:
    """What lies in an inbox.

    Attributes:
        tables: settled files, in the order they were last changed.
        media: settled files of `inbox/media`, by their name in it.
        arriving: names of files that have not settled.
    """

    tables: list[Copy] = field(default_factory=list)
    media: dict[str, Found] = field(default_factory=dict)
    arriving: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """Deliveries to read now.

    Attributes:
        files: entry and copy of each, in order of arrival.
        taken: arrival numbers of those that the snapshot has already: a killed run did not say so.
        refused: arrival number to the reason, of what is not even read.
        before: the last arrival number of the runs before this one, a killed one not among them unless the
            snapshot has what it read.
    """

    files: list[tuple[Entry, Path]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    before: int = 0


@contextmanager
def settled_files(workspace: Workspace, quiet_seconds: float) -> Iterator[Files]:
    """Copy what has settled: what is hashed there is what is read. The copies go when the block ends."""
    reading = workspace.state / "reading"
    shutil.rmtree(reading, ignore_errors=True)  # a killed run's
    files = Files()
    for number, file in enumerate(files_in(workspace.inbox)):
        found = _named(file, workspace.inbox)
        if not found.settled(quiet_seconds):
            files.arriving.append(found.name)
        elif not _is_readable(found.path):
            files.tables.append(Copy(found, None, ""))
        else:
            copy = reading / str(number) / found.name
            copy.parent.mkdir(parents=True)
            shutil.copyfile(found.path, copy)
            files.tables.append(Copy(found, copy, file_hash(copy)))
    for file in files_in(workspace.inbox / "media", deep=True):
        found = _named(file, workspace.inbox / "media")
        name = f"media/{found.name}"
        if not found.settled(quiet_seconds):
            files.arriving.append(name)
        elif not _is_readable(found.path):
            files.tables.append(Copy(replace(found, name=name), None, ""))
        else:
            files.media[found.name] = found
    try:
        yield files
    finally:
        shutil.rmtree(reading, ignore_errors=True)


def _named(file: Found, folder: Path) -> Found:
    """The file under a name that can be written down."""
    path = folder / file.name
    if os.path.lexists(path):
        return file
    path.parent.mkdir(parents=True, exist_ok=True)
    return replace(file, path=file.path.rename(path))


def _is_readable(path: Path) -> bool:
    return not path.is_symlink() and os.access(path, os.R_OK)


def registered(ledger: Ledger, files: Files, taken: set[str]) -> Batch:
    """Give each settled file its entry; a file that is not the one noted is a further delivery.

    Args:
        taken: keys of the deliveries that the snapshot has.
    """
    numbers = [int(key.rpartition(":")[2]) for key in taken if ":" in key]
    # A ledger that was lost must not give a number again that the snapshot knows.
    ledger.last = max([ledger.last, *numbers])
    open_entries = [
        e for e in ledger.unfinished(State.WAITING, State.HELD) if e.kind not in ("source", "media")
    ]
    batch = Batch(before=max([ledger.ended, *numbers]))
    found: list[tuple[Entry, Copy | None]] = []
    for copy in files.tables:
        same = [e for e in open_entries if (e.name, e.digest) == (copy.found.name, copy.digest)]
        entry = same[-1] if same else ledger.arrive(copy.found.name, digest=copy.digest)
        found.append((ledger.change(entry.arrival, seen=copy.found.seen), copy))
    here = {entry.arrival for entry, _ in found}
    named = {copy.found.name for copy in files.tables}
    in_snapshot = {key.partition(":")[2] for key in taken}
    for entry in open_entries:
        if entry.arrival in here or entry.name in files.arriving:
            continue
        if entry.withdrawn and entry.waits and entry.name not in named:
            continue
        if f"{entry.digest}:{entry.arrival}" in in_snapshot and not (entry.withdrawn and entry.waits):
            found.append((entry, None))
        else:
            reason = "the file was taken away, or replaced by another of its name, before it was taken in"
            ledger.change(entry.arrival, state=State.SUPERSEDED, reason=reason, moved=True)
    for entry, file in sorted(found, key=lambda pair: pair[0].arrival):
        if entry.withdrawn and entry.waits:
            continue
        if f"{entry.digest}:{entry.arrival}" in in_snapshot:
            kind = next(key for key in taken if key.endswith(f":{entry.digest}:{entry.arrival}"))
            ledger.change(entry.arrival, kind=kind.partition(":")[0], state=State.WAITING)
            batch.taken.append(entry.arrival)
        elif file is None or file.path is None:
            is_link = file is not None and file.found.path.is_symlink()
            batch.refused[entry.arrival] = LINK if is_link else UNREADABLE
        elif entry.state is not State.HELD or entry.approved:
            batch.files.append((entry, file.path))
    return batch
