"""Deliveries in any order, with kills in any place, come to what a plain dictionary says."""

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from catalog.deliveries import archive, collect, ledger
from catalog.deliveries.collect import note_taken
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve
from catalog.snapshot import media_store, shards, write
from catalog.snapshot.shards import read_raw_products
from catalog.sources.open import open_catalog
from shelfspace.hashing import file_hash
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace

SETTINGS = load_settings(
    overrides={"collection": {"quiet_seconds": 1e6, "max_delete_share": 0.5, "shard_rows": 3}}
)
FIELDS = ("title", "price", "brand")
IDS = st.sampled_from([f"p{i}" for i in range(6)])
PRICES = st.sampled_from(["1", "2", "3", "4"])  # never far enough apart for the guard of prices
BRANDS = st.sampled_from(["", "Ash", "Oak"])
TITLES = st.sampled_from(["a chair", "a table"])
Row = dict[str, str]
KILLS = (
    (shards, "write_table"), (write, "write_sealed_json"), (ledger, "write_sealed_json"),
    (archive, "_move"), (archive, "write_text"), (media_store, "write_index"), (collect, "read_delivery"),
)  # fmt: skip


def files(most: int, **columns: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    row = st.fixed_dictionaries({"product_id": IDS, **columns})
    return st.lists(row, min_size=1, max_size=most, unique_by=lambda row: row["product_id"])


ROWS = st.one_of(
    files(3, title=TITLES, price=PRICES, brand=BRANDS),
    files(3, price=PRICES),
    files(2, brand=BRANDS),
    files(5, _deleted=st.just("true")),
)


class Shop:
    """What the shop should be: what was let in, each thing at the place where it came."""

    def __init__(self) -> None:
        self.source: dict[str, Row] = {}
        self.let_in: list[tuple[float, dict[str, Row] | list[Row]]] = []
        self.waiting: list[tuple[str, int, list[Row]]] = []
        self.held: set[str] = set()
        self.approved: set[str] = set()
        self.source_held: tuple[dict[str, Row], float] = ({}, 0.0)
        self.came = self.ended = 0

    @property
    def present(self) -> dict[str, Row]:
        return self.after(self.let_in)

    def after(self, things: list[tuple[float, dict[str, Row] | list[Row]]]) -> dict[str, Row]:
        """Rows by id: tables of the source (mappings) and files (lists), from the earliest on."""
        rows: dict[str, Row] = {}
        seen: dict[str, Row] = {}
        for _, thing in sorted(things, key=lambda one: one[0]):
            if isinstance(thing, dict):
                rows = {i: row for i, row in rows.items() if i in thing or i not in seen}
                rows |= {i: row for i, row in thing.items() if seen.get(i) != row}
                seen = thing
                continue
            for row in thing:
                i = row["product_id"]
                if "_deleted" in row:
                    rows.pop(i, None)
                elif i in rows or "title" in row:
                    old = rows.get(i, dict.fromkeys(FIELDS, ""))
                    rows[i] = {**old, **{k: v for k, v in row.items() if k in FIELDS}}
        return rows

    def collect(self) -> None:
        before, gone = self.present, set[str]()
        there = len(before)
        last = next((t for _, t in reversed(self.let_in) if isinstance(t, dict)), None)
        if self.source != last:
            at = self.ended + 0.5
            if "source" in self.approved and self.source_held[0] == self.source:
                at = self.source_held[1]
            things = [*self.let_in, (at, dict(self.source))]
            lost = set(before) - set(self.after(things))
            if lost and len(lost) > there / 2 and "source" not in self.approved:
                if "source" not in self.held or self.source_held[0] != self.source:
                    self.source_held = (dict(self.source), self.came + 0.5)
                self.held.add("source")
            else:
                gone = lost if "source" not in self.approved else set()
                self.let_in = things
        if self.source == next((t for _, t in reversed(self.let_in) if isinstance(t, dict)), None):
            self.held.discard("source")
            self.approved.discard("source")
        left = []
        for name, came, rows in self.waiting:
            if name in self.held and name not in self.approved:
                left.append((name, came, rows))
                continue
            described = {row["product_id"] for row in rows if "title" in row}
            stood = self.after([one for one in self.let_in if one[0] < came])
            if any(
                not {"title", "_deleted"} & set(row) and row["product_id"] not in {*stood, *described}
                for row in rows
            ):
                continue  # refused: a tenth may be bad, and no file here is that long
            things = [*self.let_in, (came, rows)]
            after = self.after(things)
            lost, named = set(self.present) - set(after), {row["product_id"] for row in rows}
            approved = name in self.approved
            if len(lost) > 2 and len(gone | lost) > there / 2 and not approved:
                self.held.add(name)
                left.append((name, came, rows))
                continue
            gone = gone if approved else (gone | lost) - (set(after) & named)
            self.let_in = things
            self.held.discard(name)
            self.approved.discard(name)
        self.waiting, self.ended = left, self.came


class Deliveries(RuleBasedStateMachine):
    """The inbox and the source of one shop, and the model beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.workspace = Workspace(self.place / "w", "shop")
        self.workspace.inbox.mkdir(parents=True)
        self.shop, self.number, self.clock = Shop(), 0, 0
        self.half: dict[str, tuple[Path, str, list[Row]]] = {}
        self.sent: list[tuple[str, list[Row]]] = []
        self.killed = False

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @initialize(rows=st.dictionaries(IDS, st.tuples(TITLES, PRICES, BRANDS), min_size=4))
    def begin(self, rows: dict[str, tuple[str, str, str]]) -> None:
        self.shop.source = {i: dict(zip(FIELDS, row, strict=True)) for i, row in rows.items()}
        self.write_source()
        self.run(None)

    def write_source(self) -> None:
        folder = self.place / "shop"
        folder.mkdir(exist_ok=True)
        rows = [{"product_id": i, **row} for i, row in self.shop.source.items()]
        table = pd.DataFrame(rows, columns=["product_id", *FIELDS])
        table.to_csv(folder / "products.csv", index=False)

    def settle(self, path: Path, name: str, rows: list[Row]) -> None:
        """The file is whole: nothing has happened to it for long, and it came after the others."""
        self.clock += 1
        then = 1e9 + self.clock
        os.utime(path, (then, then))
        self.shop.waiting = [one for one in self.shop.waiting if one[0] != name]
        self.shop.held.discard(name)
        self.shop.approved.discard(name)
        self.shop.came = self.clock
        self.shop.waiting.append((name, self.clock, rows))
        self.sent.append((name, rows))

    @rule(rows=ROWS)
    def put(self, rows: list[Row]) -> None:
        self.put_file(rows)

    def put_file(self, rows: list[Row]) -> None:
        self.number += 1
        name = f"{self.number}.csv"
        path = self.workspace.inbox / f"{name}.part"
        pd.DataFrame(rows).to_csv(path, index=False)
        path = path.rename(self.workspace.inbox / name)
        self.settle(path, name, rows)

    @rule(rows=ROWS, cut=st.integers(1, 40))
    def begin_to_write(self, rows: list[Row], cut: int) -> None:
        self.number += 1
        name = f"{self.number}.csv"
        text = pd.DataFrame(rows).to_csv(index=False)
        path = self.workspace.inbox / name
        path.write_text(text[:cut])
        self.half[name] = (path, text, rows)

    @precondition(lambda self: self.half)
    @rule(data=st.data())
    def end_writing(self, data: st.DataObject) -> None:
        path, text, rows = self.half.pop(data.draw(st.sampled_from(sorted(self.half))))
        path.write_text(text)
        self.settle(path, path.name, rows)

    @precondition(lambda self: self.sent and not self.killed)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        name, rows = data.draw(st.sampled_from(self.sent))
        if not (self.workspace.inbox / name).exists():
            pd.DataFrame(rows).to_csv(self.workspace.inbox / name, index=False)
            self.settle(self.workspace.inbox / name, name, rows)

    @precondition(lambda self: not self.killed)
    @rule(product=IDS, row=st.none() | st.tuples(TITLES, PRICES, BRANDS))
    def change_source(self, product: str, row: tuple[str, str, str] | None) -> None:
        if row is None:
            self.shop.source.pop(product, None)
        else:
            self.shop.source[product] = dict(zip(FIELDS, row, strict=True))
        self.write_source()

    @precondition(lambda self: self.shop.held - self.shop.approved and not self.killed)
    @rule(data=st.data())
    def say_yes(self, data: st.DataObject) -> None:
        held = {e.name for e in read_ledger(self.workspace.state).unfinished(State.HELD) if not e.approved}
        assert held == self.shop.held - self.shop.approved
        name = data.draw(st.sampled_from(sorted(held)))
        approve(self.workspace, name)
        self.shop.approved.add(name)

    @rule()
    def collect(self) -> None:
        self.run(None)

    @precondition(lambda self: not self.killed)
    @rule(rows=ROWS, after=st.sampled_from([6, 4, 5, 3, 7, 2, 8, 1, 0]))
    def deliver_and_be_killed(self, rows: list[Row], after: int) -> None:
        self.put_file(rows)
        self.run(after)

    def run(self, after: int | None) -> None:
        """Collect; `after` so many writes, moves or files the process is killed."""
        with ExitStack() as stack:
            stack.enter_context(patch.object(collect, "WAITS", 0))
            if after is not None:
                left = iter(range(after))
                for module, name in KILLS:
                    stack.enter_context(patch.object(module, name, killing(getattr(module, name), left)))
            manifest = self.workspace.snapshot / "manifest.json"
            before = file_hash(manifest) if manifest.exists() else ""
            taken = self.taken()
            self.killed = True
            with suppress(KeyboardInterrupt):
                source = open_catalog(str(self.place / "shop"))
                found = collect.collect(self.workspace, source, SETTINGS, progress=False)
                note_taken(self.workspace, found, file_hash(manifest))
                self.killed = False
        done = manifest.exists() and file_hash(manifest) != before
        if not self.killed or done or self.taken() != taken:
            # What the manifest names is in, whatever the ledger could still say of it.
            self.shop.collect()

    def taken(self) -> set[int]:
        entries = read_ledger(self.workspace.state).entries.values()
        return {entry.arrival for entry in entries if entry.state is State.TAKEN}

    @invariant()
    def the_snapshot_is_the_shop(self) -> None:
        rows = read_raw_products(self.workspace.snapshot)
        found = {row["product_id"]: {name: row[name] for name in FIELDS} for _, row in rows.iterrows()}
        assert found == self.shop.present

    @precondition(lambda self: not self.killed)
    @invariant()
    def nothing_lies_about_unsaid(self) -> None:
        known = read_ledger(self.workspace.state)
        inbox = {path.name for path in self.workspace.inbox.iterdir() if path.is_file()}
        assert inbox == {name for name, *_ in self.shop.waiting} | set(self.half)
        closed = [
            e
            for e in known.entries.values()
            if e.kind != "source" and e.state not in (State.HELD, State.WAITING)
        ]
        files = [p for folder in ("done", "refused") for p in self.workspace.inbox.glob(f"{folder}/*.csv")]
        assert len(files) == sum(e.state in (State.TAKEN, State.REFUSED) for e in closed)
        assert all(entry.moved for entry in closed)


def killing(work: Any, left: Any) -> Any:
    def write(*args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return work(*args, **kwargs)

    return write


Deliveries.TestCase.settings = settings(
    max_examples=8, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDeliveries = Deliveries.TestCase
