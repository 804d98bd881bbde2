"""What a delivery says of a product, and what it leaves as it is."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.deliveries.ledger import State, read_ledger
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, product, write_catalogue

LATE, LATER = "2026-06-20T09:00:00Z", "2026-07-01T09:00:00Z"


@pytest.fixture
def shop(tmp_path: Path, workspace: Workspace) -> CatalogSource:
    rows = [product(i, description=f"words about {i}", brand="Ash") for i in range(5)]
    source = write_catalogue(tmp_path / "shop", rows)
    collected(workspace, source)
    return source


def drop(workspace: Workspace, name: str, text: str) -> None:
    workspace.inbox.mkdir(exist_ok=True)
    (workspace.inbox / name).write_text(text)


def deliver(workspace: Workspace, shop: CatalogSource, text: str, name: str = "a.csv") -> tuple[str, ...]:
    drop(workspace, name, text)
    return collected(workspace, shop).said


def row(workspace: Workspace, product_id: str) -> dict[str, str]:
    rows = read_raw_products(workspace.snapshot)
    found = rows[rows["product_id"] == product_id]
    assert len(found) == 1
    return found.iloc[0].to_dict()


def test_a_price_list_changes_prices_and_nothing_else(workspace: Workspace, shop: CatalogSource) -> None:
    before = read_raw_products(workspace.snapshot)
    deliver(workspace, shop, f"product_id,price,updated_at\np1,9.00,{LATE}\np2,7.50,{LATE}\n")
    after = read_raw_products(workspace.snapshot).set_index("product_id")
    assert after.loc[["p1", "p2", "p3"], "price"].tolist() == ["9.00", "7.50", "4.50"]
    others = [name for name in before.columns if name not in ("product_id", "price", "updated_at")]
    old = before.set_index("product_id")[others]
    pd.testing.assert_frame_equal(after[others].sort_index(), old.sort_index())


def test_an_empty_cell_empties_and_a_column_that_is_not_there_does_not(
    workspace: Workspace, shop: CatalogSource
) -> None:
    deliver(workspace, shop, "product_id,brand\np1,\n")
    assert (row(workspace, "p1")["brand"], row(workspace, "p1")["title"]) == ("", "product 1")


def test_lists_of_different_columns_add_up(workspace: Workspace, shop: CatalogSource) -> None:
    deliver(workspace, shop, "product_id,price\np1,9\n", "a.csv")
    deliver(workspace, shop, "product_id,brand\np1,Oak\n", "b.csv")
    deliver(workspace, shop, "product_id,price\np1,8\n", "c.csv")
    assert [row(workspace, "p1")[name] for name in ("price", "brand", "title")] == ["8", "Oak", "product 1"]


def test_the_third_counts_also_where_it_is_the_first_again(workspace: Workspace, shop: CatalogSource) -> None:
    for price in ("5", "6", "5"):
        deliver(workspace, shop, f"product_id,title,price\np1,Lamp,{price}\n", "sale.csv")
        assert row(workspace, "p1")["price"] == price
    assert sorted(path.name for path in (workspace.inbox / "done").iterdir()) == [
        "sale.2.csv",
        "sale.3.csv",
        "sale.csv",
    ]
    states = [(e.arrival, e.name, e.state) for e in read_ledger(workspace.state).entries.values()]
    assert states == [(number, "sale.csv", State.TAKEN) for number in (1, 2, 3)]


def test_what_the_source_says_later_counts_and_what_came_later_stays(
    workspace: Workspace, shop: CatalogSource
) -> None:
    deliver(workspace, shop, f"product_id,price,updated_at\np1,9,{LATER}\n")
    rows = [product(i, brand="Ash") for i in range(5)]
    rows[1] = product(1, title="new title", price="3", updated_at=LATE)
    collected(workspace, write_catalogue(shop.folder, rows))
    assert [row(workspace, "p1")[name] for name in ("title", "price")] == ["new title", "9"]
    rows[1] = product(1, title="newest", price="3", updated_at="2026-08-01T00:00:00Z")
    collected(workspace, write_catalogue(shop.folder, rows))
    assert [row(workspace, "p1")[name] for name in ("title", "price")] == ["newest", "3"]


def test_a_row_that_is_older_is_passed_over_and_that_is_said(
    workspace: Workspace, shop: CatalogSource
) -> None:
    deliver(workspace, shop, f"product_id,price,updated_at\np1,9,{LATER}\n", "late.csv")
    text = f"product_id,price,updated_at\np1,8,{LATE}\np2,7,{LATE}\n"
    said = deliver(workspace, shop, text, "early.csv")
    assert said == ("early.csv: 1 of 2 rows are older than what is there, and passed over",)
    assert (row(workspace, "p1")["price"], row(workspace, "p2")["price"]) == ("9", "7")
    deliver(workspace, shop, f"product_id,price,updated_at\np1,8,{LATE}\n", "all-old.csv")
    assert [e.state for e in read_ledger(workspace.state).entries.values()] == [
        State.TAKEN,
        State.TAKEN,
        State.SUPERSEDED,
    ]


@pytest.mark.parametrize("time", ["yesterday", "31/31/2026", "2026-13-01", "soon"])
def test_a_time_that_cannot_be_read_is_not_no_time(
    workspace: Workspace, shop: CatalogSource, time: str
) -> None:
    lines = "".join(f"p{i},{price},{LATE}\n" for price in (5, 6, 7, 8, 9) for i in range(4))
    said = deliver(workspace, shop, f"product_id,price,updated_at\n{lines}p4,9,{time}\n")
    assert said[1:] == ("a.csv: 1 rows are refused: inbox/refused/a.csv.rows.csv",)
    assert said[0].startswith("a.csv: 16 rows are about a product that a row before them is about")
    assert (row(workspace, "p3")["price"], row(workspace, "p4")["price"]) == ("9", "5.50")
    told = pd.read_csv(workspace.inbox / "refused" / "a.csv.rows.csv")
    assert told[["row", "field", "value"]].values.tolist() == [[21, "updated_at", time]]
    (whole,) = deliver(workspace, shop, f"product_id,price,updated_at\np1,8,{time}\np2,8,{LATER}\n", "b.csv")
    assert "1 of 2 rows are not usable" in whole
    assert row(workspace, "p2")["price"] == "9"


def test_a_price_for_a_product_that_nobody_knows_is_refused(
    workspace: Workspace, shop: CatalogSource
) -> None:
    (said,) = deliver(workspace, shop, "product_id,price\nunknown,9\n")
    assert "no such product" in said
    deliver(workspace, shop, "product_id,title\nn,New\n", "b.csv")
    deliver(workspace, shop, "product_id,price\nn,9\n", "c.csv")
    assert [row(workspace, "n")[name] for name in ("title", "price")] == ["New", "9"]
    deliver(workspace, shop, "product_id,_deleted\nn,true\n", "d.csv")
    (said,) = deliver(workspace, shop, "product_id,price\nn,9\n", "e.csv")
    assert "no such product" in said


def test_rows_of_one_id_in_the_source_stay_as_many(tmp_path: Path, workspace: Workspace) -> None:
    rows = [product(1), product(1, photos="b.png"), product(2)]
    shop = write_catalogue(tmp_path / "twice", rows)
    collected(workspace, shop)
    deliver(workspace, shop, "product_id,price\np1,9\n")
    found = read_raw_products(workspace.snapshot)
    assert found[["product_id", "price", "photos"]].values.tolist() == [
        ["p2", "3.50", ""],
        ["p1", "9", ""],
        ["p1", "9", "b.png"],
    ]


def test_a_delivery_that_says_nothing_new_writes_nothing(workspace: Workspace, shop: CatalogSource) -> None:
    text = f"product_id,price,updated_at,_deleted\np1,9,{LATE},\np2,,{LATE},true\n"
    deliver(workspace, shop, text)
    drop(workspace, "b.csv", text)
    report = collected(workspace, shop, Settings()).report
    assert report.unchanged
    assert [e.state for e in read_ledger(workspace.state).entries.values()] == [State.TAKEN, State.TAKEN]


def test_dates_are_read_as_the_catalogue_writes_them(tmp_path: Path, workspace: Workspace) -> None:
    """A date that could be two is what the source's column says; the one that came late is the older one."""
    rows = [product(1, updated_at="15/03/2026 09:00"), product(2, updated_at="04/03/2026 09:00")]
    shop = write_catalogue(tmp_path / "days", rows)
    collected(workspace, shop)
    deliver(workspace, shop, "product_id,title,updated_at\np1,June,20/06/2026 09:00\n")
    deliver(workspace, shop, "product_id,title,updated_at\np1,February,01/02/2026 09:00\n", "b.csv")
    assert row(workspace, "p1")["title"] == "June"
    deliver(workspace, shop, "product_id,title,updated_at\np2,Epoch,1782000000\n", "c.csv")
    assert row(workspace, "p2")["updated_at"].startswith("2026-06-21T")
    shop = write_catalogue(tmp_path / "open", [product(1, updated_at="04/03/2026")])
    other = Workspace(tmp_path / "v", "open")
    collected(other, shop)
    assert "not a time" in deliver(other, shop, "product_id,price,updated_at\np1,3,01/02/2026\n")[0]


@pytest.mark.parametrize("price", ["call us", "12 or 14", "1.2.3"])
def test_a_price_that_cannot_be_read_does_not_wipe_out_the_one_that_is_known(
    workspace: Workspace, shop: CatalogSource, price: str
) -> None:
    assert "not a price" in deliver(workspace, shop, f"product_id,price\np1,{price}\n")[0]
    assert row(workspace, "p1")["price"] == "2.50"


def test_prices_with_other_marks_do_not_make_the_catalogue_unreadable(
    tmp_path: Path, workspace: Workspace
) -> None:
    rows = [product(i, price=price) for i, price in enumerate(("1.261", "12,50", "3.400", "7,25"))]
    shop = write_catalogue(tmp_path / "komma", rows)
    collected(workspace, shop)
    assert "another way than the catalogue" in deliver(workspace, shop, "product_id,price\np1,13.75\n")[0]
    deliver(workspace, shop, 'product_id,price\np1,"13,75"\np2,3.500\n', "b.csv")
    assert [row(workspace, f"p{i}")["price"] for i in (1, 2)] == ["13,75", "3.500"]
