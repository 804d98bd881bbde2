"""Deliveries held after they were taken: out of the next snapshot, back when a person approves them."""

from pathlib import Path
from typing import Any

import pytest

from catalog.deliveries.attention import attention
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve, mark_cleaned, mark_released
from catalog.deliveries.pending import pending
from catalog.deliveries.withdraw import hold_taken, still_there, taken_since
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
