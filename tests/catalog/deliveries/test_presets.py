"""Deliveries in the own columns of a preset's data set are read through its reader; made-up rows."""

import json
import os
from pathlib import Path

from catalog.cleaning.tables import clean_tables
from catalog.deliveries.ledger import State
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.user_key import order_pseudonym
from catalog.sources.open import open_catalog
from shelfspace.workspace import Workspace
from tests.catalog.shelf import DEFAULT, NO_FINDINGS, collected, kinds

FLIPKART = (
    "uniq_id,crawl_timestamp,product_url,product_name,product_category_tree,pid,retail_price,discounted_price,"
    "image,is_FK_Advantage_product,description,product_rating,overall_rating,brand,product_specifications\n"
)


def listing(number: str, day: str, name: str, price: str) -> str:
    tree = '"[""Home Furnishing >> Curtains >> Door Curtains""]"'
    named = '{""key""=>""Colour"", ""value""=>""Red""}, {""value""=>""Washable""}'
    specifications = f'"{{""product_specification""=>[{named}]}}"'
    seen = f"2016-04-{day} 03:22:56 +0000"
    return (
        f"{number},{seen},http://shop.test/{number},{name},{tree},CRN{number},1899.0,{price},{number}.jpg,"
        f'False,"Made, by hand",No rating available,No rating available,Loom,{specifications}\n'
    )


def test_listings_in_flipkarts_own_columns_are_delivered_through_its_reader(
    tmp_path: Path, workspace: Workspace
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "listings.csv").write_text(FLIPKART + listing("a1", "10", "Curtain", "899.0"))
    (folder / "catalog.yaml").write_text("reader: flipkart\nproducts: {path: listings.csv}\n")
    shop = open_catalog(str(folder))
    further = listing("a1", "30", "Curtain", "799.0") + listing("b2", "30", "Blind", "1299.0")
    (workspace.inbox / "april.csv").write_text(FLIPKART + further)
    older = listing("b2", "20", "Old blind", "5.0")
    (workspace.inbox / "march.csv").write_text(FLIPKART + older)
    os.utime(workspace.inbox / "april.csv", (1e9, 1e9))
    assert collected(workspace, shop).said == (
        "march.csv: 1 of 1 rows are older than what is there, and passed over",
    )
    assert kinds(workspace)["april.csv"] == ("products", State.TAKEN)
    assert kinds(workspace)["march.csv"] == ("products", State.SUPERSEDED)
    rows = read_raw_products(workspace.snapshot).set_index("product_id")
    assert rows["price"].to_dict() == {"a1": "799.0", "b2": "1299.0"}
    assert rows.loc["b2", ["title", "currency", "photos"]].tolist() == ["Blind", "INR", "b2.jpg"]
    assert json.loads(rows.at["b2", "attributes"]) == {"Colour": "Red", "note 1": "Washable"}
    assert not rows.astype(str).eq("1899.0").any(axis=None), "the price before the discount is not read"


def test_transaction_lines_in_online_retails_own_columns_are_delivered_through_its_reader(
    tmp_path: Path, workspace: Workspace
) -> None:
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    lines = "536365,85123a,WHITE LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "lines.csv").write_text(head + lines)
    (folder / "catalog.yaml").write_text("reader: online-retail\nproducts: {path: lines.csv}\n")
    shop = open_catalog(str(folder))
    cancelled = "C536379,85123A,WHITE LANTERN,-1,2010-12-02 09:41:00,2.55,14527,United Kingdom\n"
    sold = "536400,85123a,WHITE LANTERN,2,2010-12-02 10:00:00,2.75,13047,France\n"
    (workspace.inbox / "december.csv").write_text(head + lines + sold + cancelled)
    collected(workspace, shop)
    assert kinds(workspace) == {"december.csv": ("events", State.TAKEN)}
    tables = clean_tables(workspace.snapshot, shop, DEFAULT, NO_FINDINGS).tables
    # The line that the catalogue's own table has, too, counts once.
    assert tables["events"]["order_id"].tolist() == [order_pseudonym(n, b"k") for n in ("536365", "536400")]
    assert tables["events"]["quantity"].tolist() == [6, 2]
    assert (
        tables["events"]["product_id"].unique().tolist()
        == tables["products"]["product_id"].tolist()
        == ["85123A"]
    )
    assert tables["quarantine"]["field"].tolist() == ["quantity"]
