"""Opening catalogues: presets, folders, descriptions, and what must not be reached."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from catalog.cells import Reading
from catalog.contract import PRODUCT_COLUMNS
from catalog.sources.open import open_catalog
from shelfspace.errors import CatalogError
from tests.catalog.shelf import photo, product, write_catalogue


def test_a_bare_folder_is_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "products.jsonl").write_text('{"product_id": 7, "title": "cup", "colour": "red"}\n')
    source = open_catalog(str(tmp_path))
    table = source.products()
    assert tuple(table.columns) == PRODUCT_COLUMNS
    assert table.loc[0, ["product_id", "title", "brand"]].tolist() == ["7", "cup", ""]
    assert source.events().empty
    assert source.stock().empty
    assert source.media_path("a.jpg") is None


def test_a_mapping_names_the_source_columns(tmp_path: Path) -> None:
    (tmp_path / "goods.csv").write_text("sku;name\n1;cup\n")
    table = {"path": "goods.csv", "delimiter": ";", "columns": {"product_id": "sku", "title": "name"}}
    (tmp_path / "catalog.yaml").write_text(
        yaml.safe_dump({"products": table, "params": {"model": {"width": 8}}, "currency": "eur"})
    )
    source = open_catalog(str(tmp_path))
    assert source.products().loc[0, ["product_id", "title"]].tolist() == ["1", "cup"]
    assert source.overrides == {"model": {"width": 8}}
    assert source.currency == "EUR"


def test_numbers_and_dates_are_written_as_the_description_says(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product_id,price,updated_at\n1,1.261,03/04/2026\n2,x,soon\n")
    told = (
        "decimal: ',', dates: day-first, products: {path: products.csv}, stock: {path: s.csv, decimal: '.'}"
    )
    (tmp_path / "catalog.yaml").write_text(f"{{{told}}}")
    source = open_catalog(str(tmp_path))
    assert source.reading("products") == Reading(decimal=",", dates="day-first")
    assert source.reading("stock").decimal == "."
    table = source.products()
    assert table["price"].tolist() == ["1.261", "x"]
    # Deliveries are ordered by it wherever the rows are read.
    assert table["updated_at"].tolist() == ["2026-04-03T00:00:00.000000Z", "soon"]


def test_a_column_may_be_written_in_a_way_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product_id,updated_at\n1,03/04/2026\n")
    told = "decimal: '.', thousands: ',', dates: {updated_at: day-first}, products: {path: products.csv}, "
    stock = "stock: {path: s.csv, decimal: {lead_time_days: ','}}, "
    events = "events: {path: e.csv, decimal: '.', thousands: {quantity: ' '}}"
    (tmp_path / "catalog.yaml").write_text(f"{{{told}{stock}{events}}}")
    source = open_catalog(str(tmp_path))
    assert source.products()["updated_at"].tolist() == ["2026-04-03T00:00:00.000000Z"]
    stock_reading = source.reading("stock")
    assert stock_reading.of("on_hand").key()[:2] == [".", ","]
    # What is the mark before decimals there no longer parts groups of digits.
    assert stock_reading.of("lead_time_days") == Reading(decimal=",")
    assert source.reading("events").of("quantity") == Reading(decimal=".", thousands=" ")
    assert source.reading("events").of("time") == source.reading("events")
    other = replace(source, tables={**source.tables, "stock": {"path": "s.csv"}})
    assert other.cleaning_fingerprint != source.cleaning_fingerprint


def test_names_of_categories_stand_by_path_and_language(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product_id,title\n1,cup\n")
    (tmp_path / "catalog.yaml").write_text(
        "{category_separator: '>>', names: {Home>>Tea  Kettles: {zh: 水壶, en: [kettle, tea kettle]}}}"
    )
    names = open_catalog(str(tmp_path)).names
    assert names == {"Home > Tea Kettles": {"zh": ["水壶"], "en": ["kettle", "tea kettle"]}}


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("- a", "give a mapping"),
        ("a: [", "readable YAML"),
        ("colour: red", "catalog.yaml colour"),
        ("products: goods.csv", "catalog.yaml products"),
        ("products: {path: p.csv, sheet: 1}", "products.sheet"),
        ("products: {path: p.csv, columns: {sku: id}}", "map one of"),
        ("products: {path: p.csv, columns: {title: [a]}}", "columns.title"),
        ("{products: {path: p.csv}, label_level: -1}", "label_level"),
        ("{products: {path: p.csv}, label_level: true}", "label_level"),
        ("{products: {path: p.csv}, photo_separator: ''}", "photo_separator"),
        ("{products: {path: p.csv}, decimal: '.', thousands: '.'}", "the same mark"),
        ("{products: {path: p.csv, dates: american}}", "day-first or month-first"),
        ("{products: {path: p.csv}, decimal: comma}", "catalog.yaml decimal = 'comma'"),
        ("{products: {path: p.csv}, decimal: comma}", "give '.' or ','; of one column alone {price: ','}"),
        ("{products: {path: p.csv, decimal: {price: comma}}}", "products.decimal.price"),
        ("{products: {path: p.csv, decimal: {weight: ','}}}", "= 'weight': name one of price, cost;"),
        ("{products: {path: p.csv}, thousands: {title: ','}}", "name one of price, cost, quantity"),
        ("{products: {path: p.csv, dates: {time: day-first}}}", "name one of updated_at"),
        ("{products: {path: p.csv}, stock: {path: s.csv, dates: {on_hand: day-first}}}", "name one of time;"),
        ("{products: {path: p.csv, decimal: {price: ','}, thousands: {price: ','}}}", "the same mark"),
        ("{products: {path: p.csv, delimiter: ';;'}}", "one character"),
        ("{products: {path: p.csv}, media_root: ..}", "media_root"),
        ("{products: {path: p.csv}, media_root: nowhere}", "media_root"),
        ("{products: {path: p.csv}, params: 3}", "params"),
        ("{products: {path: p.csv}, reader: excel}", "reader"),
        ("{products: {path: p.csv}, names: [Home]}", "catalog.yaml names"),
        ("{products: {path: p.csv}, names: {Home: kettle}}", "names.Home"),
        ("{products: {path: p.csv}, names: {Home: {zh: ''}}}", "names.Home.zh"),
        ("{products: {path: p.csv}, names: {Home: {zh: [7]}}}", "names.Home.zh"),
        ("stock: {path: s.csv}", "products"),
    ],
)
def test_a_description_that_is_not_usable_says_where(tmp_path: Path, description: str, said: str) -> None:
    (tmp_path / "catalog.yaml").write_text(description)
    with pytest.raises(CatalogError) as caught:
        open_catalog(str(tmp_path))
    assert said in str(caught.value)


def test_tables_stay_inside_the_folder_and_have_their_columns(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("product_id\n1\n")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "catalog.yaml").write_text("products: {path: ../secret.csv}")
    with pytest.raises(CatalogError, match="stays inside"):
        open_catalog(str(folder)).products()
    (folder / "catalog.yaml").write_text("products: {path: none.csv}")
    with pytest.raises(CatalogError, match="exists"):
        open_catalog(str(folder)).products()
    (folder / "none.csv").write_text("sku,name\n1,2\n")
    with pytest.raises(CatalogError, match="the file has: sku, name"):
        open_catalog(str(folder)).products()


def test_two_files_for_one_table_are_ambiguous(tmp_path: Path) -> None:
    for ending in ("csv", "jsonl"):
        (tmp_path / f"products.{ending}").write_text("product_id\n")
    with pytest.raises(CatalogError, match="keep one of them"):
        open_catalog(str(tmp_path))


def test_unknown_names_list_the_presets() -> None:
    with pytest.raises(CatalogError, match="sample, flipkart, online-retail"):
        open_catalog("no-such-catalogue")
    with pytest.raises(CatalogError, match="cache"):
        open_catalog("sample")


def test_an_absent_data_set_says_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFSPACE_DATA", str(tmp_path))
    with pytest.raises(CatalogError, match="SHELFSPACE_DATA"):
        open_catalog("flipkart")


def test_media_stay_inside_their_root_links_included(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(photo("red"))
    source = write_catalogue(tmp_path / "shop", [product(1)], photos={"in.png": photo("blue")})
    media = tmp_path / "shop" / "media"
    (media / "link.png").symlink_to(tmp_path / "outside.png")
    (media / "inner.png").symlink_to(media / "in.png")
    assert source.media_path("in.png") == media / "in.png"
    assert source.media_path("inner.png") == media / "in.png"
    assert source.media_path("none.png") is None
    for key in ("link.png", "../../outside.png", str(tmp_path / "outside.png")):
        with pytest.raises(CatalogError, match="stays inside"):
            source.media_path(key)


def test_the_fingerprint_follows_content_and_mapping(tmp_path: Path) -> None:
    source = write_catalogue(tmp_path / "a", [product(1)])
    first = source.fingerprint()
    assert write_catalogue(tmp_path / "b", [product(1)]).fingerprint() == first
    assert write_catalogue(tmp_path / "b", [product(2)]).fingerprint() != first
    table = {"path": "products.csv", "columns": {"title": "brand"}}
    assert replace(source, tables={"products": table}).fingerprint() != first


def test_flipkart_specifications_are_parsed() -> None:
    from catalog.sources.presets.flipkart import specifications

    cell = (
        '{"product_specification"=>[{"key"=>"Fabric", "value"=>"Cotton"}, '
        '{"key"=>"Size", "value"=>"15\\" x 2"}, '
        '{"key"=>"Fabric", "value"=>"Silk"}, {"value"=>"1 Cup"}]}'
    )
    assert specifications(cell) == {"Fabric": "Cotton; Silk", "Size": '15" x 2', "note 1": "1 Cup"}
    assert specifications("nil") == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WHITE LANTERN", True),
        ("BAG 500g MARBLES", True),
        ("wet damaged", False),
        ("?", False),
        ("Found", False),
    ],
)
def test_stockroom_remarks_are_no_names(text: str, name: bool) -> None:
    from catalog.sources.presets.online_retail import is_name

    assert is_name(text) == name


def test_flipkart_as_it_lies_there(public_data: Path) -> None:
    source = open_catalog("flipkart")
    rows = source.products()
    assert len(rows) == 1050
    assert rows["product_id"].is_unique
    assert (rows["price"] == "").sum() == 1
    assert rows["attributes"].ne("{}").mean() > 0.9
    assert sum(source.media_path(key) is not None for key in set(rows["photos"])) == 1047
