"""What a log of changes says of each product: of two statements the later one counts, whichever came first.

A put or a delete speaks of the whole product, a change of some of its facts. Each is as old as the time it
was said to be true; of equal times the one that came later counts. So a put that comes late brings a title
and leaves the newer price, and a log read again ends where it ended.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from retrieval.changes.records import LONG_AGO, Record, moment

__all__ = ["DeltaView", "Entry", "PassedOver", "State", "superseded"]


class Known(NamedTuple):
    """When what is known of a product was true.

    Attributes:
        whole: of the product as such: put, deleted, or as the release has it.
        facts: fact to its time, of those that were said later.
    """

    whole: datetime = LONG_AGO
    facts: Mapping[str, datetime] = {}

    @property
    def latest(self) -> datetime:
        """The newest of all."""
        return max(self.whole, *self.facts.values()) if self.facts else self.whole

    def of(self, fact: str) -> datetime:
        """When a fact was true."""
        return self.facts.get(fact, self.whole)


class PassedOver(NamedTuple):
    """What was not taken from a write, since something newer is known.

    Attributes:
        product_id: of which product.
        facts: those that were not taken; all of them where this is empty.
        newer: the time of what is known.
    """

    product_id: str
    facts: tuple[str, ...]
    newer: datetime


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
        known: product id to when what is known of it was true; of those that the log names, deleted
            ones too.
    """

    sequence: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    hidden: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    gone: frozenset[str] = frozenset()
    known: Mapping[str, Known] = field(default_factory=dict)

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


class State:
    """A view being changed.

    Args:
        view: to begin with.
        rows: product id to row of the release.
        updated: time of a row as ISO 8601; "" where the catalogue does not say.
    """

    def __init__(self, view: DeltaView, rows: Mapping[str, int], updated: Callable[[int], str]) -> None:
        self.entries = dict(view.entries)
        self.hidden = set(view.hidden.tolist())
        self.gone = set(view.gone)
        self.known = dict(view.known)
        self._rows = rows
        self._updated = updated

    def row_of(self, product_id: str) -> int | None:
        """The product's row number; None where it is not there."""
        entry = self.entries.get(product_id)
        if entry is not None:
            return entry.row
        row = self._rows.get(product_id)
        return None if row is None or row in self.hidden else row

    def known_of(self, product_id: str) -> Known:
        """When what is known of a product was true."""
        known = self.known.get(product_id)
        if known is None:
            row = self._rows.get(product_id)
            return Known() if row is None else Known(moment(self._updated(row)))
        return known

    def settled(self, record: Record) -> tuple[Record | None, PassedOver | None]:
        """What counts of a record, and what does not; neither where there is no such product to change."""
        product, known = record.product_id, self.known_of(record.product_id)
        if record.kind == "change" and self.row_of(product) is None:
            return None, None
        if not record.time:  # nobody said: as new as its arrival
            return record, None
        time = moment(record.time)
        if record.kind == "change":
            return settled_change(record, {n: known.of(n) for n in record.facts if known.of(n) > time})
        if known.whole > time or (record.kind == "delete" and known.latest > time):
            return None, PassedOver(product, (), known.latest)
        newer = {name: said for name, said in known.facts.items() if said > time}
        if record.kind == "put" and newer:
            return settled_put(record, newer, self.entries[product].facts)
        return record, None

    def apply(self, record: Record) -> None:
        """Let what counts of a numbered record count; see `settled`."""
        product, row, known = record.product_id, self._rows.get(record.product_id), None
        time = moment(record.time) if record.time else self.known_of(product).latest
        if record.kind == "change":
            known = self.known_of(product)
            self._change(record)
            self.known[product] = Known(known.whole, {**known.facts, **dict.fromkeys(record.facts, time)})
            return
        self.known[product] = Known(time, {name: moment(said) for name, said in record.later.items()})
        if record.kind == "put":
            place = len(self._rows) + record.placed if record.placed or row is None else row
            self.entries[product] = Entry(place, record.vector, record.facts, record.sequence)
            self.gone.discard(product)
        else:
            self.entries.pop(product, None)
            if row is not None:
                self.gone.add(product)
        if row is not None:
            self.hidden.add(row)

    def _change(self, record: Record) -> None:
        there = self.row_of(record.product_id)
        assert there is not None  # noqa: S101 - settled
        entry = self.entries.get(record.product_id)
        vector = entry.vector if entry else None
        facts = {**(entry.facts if entry else {}), **record.facts}
        self.entries[record.product_id] = Entry(there, vector, facts, record.sequence)

    def view(self, sequence: int) -> DeltaView:
        """The state as it is now."""
        hidden = np.array(sorted(self.hidden), np.int64)
        return DeltaView(sequence, self.entries, hidden, frozenset(self.gone), self.known)


def settled_change(record: Record, newer: Mapping[str, datetime]) -> tuple[Record | None, PassedOver | None]:
    """A change without the facts that are known from later on."""
    if not newer:
        return record, None
    facts = {name: value for name, value in record.facts.items() if name not in newer}
    passed = PassedOver(record.product_id, tuple(newer) if facts else (), max(newer.values()))
    return (replace(record, facts=facts) if facts else None), passed


def settled_put(
    record: Record, newer: Mapping[str, datetime], known: Mapping[str, Any]
) -> tuple[Record, PassedOver | None]:
    """A put with the facts that are known from later on, which say so in `later`."""
    facts = {**record.facts, **{name: known[name] for name in newer}}
    later = {name: said.isoformat() for name, said in newer.items()}
    older = tuple(name for name in newer if name in record.facts)
    passed = PassedOver(record.product_id, older, max(newer.values())) if older else None
    return replace(record, facts=facts, later=later), passed


def superseded(records: Iterable[Record]) -> list[Record]:
    """What is left of records, in order, when those that later ones have overtaken are taken out.

    Per product the last put or delete stays, and of the changes after it each that still says
    something: a fact that no later change says again.
    """
    kept: dict[str, list[Record]] = {}
    for record in records:
        before = kept.setdefault(record.product_id, [])
        whole = moment(before[0].time) if before and before[0].kind != "change" else LONG_AGO
        if record.time and moment(record.time) < whole:
            continue
        if record.kind != "change":
            before[:] = [record]
            continue
        before[:] = [r for r in before if r.kind != "change" or not r.facts.keys() <= record.facts.keys()]
        before.append(record)
    return sorted((r for parts in kept.values() for r in parts), key=lambda r: r.sequence)
