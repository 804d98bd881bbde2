"""Which table a file is for, how it is read, and what events and stock do."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from catalog.cleaning.tables import clean_tables
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import mark_cleaned, mark_released
from catalog.deliveries.pending import pending
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.sources.delivery import read_delivery
from catalog.sources.open import open_catalog
from shelfspace.errors import CatalogError
from shelfspace.hashing import tree_hash
from shelfspace.workspace import Workspace
from tests.catalog.shelf import DEFAULT, NO_FINDINGS, collected, event, kinds, photo, product, write_catalogue

CHINESE = {"product_id": "编号", "title": "标题", "price": "价格"}


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("product_id,title", "products"),
        ("product_id,price,updated_at", "products"),
        ("product_id,_deleted", "products"),
        ("product_id,on_hand", "stock"),
        ("product_id,on_hand,lead_time_days,_deleted", "stock"),
        ("user_id,product_id,event,time", "events"),
        ("user_id,product_id,event,quantity,unit_price,time,order_id", "events"),
    ],
)
def test_the_columns_say_what_a_file_brings(tmp_path: Path, columns: str, kind: str) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(1)])
    path = tmp_path / "prices-and-photos-of-orders.csv"
    path.write_text(f"{columns}\n{','.join('1' for _ in columns.split(','))}\n")
    delivery = read_delivery(path, shop)
    assert delivery.kind == kind
    assert set(delivery.fields) == set(columns.split(",")) - {"_deleted"}


def test_columns_that_are_written_in_ways_of_their_own_are_read_so_from_table_and_delivery(
    tmp_path: Path, workspace: Workspace
) -> None:
    folder = tmp_path / "shop"
    events = [event(0, quantity="1,000", unit_price="1.261", event="purchase")]
    write_catalogue(folder, [product(i, price="1.261") for i in range(2)], events)
    (folder / "stock.csv").write_text("product_id,on_hand,lead_time_days\np0,1.250,1.261\n")
    (folder / "catalog.yaml").write_text(
        "currency: EUR\ndecimal: {price: ',', unit_price: ','}\nproducts: {path: products.csv}\n"
        "events: {path: events.csv, decimal: {quantity: '.'}}\n"
        "stock: {path: stock.csv, decimal: {lead_time_days: '.'}, thousands: {on_hand: '.'}}\n"
    )
    shop = open_catalog(str(folder))
    (workspace.inbox / "prices.csv").write_text("product_id,price\np1,1.234\n")
    (workspace.inbox / "sold.csv").write_text(
        'user_id,product_id,event,quantity,unit_price,time\nu9,p1,purchase,"2,000",3.500,2026-02-01\n'
    )
    (workspace.inbox / "stock.csv").write_text("product_id,on_hand,lead_time_days\np1,2.000,2.500\n")
    collected(workspace, shop)
    cleaned = clean_tables(workspace.snapshot, shop, DEFAULT, NO_FINDINGS).tables
    assert cleaned["quarantine"].empty
    assert cleaned["products"]["price"].tolist() == [1261, 1234]
    assert cleaned["events"]["quantity"].tolist() == [1000, 2000]
    assert cleaned["events"]["unit_price"].tolist() == [1261, 3500]
    assert cleaned["stock"]["on_hand"].tolist() == [1250, 2000]
    assert cleaned["stock"]["lead_time_days"].tolist() == [1.261, 2.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("product_id,stock\n1,3\n", "stock"),
        ("product_id,title,on_hand,price\n1,a,3,4\n", "on_hand"),
        ("title,price\na,3\n", "product_id"),
        ("product_id\n1\n", "further column"),
        ("", "empty"),
        ("product_id,title\n1,a,b\n", "2 values"),
        ("product_id,videos\n1,a.mp4\n", "videos"),
    ],
)
def test_a_file_of_no_kind_says_what_is_missing(tmp_path: Path, text: str, said: str) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(1)])
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(CatalogError, match=said):
        read_delivery(path, shop)


def test_a_delivery_is_read_as_the_catalogue_is(tmp_path: Path, workspace: Workspace) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    table = pd.DataFrame(
        [["1", "红色 新 鞋", "30"], ["2", "蓝色 新 鞋", "40"]], columns=list(CHINESE.values())
    )
    table.assign(仓库="北京").to_csv(folder / "products.csv", sep=";", index=False, encoding="gb18030")
    described = f"products: {{path: products.csv, encoding: gb18030, delimiter: ';', columns: {CHINESE}}}"
    (folder / "catalog.yaml").write_text(described)
    shop = open_catalog(str(folder))
    collected(workspace, shop)
    deliveries = {
        "own.csv": "编号;价格\n1;31\n".encode("gb18030"),
        "utf8.csv": "编号;标题\n1;红色的旧鞋子一双\n".encode(),
        "contract.csv": b"product_id,price\n2,41\n",
        # A whole export has columns that the catalogue does not use.
        "export.csv.gz": gzip.compress("编号;标题;价格;仓库\n3;绿色 新 鞋;50;上海\n".encode("gb18030")),
    }
    for name, data in deliveries.items():
        (workspace.inbox / name).write_bytes(data)
        assert collected(workspace, shop).said == ()
    rows = read_raw_products(workspace.snapshot).sort_values("product_id")
    assert rows[["product_id", "title", "price"]].values.tolist() == [
        ["1", "红色的旧鞋子一双", "31"],
        ["2", "蓝色 新 鞋", "41"],
        ["3", "绿色 新 鞋", "50"],
    ]
    (workspace.inbox / "bad.csv").write_bytes(b"\x81\x20,\xff\xff\n")
    (said,) = collected(workspace, shop).said
    assert "save the file as gb18030 or utf-8" in said


def test_events_are_added_each_once(tmp_path: Path, workspace: Workspace) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(i) for i in range(3)], [event(0), event(1), event(1)])
    collected(workspace, shop)
    known = read_raw_events(workspace.snapshot)
    lines = [event(1), event(2), event(2)]
    for name in ("a.csv", "b.csv"):
        pd.DataFrame(lines).to_csv(workspace.inbox / name, index=False)
        collected(workspace, shop)
    rows = read_raw_events(workspace.snapshot)
    assert rows["product_id"].tolist() == ["p0", "p1", "p1", "p2", "p2"]
    assert set(rows["user_id"]) >= set(known["user_id"])
    assert not rows["user_id"].isin(["u0", "u1", "u2"]).any()
    assert kinds(workspace) == {"a.csv": ("events", State.TAKEN), "b.csv": ("events", State.TAKEN)}
    # The source brings what was delivered: it is no further event.
    later = write_catalogue(
        shop.folder, [product(i) for i in range(3)], [*[event(i) for i in (0, 1, 1)], *lines[1:]]
    )
    collected(workspace, later)
    assert len(read_raw_events(workspace.snapshot)) == 5


def test_stock_is_replaced_and_is_done_with_the_clean_table(tmp_path: Path, workspace: Workspace) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(i) for i in range(3)])
    for text in ("p0,3,2\np1,4,5\n", "p1,0,5\n"):
        (workspace.inbox / "a.csv").write_text(f"product_id,on_hand,lead_time_days\n{text}")
        collected(workspace, shop)
    (workspace.inbox / "b.csv").write_text("product_id,on_hand\np0,9\n")
    collected(workspace, shop)
    stock = read_raw_stock(workspace.snapshot).sort_values("product_id")
    assert stock[["product_id", "on_hand", "lead_time_days"]].values.tolist() == [
        ["p0", "9", "2"],
        ["p1", "0", "5"],
    ]
    assert len(pending(workspace, 0)) == 3
    assert mark_cleaned(workspace, tree_hash(workspace.snapshot)) == 3
    assert pending(workspace, 0) == []
    assert [entry.shown for entry in read_ledger(workspace.state).entries.values()] == [
        "in the clean stock"
    ] * 3


def test_products_are_done_with_the_release_of_the_tables_they_are_in(
    tmp_path: Path, workspace: Workspace
) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(i) for i in range(3)])
    versions = []
    for name in ("a", "b"):
        (workspace.inbox / f"{name}.csv").write_text(f"product_id,title\np1,{name}\n")
        collected(workspace, shop)
        versions.append(tree_hash(workspace.snapshot))
    assert mark_released(workspace, "r0") == 0, "no clean table has them yet"
    mark_cleaned(workspace, versions[0])
    assert (mark_released(workspace, "r1"), mark_released(workspace, "r1")) == (1, 0)
    assert [entry.name for entry in pending(workspace, 0)] == ["b.csv"]
    mark_cleaned(workspace, versions[1])
    mark_released(workspace, "r2")
    shown = [entry.shown for entry in read_ledger(workspace.state).entries.values()]
    assert shown == ["in release r1", "in release r2"]


def test_media_may_come_after_the_row_and_what_nobody_names_is_said(
    tmp_path: Path, workspace: Workspace
) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(0), product(1, photos="late.png")])
    (workspace.inbox / "new.csv").write_text("product_id,title,photos\nn,Table,sub/table.png\n")
    assert collected(workspace, shop).report.missing_media == 2
    media = workspace.inbox / "media"
    (media / "sub").mkdir(parents=True)
    for name in ("sub/table.png", "late.png", "stray.png"):
        (media / name).write_bytes(photo("white"))
    found = collected(workspace, shop)
    assert (found.report.media_added, found.report.missing_media) == (2, 0)
    assert found.said == ("no row that counts names media/stray.png; it waits in the inbox",)
    assert MediaStore.open(workspace.snapshot).keys() == ["late.png", "sub/table.png"]
    assert [p.name for p in media.rglob("*") if p.is_file()] == ["stray.png"]
    assert (workspace.inbox / "done" / "media" / "sub" / "table.png").exists()
    assert {p.name for p in pending(workspace, 0)} == {"new.csv", "2 media files"}
    mark_cleaned(workspace, tree_hash(workspace.snapshot))
    mark_released(workspace, "r1")
    assert pending(workspace, 0) == []
    (workspace.inbox / "stray.csv").write_text("product_id,photos\np0,stray.png\n")
    assert collected(workspace, shop).report.media_added == 1
    # The same photo name again is another photo.
    (media / "late.png").write_bytes(photo("black"))
    collected(workspace, shop)
    assert MediaStore.open(workspace.snapshot).read("late.png") == photo("black")
    assert sorted(p.name for p in (workspace.inbox / "done" / "media").iterdir() if p.is_file()) == [
        "late.5.png",
        "late.png",
        "stray.png",
    ]


SHOPIFY = "Handle,Title,Body (HTML),Vendor,Tags,Variant Price,Variant Inventory Qty,Image Src\n"


def test_a_shop_program_s_export_is_delivered_whole_or_in_part(tmp_path: Path, workspace: Workspace) -> None:
    """Found by its columns or named: each file changes what its columns speak of, and nothing else."""
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = "mug,Mug,<p>Warm</p>,Acme,kitchen,8.00,3,\nlamp,Lamp,Light,Acme,,20.00,1,lamp.png\n"
    (folder / "products.csv").write_text(SHOPIFY + lines)
    for reader in ("", "reader: shopify\n"):
        place = Workspace(tmp_path / f"w{len(reader)}", "shop")
        place.inbox.mkdir(parents=True)
        (folder / "catalog.yaml").write_text(f"{reader}products: {{path: products.csv}}\n")
        shop = open_catalog(str(folder))
        collected(place, shop)
        files = {
            "own.csv": "product_id,language\nmug,en\n",
            "prices.csv": "Handle,Variant SKU,Variant Price\nmug,M1,9.00\nmug,M2,7.00\nlamp,L1,21.00\n",
            "whole.csv": SHOPIFY + "lamp,New lamp,Light,,desk,22.00,4,\n",
        }
        for name, text in files.items():
            (place.inbox / name).write_text(text)
        told = collected(place, shop).said
        assert [sentence.partition(":")[0] for sentence in told] == ["whole.csv"], told
        assert "pieces in stock are not taken" in told[0]
        rows = read_raw_products(place.snapshot).set_index("product_id")
        names = ["title", "description", "brand", "price", "language", "photos"]
        assert rows.loc["mug", names].tolist() == ["Mug", "<p>Warm</p>", "Acme", "7.00", "en", ""]
        assert rows.loc["lamp", names].tolist() == ["New lamp", "Light", "", "22.00", "", ""]
        assert "kitchen" in rows.loc["mug", "attributes"]
        (place.inbox / "pieces.csv").write_text("Handle,Variant Inventory Qty\nmug,2\nmug,3\n")
        collected(place, shop)
        assert read_raw_stock(place.snapshot).set_index("product_id").loc["mug", "on_hand"] == "5"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("product_id,title,colour,weight", "columns that are not taken: colour, weight"),
        ("product_id,title,videos", "its videos are not taken"),
        ("product_id,title,pric", "write price if that is meant"),
        ("product_id,title,descripton", "write description"),
        ("product_id,title,Deleted", "write _deleted if that is meant"),
        ("product_id,title,price,on_hand", "deliver stock in a file of its own"),
        ("product_id,colour", "give a further column"),
    ],
)
def test_a_column_that_nobody_knows_is_told_and_one_that_seems_meant_is_asked(
    tmp_path: Path, workspace: Workspace, columns: str, said: str
) -> None:
    shop = write_catalogue(tmp_path / "shop", [product(1)])
    (workspace.inbox / "a.csv").write_text(f"{columns}\nn,{','.join('1' for _ in columns.split(',')[1:])}\n")
    (told,) = collected(workspace, shop).said
    assert said in told
    taken = "not taken" in said
    assert ("n" in set(read_raw_products(workspace.snapshot)["product_id"])) == taken
    assert kinds(workspace)["a.csv"][1] is (State.TAKEN if taken else State.REFUSED)
