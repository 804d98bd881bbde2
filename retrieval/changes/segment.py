"""The delta segment: what changed since a release was built, in memory over its log.

Each write makes a new immutable view, so a search keeps one state from beginning to end and never
waits for a write. The vectors are few, so they are scanned exactly.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.changes.records import Header, Record, entry_of, record_of
from shelfspace.durable_log import START, DurableLog
from shelfspace.errors import ArtifactError, CapacityError, InputError

__all__ = ["DeltaLimits", "DeltaSegment", "DeltaView", "Entry", "open_log", "superseded"]

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


@dataclass(frozen=True, eq=False)
class Entry:
    """The newest state of a product that the log names and that is there.

    Attributes:
        row: its row of the release, or, where it was added since, a number above all rows.
        vector: (dim,) float32; None where the release's own vector stands.
        facts: what was said of it since; over the release's facts where the vector is None.
        sequence: number of its last change.
    """

    row: int
    vector: np.ndarray | None
    facts: dict[str, Any]
    sequence: int


@dataclass(frozen=True, eq=False)
class DeltaView:
    """One state of the segment; never changed.

    Attributes:
        sequence: number of the last change in it.
        entries: product id to what the log says of it.
        hidden: ascending rows of the release whose vector counts no more.
        gone: products of the release that were deleted.
    """

    sequence: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    hidden: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    gone: frozenset[str] = frozenset()

    @cached_property
    def _placed(self) -> list[tuple[int, str, np.ndarray]]:
        found = [(e.row, product, e.vector) for product, e in self.entries.items() if e.vector is not None]
        return sorted(found, key=lambda part: part[0])

    @cached_property
    def rows(self) -> np.ndarray:
        """(m,) ascending row numbers of the products whose vector is in the log."""
        return np.array([row for row, _, _ in self._placed], np.int64)

    @cached_property
    def vectors(self) -> np.ndarray:
        """(m, dim) float32, in the order of `rows`."""
        parts = [vector for _, _, vector in self._placed]
        return np.stack(parts) if parts else np.empty((0, 0), np.float32)

    @cached_property
    def ids(self) -> dict[int, str]:
        """Row number to product, of the products whose vector is in the log."""
        return {row: product for row, product, _ in self._placed}


class DeltaSegment:
    """Changes over one release, durable in a log.

    Args:
        path: the log's file; made where absent.
        header: release, encoder and vector length.
        rows: product id to row of the release; empty without a release.
        limits: size beyond which writes are refused.

    Raises:
        ArtifactError: the log is damaged or belongs to another release.
    """

    def __init__(
        self, path: Path, header: Header, rows: Mapping[str, int], limits: DeltaLimits | None = None
    ) -> None:
        self.limits = limits or DeltaLimits()
        self.dim = header.dim
        self._rows = rows
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

    def write(self, records: Sequence[Record]) -> list[Record]:
        """Append changes as one write; durable when it returns.

        Sequence numbers and places are given here. Deleting or changing a product that is not
        there is left out; what is returned is what counted.

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
                state = State(self._view, len(self._rows))
                made: list[Record] = []
                for record in records:
                    numbered = self._numbered(record, state, self._position.sequence + len(made) + 1)
                    if numbered is not None:
                        state.apply(numbered, self._rows)
                        made.append(numbered)
                if not made:
                    return []
                self._append(state, made)
            self._position = self._position._replace(sequence=made[-1].sequence)
            self._view = state.view(made[-1].sequence)
            return made

    def _numbered(self, record: Record, state: "State", sequence: int) -> Record | None:
        known = state.row_of(record.product_id, self._rows)
        if record.kind != "put":
            return None if known is None else replace(record, sequence=sequence)
        n = len(self._rows)
        placed = sequence if known is None else max(0, known - n)
        return replace(record, sequence=sequence, placed=placed)

    def _append(self, state: "State", made: list[Record]) -> None:
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
        state = State(DeltaView() if replaced else self._view, len(self._rows))
        for entry in entries:
            state.apply(record_of(entry), self._rows)
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


class State:
    """A view being changed."""

    def __init__(self, view: DeltaView, n: int) -> None:
        self.entries = dict(view.entries)
        self.hidden = set(view.hidden.tolist())
        self.gone = set(view.gone)
        self._n = n

    def row_of(self, product_id: str, rows: Mapping[str, int]) -> int | None:
        """The product's row number; None where it is not there."""
        entry = self.entries.get(product_id)
        if entry is not None:
            return entry.row
        row = rows.get(product_id)
        return None if row is None or row in self.hidden else row

    def apply(self, record: Record, rows: Mapping[str, int]) -> None:
        """Let one numbered record count."""
        product, row = record.product_id, rows.get(record.product_id)
        if record.kind == "put":
            place = self._n + record.placed if record.placed or row is None else row
            self.entries[product] = Entry(place, record.vector, record.facts, record.sequence)
            self.gone.discard(product)
        elif record.kind == "delete":
            self.entries.pop(product, None)
            if row is not None:
                self.gone.add(product)
        else:
            self._change(record, rows)
            return
        if row is not None:
            self.hidden.add(row)

    def _change(self, record: Record, rows: Mapping[str, int]) -> None:
        there = self.row_of(record.product_id, rows)
        if there is None:
            return
        entry = self.entries.get(record.product_id)
        vector = entry.vector if entry else None
        facts = {**(entry.facts if entry else {}), **record.facts}
        self.entries[record.product_id] = Entry(there, vector, facts, record.sequence)

    def view(self, sequence: int) -> DeltaView:
        hidden = np.array(sorted(self.hidden), np.int64)
        return DeltaView(sequence, self.entries, hidden, frozenset(self.gone))


def superseded(records: Iterable[Record]) -> list[Record]:
    """What is left of records, in order, when those that later ones have overtaken are taken out.

    Per product the last put or delete stays, and of the changes after it each that still says
    something: a fact that no later change says again.
    """
    kept: dict[str, list[Record]] = {}
    for record in records:
        if record.kind != "change":
            kept[record.product_id] = [record]
            continue
        before = kept.setdefault(record.product_id, [])
        before[:] = [r for r in before if r.kind != "change" or not r.facts.keys() <= record.facts.keys()]
        before.append(record)
    return sorted((r for parts in kept.values() for r in parts), key=lambda r: r.sequence)


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
