"""The ledger of deliveries: what came into a workspace's inbox, and what has become of it.

It is one JSON file, `state/deliveries.json`, written whole or not at all: a person can read it, and a
process killed at any moment leaves the former text or the new one. A delivery is named by its kind, the
hash of its bytes and its arrival number: the same file dropped again is another delivery.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock

from shelfspace.clock import now
from shelfspace.files import read_artifact, write_sealed_json

__all__ = ["FILE", "FINISHED", "Entry", "Ledger", "State", "alone", "editing", "read_ledger"]

FILE = "deliveries.json"
KEPT = 2000
"""Finished deliveries that stay in the ledger, the newest."""


class State(StrEnum):
    """What has become of a delivery; a file that has not settled is `arriving` and in no ledger yet."""

    ARRIVING = "arriving"
    WAITING = "waiting"
    HELD = "held"
    TAKEN = "taken"
    DONE = "done"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


FINISHED = frozenset({State.DONE, State.REFUSED, State.SUPERSEDED})


@dataclass(frozen=True)
class Entry:
    """One delivery.

    Attributes:
        arrival: its number, from 1, in the order of arrival; never given twice.
        name: of the file; of media that one run took, how many; of the catalogue's own tables, `source`.
        kind: products, events, stock, media or source; "" until it was read.
        digest: xxh3-128 of its bytes.
        seen: size and mtime that the file had, which a look at the folder can compare.
        state: see `State`.
        reason: why it is held, refused or superseded; what else is to be said of it.
        rows, refused_rows, older: usable rows, those refused, and usable ones passed over as older.
        arrived, changed: ISO 8601 in UTC; of the last change of state.
        approved: a person has let it through the guards.
        snapshot: DVC's hash of the first snapshot that has it.
        release: the first release that has it; "" for events and stock, which no release waits for.
        archive: where the file goes or went, relative to the inbox; "" where it stays.
        files: files yet to be moved, to their place and the hash of their bytes.
        moved: nothing is left to move; a run killed before that leaves this false.
        withdrawn: it was taken and is held since: its rows lie in the snapshot and do not count.
        until: DVC's hash of the first snapshot in which they do not; "" while none is made yet.
        earlier: of one that was held and counts again, `snapshot` and `until` of each time before.
        cut: of a change of the source that was taken and is held since: what `SourceCut` has of it.
    """

    arrival: int
    name: str
    kind: str = ""
    digest: str = ""
    seen: str = ""
    state: State = State.WAITING
    reason: str = ""
    rows: int = 0
    refused_rows: int = 0
    older: int = 0
    arrived: str = ""
    changed: str = ""
    approved: bool = False
    snapshot: str = ""
    release: str = ""
    archive: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    moved: bool = False
    withdrawn: bool = False
    until: str = ""
    earlier: list[tuple[str, str]] = field(default_factory=list)
    cut: dict[str, Any] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether a person has to decide on it."""
        return self.state is State.HELD and not self.approved

    @property
    def shown(self) -> str:
        """Its state as people read it."""
        if self.state is State.DONE:
            return f"in release {self.release}" if self.release else f"in the clean {self.kind}"
        return str(self.state)


@dataclass
class Ledger:
    """All that is known of a workspace's deliveries.

    Attributes:
        entries: arrival number to delivery, in that order.
        last: the last arrival number given.
        snapshots: DVC's hashes of the snapshots that collections left, the oldest first.
        ended: the last arrival number when the last run ended that was not killed.
        cleaned: the one of them that the clean tables were made of; "" before the first.
        unnamed: media file in `inbox/media` that no row names or that is held, to its size and mtime.
        sources: changes of the catalogue's own tables that were taken, the oldest first: the first snapshot
            with each, the hash of what the source held, how many shards each table had before it.
        shards: how many shards each table has now.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    last: int = 0
    snapshots: list[str] = field(default_factory=list)
    ended: int = 0
    cleaned: str = ""
    unnamed: dict[str, str] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    shards: dict[str, int] = field(default_factory=dict)

    def arrive(self, name: str, **facts: Any) -> Entry:
        """A further delivery, with the next arrival number."""
        self.last += 1
        at = now()
        self.entries[self.last] = Entry(self.last, name, arrived=at, changed=at, **facts)
        return self.entries[self.last]

    def change(self, arrival: int, **facts: Any) -> Entry:
        """Change what is known of a delivery."""
        entry = self.entries[arrival]
        if facts.get("state", entry.state) != entry.state:
            facts["changed"] = now()
        self.entries[arrival] = replace(entry, **facts)
        return self.entries[arrival]

    def unfinished(self, *states: State) -> list[Entry]:
        """Deliveries in one of these states (default: all that are not finished), in order of arrival."""
        wanted = states or tuple(set(State) - FINISHED)
        return [entry for entry in self.entries.values() if entry.state in wanted]

    def has(self, snapshot: str, entry: Entry) -> bool:
        """Whether a snapshot has a delivery: it came in by then, and was not held then."""
        if snapshot not in self.snapshots:
            return False
        # A snapshot may come to be what it was before: the last of its places counts.
        later = self.snapshots[len(self.snapshots) - self.snapshots[::-1].index(snapshot) :]
        times = [*entry.earlier, (entry.snapshot, entry.until)]
        return any(came not in later and (not until or until in later) for came, until in times)


def alone(state: Path) -> FileLock:
    """The lock under which the ledger, its page and the reasons of refusals are written."""
    state.mkdir(parents=True, exist_ok=True)
    return FileLock(state / "deliveries.lock")


@contextmanager
def editing(state: Path) -> Iterator[Ledger]:
    """The ledger of a workspace's state folder, written when the block ends without an error.

    Runs and people (`shelfspace approve`) write it; one waits for the other.

    Raises:
        ArtifactError: it is damaged.
    """
    with alone(state):
        ledger = read_ledger(state)
        before = _stored(ledger)
        yield ledger
        finished = [n for n, entry in ledger.entries.items() if entry.state in FINISHED and entry.moved]
        for arrival in finished[:-KEPT]:
            del ledger.entries[arrival]
        ledger.snapshots = ledger.snapshots[-KEPT:]
        ledger.sources = ledger.sources[-KEPT:]
        if (stored := _stored(ledger)) != before:
            write_sealed_json(state / FILE, stored)


def read_ledger(state: Path) -> Ledger:
    """The ledger as it is now; empty where there is none.

    Raises:
        ArtifactError: it is damaged. It may be deleted: what lies in the inbox is then read anew.
    """
    path = state / FILE
    return read_artifact(path, "the deliveries noted", _ledger) if path.exists() else Ledger()


def _stored(ledger: Ledger) -> dict[str, Any]:
    return asdict(ledger) | {"entries": [asdict(entry) for entry in ledger.entries.values()]}


def _ledger(stored: dict[str, Any]) -> Ledger:
    entries = [Entry(**{**entry, "state": State(entry["state"])}) for entry in stored.pop("entries")]
    return Ledger(**{**stored, "entries": {entry.arrival: entry for entry in entries}})
