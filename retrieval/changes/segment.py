"""The delta segment: what changed since a release was built, in memory over its log.

Each write makes a new immutable view, so a search keeps one state from beginning to end and never
waits for a write. The vectors are few, so they are scanned exactly.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from retrieval.changes.records import Header, Record, entry_of, moment, record_of
from retrieval.changes.state import DeltaView, PassedOver, State, superseded
from shelfspace.durable_log import START, DurableLog
from shelfspace.errors import ArtifactError, CapacityError, InputError

__all__ = ["DeltaLimits", "DeltaSegment", "Written", "open_log"]

ID_CHARACTERS = 200


@dataclass(frozen=True)
class DeltaLimits:
    """How much may change before a release has to be built.

    Attributes:
        products: distinct products that the log may name.
        bytes: size of the log, photos and sounds included.
    """

    products: int = 10_000
    bytes: int = 256_000_000


class Written(NamedTuple):
    """What became of a write.

    Attributes:
        records: what counted, numbered.
        passed_over: what did not, since something newer is known.
    """

    records: list[Record]
    passed_over: list[PassedOver]


class DeltaSegment:
    """Changes over one release, durable in a log.

    Args:
        path: the log's file; made where absent.
        header: release, encoder and vector length.
        rows: product id to row of the release; empty without a release.
        limits: size beyond which writes are refused.
        updated: time of a row of the release as ISO 8601; "" where the catalogue does not say.

    Raises:
        ArtifactError: the log is damaged or belongs to another release.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        rows: Mapping[str, int],
        limits: DeltaLimits | None = None,
        updated: Callable[[int], str] = lambda row: "",
    ) -> None:
        self.limits = limits or DeltaLimits()
        self.dim = header.dim
        self._rows = rows
        self._updated = updated
        self._log = open_log(path, header)
        self._mutex = threading.Lock()
        self._position = START
        self._view = DeltaView()
        self._catch_up()

    @property
    def size(self) -> int:
        """Bytes of the log."""
        with self._mutex:
            return self._log.size

    def close(self) -> None:
        """Let go of the log; nothing is lost, and the newest view stays."""
        with self._mutex:
            self._log.close()

    def view(self) -> DeltaView:
        """The newest state, with what other processes have written; waits for no write."""
        if self._mutex.acquire(blocking=False):
            try:
                self._catch_up()
            finally:
                self._mutex.release()
        return self._view

    def write(self, records: Sequence[Record]) -> Written:
        """Append changes as one write; durable when it returns.

        Sequence numbers and places are given here. Deleting or changing a product that is not
        there is left out, and so is what is older than what is known (`State.settled`).

        Raises:
            InputError: an identifier or a vector of another form.
            CapacityError: the log would grow beyond its limits.
            OSError: the disk refused; nothing of the write is kept.
        """
        for record in records:
            check(record, self.dim)
        with self._mutex:
            with self._log.writing():
                self._catch_up()
                state = self._state(self._view)
                made: list[Record] = []
                older: list[PassedOver] = []
                for record in records:
                    if record.kind != "put" and state.row_of(record.product_id) is None:
                        continue
                    counts, passed = state.settled(dated(record, state))
                    if passed is not None:
                        older.append(passed)
                    if counts is not None:
                        numbered = self._numbered(counts, state, self._position.sequence + len(made) + 1)
                        state.apply(numbered)
                        made.append(numbered)
                if not made:
                    return Written([], older)
                self._append(state, made)
            self._position = self._position._replace(sequence=made[-1].sequence)
            self._view = state.view(made[-1].sequence)
            return Written(made, older)

    def _state(self, view: DeltaView) -> State:
        return State(view, self._rows, self._updated)

    def _numbered(self, record: Record, state: State, sequence: int) -> Record:
        known = state.row_of(record.product_id)
        placed = sequence if known is None else max(0, known - len(self._rows))
        return replace(record, sequence=sequence, placed=placed if record.kind == "put" else record.placed)

    def _append(self, state: State, made: list[Record]) -> None:
        """Write records, or refuse them beyond the limits, after trying to make the log smaller."""
        named = len(state.entries) + len(state.gone)
        remedy = "run refresh, so that a new release takes the changes in, or raise service.delta_"
        if named > self.limits.products:
            raise CapacityError("delta", f"{named} products", remedy + "products")
        self._log.append(entry_of(record) for record in made)
        if self._log.size > self.limits.bytes:
            every = [record_of(entry) for entry in self._log.read()[0]]
            kept = {record.sequence for record in superseded(every)}
            self._log.delete([record.sequence for record in every if record.sequence not in kept])
        if self._log.size > self.limits.bytes:
            raise CapacityError("delta", f"{self._log.size} bytes", remedy + "bytes")

    def _catch_up(self) -> None:
        if not self._log.changed():
            return
        entries, position = self._log.read(self._position)
        replaced = position.generation != self._position.generation
        state = self._state(DeltaView() if replaced else self._view)
        for entry in entries:
            # Logs of earlier versions hold what came late, too.
            counts, _ = state.settled(record_of(entry))
            if counts is not None:
                state.apply(counts)
        self._position = position
        self._view = state.view(position.sequence)


def open_log(path: Path, header: Header) -> DurableLog:
    """The log of changes over a release; made where absent.

    Raises:
        ArtifactError: the file is damaged, or of another release, encoder or length.
    """
    log = DurableLog(path, asdict(header))
    there = Header(**log.owner)
    if header != there:
        log.close()
        raise ArtifactError(
            f"the log {path} is of release {there.release} with vectors of {there.dim}, "
            f"not of release {header.release} with {header.dim}"
        )
    return log


def dated(record: Record, state: State) -> Record:
    """A record that has the time of its arrival is no older than what came before, whatever clocks say."""
    latest = state.known_of(record.product_id).latest
    return (
        replace(record, time=latest.isoformat())
        if record.arrival and latest > moment(record.time)
        else record
    )


def check(record: Record, dim: int) -> None:
    """Refuse an identifier or a vector of another form."""
    if not 0 < len(record.product_id) <= ID_CHARACTERS:
        raise InputError("product_id", record.product_id, f"give 1 to {ID_CHARACTERS} characters")
    if record.kind == "put":
        vector = record.vector
        if vector is None or vector.shape != (dim,) or not np.isfinite(vector).all():
            shape = None if vector is None else vector.shape
            raise InputError("vector", shape, f"give {dim} finite numbers")
        length = float(np.linalg.norm(vector))
        if abs(length - 1) > 1e-3:
            raise InputError("vector", length, "normalise it to length 1")
