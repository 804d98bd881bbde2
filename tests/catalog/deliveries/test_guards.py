"""Mass removal and mass price change are held until somebody approves them, on every way in."""

from pathlib import Path

import pytest

from catalog.deliveries.collect import Collected
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve
from catalog.deliveries.pending import pending
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from shelfspace.errors import CatalogError
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, product, write_catalogue

COUNT = 20


@pytest.fixture
def shop(tmp_path: Path, workspace: Workspace) -> CatalogSource:
    source = write_catalogue(tmp_path / "shop", [product(i) for i in range(COUNT)])
    collected(workspace, source)
    return source


def deliver(workspace: Workspace, shop: CatalogSource, **files: str) -> Collected:
    workspace.inbox.mkdir(exist_ok=True)
    for name, text in files.items():
        (workspace.inbox / f"{name}.csv").write_text(text)
    return collected(workspace, shop)


def gone(*numbers: int) -> str:
    return "product_id,_deleted\n" + "".join(f"p{i},true\n" for i in numbers)


def prices(numbers: range, factor: float) -> str:
    return "product_id,price\n" + "".join(f"p{i},{(i + 1.5) * factor:.2f}\n" for i in numbers)


def count(workspace: Workspace) -> int:
    return len(read_raw_products(workspace.snapshot))


def states(workspace: Workspace) -> dict[str, State]:
    return {entry.name: entry.state for entry in read_ledger(workspace.state).entries.values()}


def test_tombstones_for_many_are_held_and_the_others_go_on(workspace: Workspace, shop: CatalogSource) -> None:
    found = deliver(workspace, shop, many=gone(*range(12)), good="product_id,title\nn,New\n")
    assert count(workspace) == COUNT + 1
    assert states(workspace) == {"many.csv": State.HELD, "good.csv": State.TAKEN}
    assert found.said[0].startswith("many.csv is held: 12 of 20 products gone")
    assert (workspace.inbox / "many.csv").exists()
    assert pending(workspace, 0)[0].name == "good.csv", "what is held asks for no run"


def test_what_is_approved_goes_through_once(workspace: Workspace, shop: CatalogSource) -> None:
    deliver(workspace, shop, many=gone(*range(12)))
    assert deliver(workspace, shop).report.unchanged
    with pytest.raises(CatalogError, match=r"held: 1 \(many\.csv\)"):
        approve(workspace, "other.csv")
    approve(workspace, "many.csv")
    assert [entry.name for entry in pending(workspace, 0)] == ["many.csv"]
    deliver(workspace, shop)
    assert count(workspace) == 8
    assert states(workspace) == {"many.csv": State.TAKEN}
    deliver(workspace, shop, many=gone(*range(12, 19)))
    assert (count(workspace), states(workspace)["many.csv"]) == (8, State.HELD)


def test_what_is_approved_late_counts_where_it_came_in(workspace: Workspace, shop: CatalogSource) -> None:
    """Of each product what came meanwhile stays, the same value again, a field, a removal."""
    deliver(workspace, shop, before="product_id,price\np3,7\n")
    text = "product_id,price,brand\n" + "".join(f"p{i},{(i + 1.5) * 100:.2f},Held\n" for i in range(12))
    deliver(workspace, shop, held=text)
    deliver(workspace, shop, price="product_id,price\np1,2.60\np3,7\n")
    deliver(workspace, shop, gone=gone(5), whole="product_id,title,brand\np2,new title,\nn,New,\n")
    approve(workspace, "held.csv")
    (said,) = deliver(workspace, shop).said
    assert said == "held.csv: 1 of 12 rows are older than what is there, and passed over"
    rows = read_raw_products(workspace.snapshot).set_index("product_id")[["title", "price", "brand"]]
    assert rows.loc[["p0", "p1", "p2", "p3"]].values.tolist() == [
        ["product 0", "150.00", "Held"], ["product 1", "2.60", "Held"], ["new title", "350.00", ""],
        ["product 3", "7", "Held"],
    ]  # fmt: skip
    assert "p5" not in rows.index
    assert deliver(workspace, shop).report.unchanged


def test_a_price_that_came_after_a_removal_approved_late_makes_no_product(
    workspace: Workspace, shop: CatalogSource
) -> None:
    deliver(workspace, shop, held=gone(*range(12)))
    deliver(workspace, shop, price="product_id,price\np1,2.60\n", again="product_id,title\np2,Back\n")
    approve(workspace, "held.csv")
    deliver(workspace, shop)
    rows = read_raw_products(workspace.snapshot).set_index("product_id")
    assert set(rows.index) & {f"p{i}" for i in range(12)} == {"p2"}


def test_a_later_time_counts_also_in_what_is_approved_late(workspace: Workspace, shop: CatalogSource) -> None:
    lines = "".join(f"p{i},{(i + 1.5) * 100:.2f},2026-03-0{1 + i % 2}\n" for i in range(12))
    deliver(workspace, shop, held=f"product_id,price,updated_at\n{lines}")
    deliver(workspace, shop, a="product_id,price,updated_at\np0,1,2026-02-01\np1,1,2026-03-03\n")
    approve(workspace, "held.csv")
    deliver(workspace, shop)
    rows = read_raw_products(workspace.snapshot).set_index("product_id")
    assert rows.loc[["p0", "p1"], "price"].tolist() == ["150.00", "1"]


def test_a_source_that_is_approved_late_counts_where_it_changed(
    workspace: Workspace, shop: CatalogSource
) -> None:
    deliver(workspace, shop, a="product_id,brand\np0,early\np1,early\n")
    rows = [product(i, price=f"{i + 1}50", brand="source", updated_at="") for i in range(COUNT)]
    write_catalogue(shop.folder, rows)
    assert deliver(workspace, shop).report.source_held
    deliver(workspace, shop, b="product_id,brand\np1,early\n")
    approve(workspace, "source")
    deliver(workspace, shop)
    found = read_raw_products(workspace.snapshot).set_index("product_id")
    assert found.loc[["p0", "p1"], "price"].tolist() == ["150", "250"]
    assert found.loc[["p0", "p1"], "brand"].tolist() == ["source", "early"]


def test_removals_of_a_run_count_together(workspace: Workspace, shop: CatalogSource) -> None:
    write_catalogue(shop.folder, [product(i) for i in range(COUNT - 3)])
    found = deliver(workspace, shop, a=gone(0, 1, 2))
    assert count(workspace) == COUNT - 3
    assert "3 of 20 products gone (with 3 that others of this run remove)" in found.said[0]
    deliver(workspace, shop)
    assert states(workspace) == {"a.csv": State.HELD}, "held until approved, also when the next run is alone"


def test_few_tombstones_are_no_mass_removal_in_a_small_shop(tmp_path: Path, workspace: Workspace) -> None:
    shop = write_catalogue(tmp_path / "small", [product(i) for i in range(3)])
    collected(workspace, shop)
    deliver(workspace, shop, a=gone(0, 1))
    assert count(workspace) == 1


def test_emptied_products_count_as_removed(workspace: Workspace, shop: CatalogSource) -> None:
    text = "product_id,title\n" + "".join(f"p{i},\n" for i in range(12))
    assert "12 of 20 products gone" in deliver(workspace, shop, a=text).said[0]


@pytest.mark.parametrize(
    ("factor", "held"), [(100, True), (0.01, True), (10, True), (2, False), (0.5, False)]
)
def test_a_decimal_mark_lost_in_a_price_list_is_held(
    workspace: Workspace, shop: CatalogSource, factor: float, held: bool
) -> None:
    found = deliver(workspace, shop, a=prices(range(10), factor))
    assert states(workspace) == {"a.csv": State.HELD if held else State.TAKEN}
    assert any("10 of 10 prices move by more than 5 times" in sentence for sentence in found.said) == held


def test_prices_that_vanish_are_held_and_a_few_that_move_far_are_not(
    workspace: Workspace, shop: CatalogSource
) -> None:
    text = "product_id,price\n" + "".join(f"p{i},\n" for i in range(10))
    assert "to nothing" in deliver(workspace, shop, a=text).said[0]
    mixed = prices(range(12), 1.1) + prices(range(12, 14), 100).partition("\n")[2]
    deliver(workspace, shop, b=mixed)
    assert states(workspace) == {"a.csv": State.HELD, "b.csv": State.TAKEN}


def test_a_decimal_mark_lost_in_the_source_is_held_until_it_is_approved_or_mended(
    workspace: Workspace, shop: CatalogSource
) -> None:
    before = read_raw_products(workspace.snapshot)
    write_catalogue(shop.folder, [product(i, price=f"{i + 1}50") for i in range(COUNT)])
    found = deliver(workspace, shop, good="product_id,title\nn,New\n")
    assert found.said[0].startswith("source is held: 20 of 20 prices move")
    assert count(workspace) == COUNT + 1
    assert set(read_raw_products(workspace.snapshot)["price"]) == {*before["price"], ""}
    approve(workspace, "source")
    assert {entry.name for entry in pending(workspace, 0)} == {"source", "good.csv"}
    assert deliver(workspace, shop).said == ()
    assert read_raw_products(workspace.snapshot)["price"].tolist()[:2] == ["150", "250"]
    assert states(workspace)["source"] is State.TAKEN


def test_a_source_that_is_mended_needs_no_approval(workspace: Workspace, shop: CatalogSource) -> None:
    write_catalogue(shop.folder, [product(0)])
    assert deliver(workspace, shop).report.source_held
    write_catalogue(shop.folder, [product(i) for i in range(COUNT)])
    assert deliver(workspace, shop).said == ()
    assert states(workspace) == {"source": State.SUPERSEDED}


def test_a_limit_that_was_raised_lets_a_held_source_through(
    workspace: Workspace, shop: CatalogSource
) -> None:
    write_catalogue(shop.folder, [product(i) for i in range(8)])
    assert deliver(workspace, shop).report.source_held
    wide = Settings.model_validate({"collection": {"max_delete_share": 0.9}})
    assert collected(workspace, shop, wide).said == ()
    assert (count(workspace), states(workspace)) == (8, {"source": State.TAKEN})


def test_another_file_of_a_held_name_is_judged_for_itself(workspace: Workspace, shop: CatalogSource) -> None:
    deliver(workspace, shop, a=gone(*range(12)))
    deliver(workspace, shop, a=gone(3))
    assert count(workspace) == COUNT - 1
    entries = read_ledger(workspace.state).entries
    assert [entries[n].state for n in (1, 2)] == [State.SUPERSEDED, State.TAKEN]
