"""Excel workbooks and Merchant feeds in XML, as sources and as deliveries; ids are those of other readers."""

import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from catalog.snapshot.shards import read_raw_products
from catalog.sources.open import open_catalog
from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected

IDS = ["00123", "4006381333931", "17", "A-1 Ä"]
ROWS = [
    {"product_id": one, "title": f"thing {n}", "price": price, "group_id": "7"}
    for n, (one, price) in enumerate(zip(IDS, ("19.99", "5", "1299.5", "1.2610"), strict=True))
]
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Shop</title>{items}</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
{entries}</feed>"""
ITEM = """<{tag}><g:id>{id}</g:id><title>plain</title><g:title>{title}</g:title><link>https://s.x/1</link>
<g:price>{price} EUR</g:price><g:image_link>https://s.x/a.jpg</g:image_link>
<g:additional_image_link>https://s.x/b.jpg</g:additional_image_link>
<g:additional_image_link>https://s.x/c.jpg</g:additional_image_link>
<g:shipping><g:country>DE</g:country></g:shipping><g:item_group_id>{group_id}</g:item_group_id>
<description><![CDATA[<p>Light & warm</p>]]></description></{tag}>"""


def feed(shape: str, tag: str, rows: list[dict[str, str]]) -> str:
    items = "".join(ITEM.format(tag=tag, id=row["product_id"], **row) for row in rows)
    return shape.format(items=items, entries=items)


def workbook(path: Path, rows: list[list[Any]], **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for name, cells in {"Goods": rows, **sheets}.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    del book["Sheet"]
    book.save(path)
    return path


def test_ids_and_prices_are_the_same_text_from_every_reader(tmp_path: Path) -> None:
    table = pd.DataFrame(ROWS)
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    table.to_parquet(tmp_path / "a.parquet")
    workbook(tmp_path / "a.xlsx", [list(table), *table.values.tolist()])
    (tmp_path / "a.xml").write_text(feed(RSS, "item", ROWS))
    (tmp_path / "b.xml").write_text(feed(ATOM, "entry", ROWS))
    for name in ("a.csv", "a.jsonl", "a.parquet", "a.xlsx", "a.xml", "b.xml"):
        read = read_table(tmp_path / name, table="products")
        assert read["product_id"].tolist() == IDS, name
        assert read["title"].tolist() == table["title"].tolist(), name
        assert read["group_id"].tolist() == ["7"] * 4, name
        assert [cell.removesuffix(" EUR") for cell in read["price"]] == table["price"].tolist(), name
    photos = json.loads(read_table(tmp_path / "a.xml", table="products")["photos"][0])
    assert photos == [f"https://s.x/{name}.jpg" for name in "abc"]


def test_cells_of_a_sheet_are_read_as_it_shows_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["product_id", "price", "updated_at", " ", "count", "on", "gap"])
    sheet.append([123, 0.1 + 0.2, datetime(2026, 1, 31, 9, 30), "no name", 7.0, True, None])
    sheet.append([4006381333931, 1.261, date(2026, 2, 1), None, "x", False, None])
    sheet.append([])
    sheet["A3"].number_format = "00000"
    book.save(tmp_path / "a.xlsx")
    read = read_table(tmp_path / "a.xlsx", table="products")
    assert list(read) == ["product_id", "price", "updated_at", "count", "on", "gap"]
    assert read.values.tolist() == [
        ["00123", "0.3", "2026-01-31T09:30:00", "7", "true", ""],
        ["4006381333931", "1.2610", "2026-02-01", "x", "false", ""],
    ]


def test_a_sheet_is_named_or_the_first_and_that_is_said(tmp_path: Path) -> None:
    lists = [["user_id", "product_id", "event", "time"], ["u", "a", "view", "2026-01-01"]]
    workbook(tmp_path / "shop.xlsx", [["product_id", "title"], ["a", "Lamp"]], Orders=lists)
    (tmp_path / "catalog.yaml").write_text(
        "products: {path: shop.xlsx}\nevents: {path: shop.xlsx, sheet: Orders}\n"
    )
    source = open_catalog(str(tmp_path))
    assert (source.products()["title"].tolist(), source.events()["user_id"].tolist()) == (["Lamp"], ["u"])
    assert source.notes == ["shop.xlsx is read from its sheet 'Goods', the first of 2"]
    with pytest.raises(CatalogError, match=r"name one of the sheets .*Goods, Orders"):
        read_table(tmp_path / "shop.xlsx", sheet="orders")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.xlsx", b"PK\x03\x04 no more", "readable Excel workbook"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 with a password", "without a password"),
        ("a.xlsx", b"a,b\n1,2\n", "readable Excel workbook"),
        ("a.xml", b"<rss><channel><item><id>1</id>", "whole XML feed"),
        ("a.xml", b"<rss><channel><title>none</title></channel></rss>", "<item>"),
        ("a.xml", b'<!DOCTYPE r [<!ENTITY a "b">]><rss><item><id>&a;</id></item></rss>', "without entities"),
        ("a.xls", b"old", "give one of .csv"),
    ],
)
def test_a_file_that_is_damaged_or_dangerous_says_what_to_do(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CatalogError, match=said):
        read_table(tmp_path / name)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    (tmp_path / "a.xlsx").write_bytes(packed.getvalue())
    monkeypatch.setattr("catalog.sources.workbook.MOST_BYTES", 1_000_000)
    with pytest.raises(CatalogError, match="unpacked it has 5,000,000 bytes"):
        read_table(tmp_path / "a.xlsx")


def test_workbooks_and_feeds_are_delivered(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "products.xml").write_text(feed(RSS, "item", ROWS))
    source, place = open_catalog(str(folder)), Workspace(tmp_path / "w", "shop")
    place.inbox.mkdir(parents=True)
    collected(place, source)
    (place.inbox / "a.xml").write_text(feed(ATOM, "entry", [{**ROWS[0], "price": "21.00"}]))
    workbook(place.inbox / "b.xlsx", [["product_id", "price"], ["00123", 22.5], [17, 1300]])
    assert collected(place, source).said == ()
    rows = read_raw_products(place.snapshot).set_index("product_id")
    assert rows.loc[["00123", "17"], "price"].tolist() == ["22.5", "1300"]
    assert rows.loc["00123", "title"] == "thing 0"
