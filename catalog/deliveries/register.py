"""The settled files of an inbox, each with its entry in the ledger."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from catalog.deliveries.ledger import Entry, Ledger, State
from catalog.deliveries.settle import Found, files_in
from shelfspace.hashing import file_hash
from shelfspace.workspace import Workspace

__all__ = ["Batch", "Files", "registered", "settled_files"]

LINK = "a link; put the file itself into the inbox"


@dataclass(frozen=True)
class Copy:
    """A file of the inbox, copied to where nobody writes it.

    Attributes:
        found: the file itself.
        path: the copy, of the same name; None of a link, which is not followed.
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
    """

    files: list[tuple[Entry, Path]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


@contextmanager
def settled_files(workspace: Workspace, quiet_seconds: float) -> Iterator[Files]:
    """Copy what has settled: what is hashed there is what is read. The copies go when the block ends."""
    reading = workspace.state / "reading"
    shutil.rmtree(reading, ignore_errors=True)  # a killed run's
    files = Files()
    for number, found in enumerate(files_in(workspace.inbox)):
        if not found.settled(quiet_seconds):
            files.arriving.append(found.name)
        elif found.path.is_symlink():
            files.tables.append(Copy(found, None, ""))
        else:
            copy = reading / str(number) / found.name
            copy.parent.mkdir(parents=True)
            shutil.copyfile(found.path, copy)
            files.tables.append(Copy(found, copy, file_hash(copy)))
    for found in files_in(workspace.inbox / "media", deep=True):
        name = f"media/{found.name}"
        if not found.settled(quiet_seconds):
            files.arriving.append(name)
        elif found.path.is_symlink():
            files.tables.append(Copy(Found(found.path, name, found.seen, found.quiet), None, ""))
        else:
            files.media[found.name] = found
    try:
        yield files
    finally:
        shutil.rmtree(reading, ignore_errors=True)


def registered(ledger: Ledger, files: Files, taken: set[str]) -> Batch:
    """Give each settled file its entry; a file that is not the one noted is a further delivery.

    Args:
        taken: keys of the deliveries that the snapshot has.
    """
    numbers = [int(key.rpartition(":")[2]) for key in taken if ":" in key]
    # A ledger that was lost must not give a number again that the snapshot knows.
    ledger.last = max([ledger.last, *numbers])
    open_entries = [e for e in ledger.unfinished(State.WAITING, State.HELD) if e.kind != "source"]
    batch = Batch()
    found: list[tuple[Entry, Copy | None]] = []
    for copy in files.tables:
        same = [e for e in open_entries if (e.name, e.digest) == (copy.found.name, copy.digest)]
        entry = same[-1] if same else ledger.arrive(copy.found.name, digest=copy.digest)
        found.append((ledger.change(entry.arrival, seen=copy.found.seen), copy))
    here = {entry.arrival for entry, _ in found}
    in_snapshot = {key.partition(":")[2] for key in taken}
    for entry in open_entries:
        if entry.arrival in here or entry.name in files.arriving:
            continue
        if f"{entry.digest}:{entry.arrival}" in in_snapshot:
            found.append((entry, None))
        else:
            reason = "the file was taken away, or replaced by another of its name, before it was taken in"
            ledger.change(entry.arrival, state=State.SUPERSEDED, reason=reason, moved=True)
    for entry, file in sorted(found, key=lambda pair: pair[0].arrival):
        if f"{entry.digest}:{entry.arrival}" in in_snapshot:
            kind = next(key for key in taken if key.endswith(f":{entry.digest}:{entry.arrival}"))
            ledger.change(entry.arrival, kind=kind.partition(":")[0], state=State.WAITING)
            batch.taken.append(entry.arrival)
        elif file is None or file.path is None:
            batch.refused[entry.arrival] = LINK
        elif entry.state is not State.HELD or entry.approved:
            batch.files.append((entry, file.path))
    return batch
