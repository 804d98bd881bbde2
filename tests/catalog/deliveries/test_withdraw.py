"""Deliveries held after they were taken: out of the next snapshot, back when a person approves them."""

from pathlib import Path
from typing import Any

import pytest

from catalog.deliveries.attention import attention
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve, mark_cleaned, mark_released, repeats
from catalog.deliveries.pending import pending
from catalog.deliveries.withdraw import hold_source, hold_taken, source_changed, still_there, taken_since
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.versions import raw_table_version
from catalog.sources.base import CatalogSource
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, deliver, product, write_catalogue


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w", "shop")


@pytest.fixture
def shop(tmp_path: Path, workspace: Workspace) -> CatalogSource:
    """A catalogue of which one snapshot is taken."""
    source = write_catalogue(tmp_path / "shop", [product(i) for i in range(4)])
    collected(workspace, source)
    return source


def take(workspace: Workspace, shop: CatalogSource, name: str = "", **row: Any) -> str:
    """Deliver a row, collect and clean; the snapshot's version."""
    if row:
        deliver(workspace.inbox, name, [row])
    collected(workspace, shop)
    version = read_ledger(workspace.state).snapshots[-1]
    mark_cleaned(workspace, version)
    return version


def prices(workspace: Workspace) -> dict[str, str]:
    rows = read_raw_products(workspace.snapshot)
    return dict(zip(rows["product_id"], rows["price"], strict=True))


def states(workspace: Workspace) -> dict[str, State]:
    return {e.name: e.state for e in read_ledger(workspace.state).entries.values()}


def test_what_is_held_leaves_the_next_snapshot_and_comes_back_when_approved(
    workspace: Workspace, shop: CatalogSource
) -> None:
    before = take(workspace, shop)
    table = raw_table_version(workspace.snapshot, "products")
    whole = take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    mark_released(workspace, "000002-aaaaaaaa")
    assert [e.name for e in taken_since(workspace, before)] == ["a.jsonl"]
    assert not taken_since(workspace, whole)
    (held,) = hold_taken(workspace, [1], "release 000002 was rolled back")
    assert (held.state, held.withdrawn) == (State.HELD, True)
    assert [e.arrival for e in still_there(workspace)] == [1], (
        "the clean tables have it until they are made anew"
    )
    assert "release 000002 was rolled back" in attention(workspace)[0]
    assert not pending(workspace, 0), "nobody asks for a run before a person decides"

    without = take(workspace, shop, "b.jsonl", product_id="p2", price="8")
    assert prices(workspace) == {"p0": "1.50", "p1": "2.50", "p2": "8", "p3": "4.50"}
    assert not still_there(workspace)
    assert states(workspace) == {"a.jsonl": State.HELD, "b.jsonl": State.TAKEN}
    assert not [e for e in taken_since(workspace, before) if e.name == "a.jsonl"], (
        "it is not there to be taken out"
    )
    assert without not in (before, whole)
    assert raw_table_version(workspace.snapshot, "products") != table

    mark_released(workspace, "000003-bbbbbbbb")
    approve(workspace, "a.jsonl")
    assert [one.name for one in pending(workspace, 0)] == ["a.jsonl"]
    take(workspace, shop)
    assert prices(workspace) == {"p0": "1.50", "p1": "9", "p2": "8", "p3": "4.50"}
    assert states(workspace) == {"a.jsonl": State.TAKEN, "b.jsonl": State.DONE}
    assert read_raw_products(workspace.snapshot)["source_row"].is_unique
    assert not still_there(workspace)
    ledger = read_ledger(workspace.state)
    assert [ledger.has(one, ledger.entries[1]) for one in (before, whole, without)] == [False, True, False]
    assert [e.name for e in taken_since(workspace, whole)] == ["b.jsonl"], (
        "that one has it, held since or not"
    )
    assert [e.name for e in taken_since(workspace, without)] == ["a.jsonl"]


def test_what_no_snapshot_was_without_is_where_it_was(workspace: Workspace, shop: CatalogSource) -> None:
    whole = take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    hold_taken(workspace, [1], "rolled back")
    approve(workspace, "a.jsonl")
    take(workspace, shop, "b.jsonl", product_id="p2", price="8")
    assert [e.name for e in taken_since(workspace, whole)] == ["b.jsonl"]
    assert not read_ledger(workspace.state).entries[1].earlier


def test_the_same_file_again_waits_too_and_another_of_its_name_replaces_it(
    workspace: Workspace, shop: CatalogSource
) -> None:
    take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    hold_taken(workspace, [1], "bad prices")
    take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    assert prices(workspace)["p1"] == "2.50"
    assert states(workspace) == {"a.jsonl": State.HELD}
    take(workspace, shop, "a.jsonl", product_id="p1", price="3")
    assert prices(workspace)["p1"] == "3"
    assert [e.state for e in read_ledger(workspace.state).entries.values()] == [State.SUPERSEDED, State.TAKEN]
    (workspace.state / "deliveries.json").unlink()
    take(workspace, shop)
    assert prices(workspace)["p1"] == "3", "the snapshot remembers it without the ledger"


def test_held_deliveries_come_back_one_by_one_and_unchanged_is_unchanged(
    workspace: Workspace, shop: CatalogSource
) -> None:
    take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    whole = take(workspace, shop, "b.jsonl", product_id="p1", price="8")
    hold_taken(workspace, [1, 2], "rolled back")
    first, second = read_ledger(workspace.state).entries.values()
    assert (repeats(workspace, first), repeats(workspace, second)) == ("", "1")
    take(workspace, shop)
    assert prices(workspace)["p1"] == "2.50"
    assert collected(workspace, shop).report.unchanged
    approve(workspace, "1")
    take(workspace, shop)
    assert prices(workspace)["p1"] == "9"
    approve(workspace, "2")
    assert take(workspace, shop) == whole, "the snapshot is what it was, byte for byte"
    assert not taken_since(workspace, whole)
    assert not still_there(workspace)
    hold_taken(workspace, [2], "rolled back again")
    assert [e.arrival for e in still_there(workspace)] == [2]


def test_what_a_snapshot_that_nobody_knows_lacks_is_not_told(
    workspace: Workspace, shop: CatalogSource
) -> None:
    take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    assert not taken_since(workspace, "other.dir")


def rewrite(shop: CatalogSource, *rows: dict[str, str]) -> None:
    write_catalogue(shop.folder, [product(i) for i in range(4 - len(rows))] + list(rows))


def test_a_change_of_the_source_is_held_until_it_changes_again(
    workspace: Workspace, shop: CatalogSource
) -> None:
    before = take(workspace, shop)
    table = raw_table_version(workspace.snapshot, "products")
    rewrite(shop, product(3, price="99"))
    take(workspace, shop, "a.jsonl", product_id="p1", price="9")
    assert prices(workspace)["p3"] == "99"
    assert source_changed(workspace, before)
    assert not source_changed(workspace, read_ledger(workspace.state).snapshots[-1])
    for _ in range(2):
        held = hold_source(workspace, before, "release 000002 was rolled back")
    assert (held.state, held.digest) == (State.HELD, read_ledger(workspace.state).sources[-1]["source"])
    assert [e.name for e in still_there(workspace)] == ["source"]
    for name in ("b.jsonl", "c.jsonl"):  # and again: said twice, it is the same
        take(workspace, shop, name, product_id="p2", price="8")
        assert prices(workspace) == {"p0": "1.50", "p1": "9", "p2": "8", "p3": "4.50"}
    assert not still_there(workspace)
    assert raw_table_version(workspace.snapshot, "products") != table
    assert [s for s in attention(workspace) if "source is held: release 000002 was rolled back" in s]
    rewrite(shop, product(3, price="5"))
    take(workspace, shop)
    assert prices(workspace) == {"p0": "1.50", "p1": "9", "p2": "8", "p3": "5"}
    assert states(workspace)["source"] is State.SUPERSEDED
    take(workspace, shop)
    assert prices(workspace)["p3"] == "5"


def test_a_change_of_the_source_that_is_approved_counts_again(
    workspace: Workspace, shop: CatalogSource
) -> None:
    before = take(workspace, shop)
    rewrite(shop, product(2, price="77"), product(9))
    take(workspace, shop)
    hold_source(workspace, before, "rolled back")
    take(workspace, shop)
    assert prices(workspace) == {f"p{i}": f"{i + 1}.50" for i in range(4)}
    approve(workspace, "source")
    take(workspace, shop)
    assert prices(workspace) == {"p0": "1.50", "p1": "2.50", "p2": "77", "p9": "10.50"}
    assert states(workspace)["source"] is State.TAKEN
    assert collected(workspace, shop).report.unchanged
    assert source_changed(workspace, before), "and may be held again"
    hold_source(workspace, before, "rolled back again")
    take(workspace, shop)
    assert prices(workspace)["p2"] == "3.50"
