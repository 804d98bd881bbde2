"""One busy day of an inbox, killed before every change of a file, or met by further files there.

After the next run all is as on a day without a kill: the same bytes of the snapshot, the same ledger, each
file in its place. What comes in the middle of a run is neither lost nor taken twice.
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from catalog.deliveries import collect
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from shelfspace.hashing import bytes_hash, file_hash, tree_hashes
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import event, photo, product, write_catalogue

COUNT = 8
SETTINGS = load_settings(overrides={"collection": {"quiet_seconds": 0, "max_delete_share": 0.4}})
CHANGES = ((os, "replace"), (os, "rename"), (os, "unlink"), (shutil, "copyfile"), (shutil, "rmtree"))
"""Whatever makes a file appear, move or go."""
POINTS = (
    ("replace state", 1), ("replace refused", 1), ("replace state", 2), ("replace media", 1),
    ("replace snapshot", 1), ("replace state", 3), ("rename inbox", 1), ("replace state", 5),
    ("rename inbox", 3), ("replace w", 1),
)  # fmt: skip
"""Changes to try, how and in which folder each is made, and the how manieth of its kind; in their order."""
LIKE = {
    "rmtree state": "nothing is done yet",
    "copyfile inbox": "nothing is done yet",
    "replace products": "shards that no manifest names: replace snapshot",
    "replace events": "shards that no manifest names: replace snapshot",
    "unlink ": "the copies that are read go: replace state 5",
    "rename media": "some files are moved: rename inbox 3",
}
"""Kinds of changes that are not tried, and which is like them."""
INBOX = {
    "02-new.csv": "product_id,title,photos\nn,New,n.png\n",
    "03-events.csv": "user_id,product_id,event,time\nu9,p1,view,2026-02-01T00:00:00Z\n",
    "05-bad.csv": "title,price\nno id,3\n",
    "06-few-bad.csv": "product_id,brand\n" + "".join(f"p{4 + i % 4},b{i}\n" for i in range(20)) + ",x\n",
    "07-many-gone.csv": "product_id,_deleted\n" + "".join(f"p{i},true\n" for i in range(4, 8)),
    "08-prices.csv": "product_id,price\np5,4\np7,4\n",
    "09-old.csv": "product_id,title,updated_at\np6,older,2025-01-01T00:00:00Z\n",
    "media/n.png": "a photo",
    "media/stray.png": "nobody names it",
}


class Killed(BaseException):
    """The process is gone: nothing behind it runs, not even what cleans up."""


@contextmanager
def at_change(number: int, happens: Callable[[], None]) -> Iterator[list[str]]:
    """Call `happens` before the change of that number; yields how and in which folder each was made."""
    seen: list[str] = []
    dead: list[bool] = []
    kept = [(module, name, getattr(module, name)) for module, name in CHANGES]

    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: Any, **kwargs: Any) -> Any:
            if dead:
                raise Killed
            seen.append(f"{work.__name__} {Path(args[0]).parent.name}")
            if len(seen) == number:
                for module, name, own in kept:
                    setattr(module, name, own)
                try:
                    happens()
                except Killed:
                    dead.append(True)
                    raise
                finally:
                    patch()
            return work(*args, **kwargs)

        return change

    def patch() -> None:
        for module, name, own in kept:
            setattr(module, name, watched(own))

    patch()
    try:
        yield seen
    finally:
        for module, name, own in kept:
            setattr(module, name, own)


def points(seen: list[str]) -> list[int]:
    """Changes to try, counted from 1."""
    assert {*LIKE} | {change for change, _ in POINTS} == {*seen}
    return [n for n, one in enumerate(seen, 1) if (one, seen[:n].count(one)) in POINTS]


def die() -> None:
    raise Killed


class Day:
    """A workspace on the morning of that day, copied from one that was prepared once."""

    def __init__(self, prepared: Path, place: Path) -> None:
        shutil.copytree(prepared, place)
        self.place, self.workspace = place, Workspace(place / "w", "shop")

    @property
    def source(self) -> CatalogSource:
        return open_catalog(str(self.place / "shop"))

    def put(self, name: str, text: str, then: float = 2e9) -> None:
        path = self.workspace.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (then, then))

    def run(self) -> tuple[str, ...]:
        found = collect.collect(self.workspace, self.source, SETTINGS, user_key=b"k", progress=False)
        collect.note_taken(self.workspace, found, file_hash(self.workspace.snapshot / "manifest.json"))
        return found.said

    def told(self) -> dict[str, Any]:
        """All that a day leaves: the snapshot's bytes, the files of the inbox, the ledger but its times."""
        ledger = read_ledger(self.workspace.state)
        entries = [asdict(e) | {"arrived": "", "changed": ""} for e in ledger.entries.values()]
        return {
            "snapshot": tree_hashes(self.workspace.snapshot),
            "inbox": tree_hashes(self.workspace.inbox),
            "reading": list((self.workspace.state / "reading").glob("*")),
            "strays": [path.relative_to(self.place) for path in self.place.rglob(".*.tmp")],
            "ledger": [*entries, ledger.last, ledger.snapshots, ledger.unnamed],
        }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has taken deliveries, one held and approved; the table changed, and the inbox is full."""
    place = tmp_path_factory.mktemp("prepared") / "day"
    rows = [product(i, price="2", updated_at="2026-01-01" if i == 6 else "") for i in range(COUNT)]
    write_catalogue(place / "shop", rows, [event(0)], {"0.png": photo("white")})
    empty = place.with_name("empty")
    shutil.move(place, empty)
    day = Day(empty, place)
    day.put("08-prices.csv", "product_id,price\np5,2.5\n")
    day.run()
    day.put("00-held.csv", "product_id,_deleted\n" + "".join(f"p{i},true\n" for i in range(4)))
    day.run()
    approve(day.workspace, "00-held.csv")
    rows[7] |= {"title": "changed"}
    write_catalogue(place / "shop", [*rows, product(0, product_id="s", photos="0.png")], [event(0), event(1)])
    for then, (name, text) in enumerate(INBOX.items(), 1_000_000_000):
        day.put(name, text, then)
    return place


def test_a_kill_before_any_change_of_a_file_loses_nothing_and_doubles_nothing(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    whole = Day(prepared, tmp_path / "whole")
    with at_change(0, die) as seen:
        whole.run()
    wanted = whole.told()
    states = [entry["state"] for entry in wanted["ledger"][:-3]]
    assert set(states) >= {State.TAKEN, State.HELD, State.REFUSED, State.SUPERSEDED}
    assert wanted["strays"] == []
    assert len(points(seen)) == len(POINTS)
    different = []
    for number in points(seen):
        day = Day(prepared, tmp_path / str(number))
        # The run that is killed is another process than the next one.
        with monkeypatch.context() as other, at_change(number, die), suppress(Killed):
            other.setattr(os, "getpid", lambda: 1 << 30)
            day.run()
        day.run()
        told = day.told()
        different += [(number, part) for part in wanted if told[part] != wanted[part]]
        shutil.rmtree(day.place)
    assert different == []


def test_what_comes_in_the_middle_of_a_run_is_taken_once(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further file, another of a name that is being read, and a list that names a photo that waited."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    whole = Day(prepared, tmp_path / "whole")
    with at_change(0, die) as seen:
        whole.run()
    for place, number in enumerate(points(seen)[1::3]):
        day = Day(prepared, tmp_path / str(number))

        def come(day: Day = day, dies: bool = place % 2 == 1) -> None:
            day.put("08-prices.csv", "product_id,price\np5,6\np7,6\n")
            day.put("10-late.csv", "product_id,title,photos\nm,Late,stray.png\n", 2e9 + 1)
            if dies:
                raise Killed

        with at_change(number, come), suppress(Killed):
            day.run()
        day.run()
        assert not [p for p in day.workspace.inbox.iterdir() if p.is_file() and "gone" not in p.name], number
        found = read_raw_products(day.workspace.snapshot).set_index("product_id")
        assert found["price"].to_dict() == prices(day.workspace), number
        assert found.loc["m", "title"] == "Late", number
        assert (day.workspace.inbox / "done" / "media" / "stray.png").exists(), number
        shutil.rmtree(day.place)


def prices(workspace: Workspace) -> dict[str, str]:
    """What the files that were taken say, in the order in which they came."""
    found = {f"p{i}": "2" for i in range(COUNT)} | {"s": "1.50"}
    names = []
    for entry in read_ledger(workspace.state).entries.values():
        if entry.kind != "products" or entry.state is not State.TAKEN:
            continue
        # What was read and then replaced under its name is no more; it was taken as it stood.
        path = workspace.inbox / entry.archive
        text = path.read_text() if entry.archive else INBOX[entry.name]
        assert bytes_hash(text.encode()) == entry.digest
        names.append(entry.archive or entry.arrival)
        for row in pd.read_csv(io.StringIO(text), dtype=str).dropna(subset="product_id").to_dict("records"):
            if row.get("_deleted") == "true":
                found.pop(row["product_id"], None)
            elif row["product_id"] in found or "title" in row:
                found[row["product_id"]] = row.get("price", found.get(row["product_id"], ""))
    assert len(set(names)) == len(names)
    return found
