"""Exports of shop programs by their public columns: products, variants, photos, stock."""

import json
from pathlib import Path

import pandas as pd
import pytest

from catalog.joining import join_rows
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from catalog.sources.shop_exports import EXPORTS
from shelfspace.errors import CatalogError

SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,\
Variant Inventory Qty,Variant Price,Image Src,Image Position,Status
linen-shirt,Linen shirt,<p>Light.</p>,Acme,Shirts,"summer, linen",true,Size,S,L1,3,24.00,\
https://c.x/a.jpg,1,active
linen-shirt,,,,,,,,M,L2,4,19.50,https://c.x/b.jpg,2,
linen-shirt,,,,,,,,,,,,https://c.x/c.jpg,3,
mug,Mug,,Acme,Kitchen,,false,Title,Default Title,M1,,8.00,,,draft
"""
WOO = """ID,Type,SKU,Name,Published,Short description,Description,Stock,Sale price,Regular price,Categories,\
Tags,Images,Parent,Brands,Attribute 1 name,Attribute 1 value(s)
10,variable,TEE,Tee,1,,Soft tee,,,,"Clothing > T-Shirts, New",soft,"https://w.x/1.jpg, https://w.x/2.jpg",\
,Acme,Colour,"Red, Blue"
11,variation,TEE-R,Tee - Red,1,,,5,,25.00,,,https://w.x/red.jpg,id:10,,Colour,Red
12,variation,TEE-B,Tee - Blue,1,,,2,20.00,25.00,,,,TEE,,Colour,Blue
13,simple,CAP,Cap,1,A cap,,7,,12.00,Hats,,,,,,
"""
GOOGLE = """id\ttitle\tdescription\tlink\timage link\tadditional image link\tprice\tsale price\t\
availability\tbrand\tgoogle product category\tproduct type\titem group id
7\tBoot\tWarm boot\thttps://s.x/7\thttps://s.x/7.jpg\thttps://s.x/7b.jpg,https://s.x/7c.jpg\t\
89.00 EUR\t\tin_stock\tAcme\t187\tShoes > Boots\tg1
8\tSock\tWool\thttps://s.x/8\thttps://s.x/8.jpg\t\t1,299.00 EUR\t9.00 EUR\tin_stock\t\tApparel > Socks\t\tg1
"""


def shop(folder: Path, text: str, name: str = "products.csv", **description: object) -> CatalogSource:
    (folder / name).write_text(text.replace("\\\n", ""))
    (folder / "catalog.yaml").write_text(json.dumps({"products": {"path": name}, **description}))
    return open_catalog(str(folder))


@pytest.mark.parametrize("description", [{}, {"reader": "shopify"}])
def test_a_shopify_export_is_one_product_a_handle(tmp_path: Path, description: dict[str, str]) -> None:
    source = shop(tmp_path, SHOPIFY, **description)
    rows = source.products()
    assert len(rows) == 4
    found = join_rows(rows, "|").rows.set_index("product_id")
    assert found.loc["linen-shirt", ["title", "category", "brand", "price"]].tolist() == [
        "Linen shirt", "Shirts", "Acme", "19.50",
    ]  # fmt: skip
    assert json.loads(found.loc["linen-shirt", "photos"]) == [f"https://c.x/{c}.jpg" for c in "abc"]
    attributes = json.loads(found.loc["linen-shirt", "attributes"])
    assert attributes == {"Size": "S, M", "tags": "summer, linen", "type": "Shirts"}
    assert json.loads(found.loc["mug", "attributes"]) == {"type": "Kitchen", "published": "no"}
    assert not join_rows(rows, "|").differing
    if description:
        assert source.stock().values.tolist() == [["linen-shirt", "7", "", "", ""]]
        assert source.notes == []
    else:
        assert source.notes == ["products.csv is read as an export of Shopify, by its columns"]


def test_a_woocommerce_export_is_one_product_a_parent(tmp_path: Path) -> None:
    source = shop(tmp_path, WOO, reader="woocommerce")
    found = join_rows(source.products(), "|").rows.set_index("product_id")
    assert found.index.tolist() == ["10", "13"]
    assert found.loc["10", ["title", "description", "category", "brand", "price"]].tolist() == [
        "Tee", "Soft tee", "Clothing > T-Shirts", "Acme", "20.00",
    ]  # fmt: skip
    assert json.loads(found.loc["10", "photos"]) == [
        "https://w.x/1.jpg", "https://w.x/2.jpg", "https://w.x/red.jpg",
    ]  # fmt: skip
    assert json.loads(found.loc["10", "attributes"])["tags"] == "soft"
    assert found.loc["13", ["description", "price", "category"]].tolist() == ["A cap", "12.00", "Hats"]
    assert source.stock()[["product_id", "on_hand"]].values.tolist() == [["10", "7"], ["13", "7"]]


def test_a_merchant_feed_is_read_with_its_currency_and_groups(tmp_path: Path) -> None:
    source = shop(tmp_path, GOOGLE, "feed.tsv")
    rows = source.products().set_index("product_id")
    assert rows["category"].tolist() == ["Shoes > Boots", "Apparel > Socks"]
    assert rows["price"].tolist() == ["89.00 EUR", "9.00 EUR"]
    assert rows["group_id"].tolist() == ["g1", "g1"]
    assert json.loads(rows.loc["7", "photos"]) == [f"https://s.x/7{c}.jpg" for c in ("", "b", "c")]
    assert json.loads(rows.loc["7", "attributes"])["availability"] == "in_stock"


def test_a_mapping_or_an_id_counts_more_than_the_columns(tmp_path: Path) -> None:
    table = {"path": "products.csv", "columns": {"product_id": "Variant SKU", "title": "Title"}}
    source = shop(tmp_path, SHOPIFY, products=table)
    assert source.products()["product_id"].tolist() == ["L1", "L2", "", "M1"]
    assert not any("read as an export" in note for note in source.notes)


def test_a_named_export_that_lacks_a_column_says_which(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"column = 'image_link'.*as Google Merchant exports it"):
        shop(tmp_path, "id,title,price\n1,a,2\n", reader="google_merchant").products()


def test_what_a_piece_costs_the_shop_is_read_where_the_export_says_it() -> None:
    shopify = pd.DataFrame(
        {
            "Handle": ["mug", "mug"], "Title": ["Mug", ""], "Variant Price": ["9.00", "8.00"],
            "Image Src": ["", ""], "Cost per item": ["", "3.10"],
        }
    )  # fmt: skip
    assert EXPORTS["shopify"].convert(shopify, "x.csv")["cost"].iloc[0] == "3.10"
    feed = pd.DataFrame({"id": ["a"], "title": ["Mug"], "price": ["9 EUR"], "image_link": [""]})
    read = EXPORTS["google_merchant"].convert
    assert read(feed, "x.csv")["cost"].tolist() == [""]
    assert read(feed.assign(cost_of_goods_sold="3 EUR"), "x.csv")["cost"].tolist() == ["3 EUR"]
