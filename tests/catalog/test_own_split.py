"""A shop's own split: read from a column or a file, followed, and its leaks said."""

from pathlib import Path

import pytest

from catalog.sources.open import open_catalog
from catalog.sources.own_split import own_split
from catalog.splits import divide
from data_checks.checks.splits import no_leak
from shelfspace.errors import CatalogError
from shelfspace.settings import Settings
from tests.catalog.test_splits import catalogue, sides


def shop(folder: Path, description: str, split: str = "") -> Path:
    (folder / "catalog.yaml").write_text(description)
    (folder / "products.csv").write_text("sku,title,fold\n007,a,Train\n008,b,TEST\n009,c,\n")
    if split:
        (folder / "split.csv").write_text(split)
    return folder


COLUMN = "products: {path: products.csv, columns: {product_id: sku, split: fold}}"
FILE = "products: {path: products.csv, columns: {product_id: sku}}\nsplit: {path: split.csv}"


def test_a_column_and_a_file_say_the_same(tmp_path: Path) -> None:
    column = open_catalog(str(shop(tmp_path, COLUMN)))
    assert own_split(column) == {"007": "train", "008": "test"}
    file = open_catalog(str(shop(tmp_path, FILE, "product_id,split\n007,training\n008,holdout\n009,\n")))
    assert own_split(file) == own_split(column)
    # How the products are read does not follow from how they are divided.
    plain = open_catalog(str(shop(tmp_path, FILE.split("\n", maxsplit=1)[0])))
    assert own_split(plain) == {}
    assert column.fingerprint() == plain.fingerprint()


@pytest.mark.parametrize(
    ("description", "split", "said"),
    [
        (COLUMN.replace("fold", "fold2"), "", "name a column of products.csv"),
        (FILE, "product_id,split\n1,maybe\n", "split = 'maybe': write one of train, training.*in split.csv"),
        (FILE, "id,split\n1,test\n", "catalog.yaml split.columns.product_id"),
        (FILE.replace("split.csv", "../split.csv"), "x", "stays inside its folder"),
        (f"{COLUMN}\nsplit: {{path: split.csv}}", "x", "one of them"),
        (FILE.replace("path: split.csv", "file: split.csv"), "x", "path"),
    ],
)
def test_a_split_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, description: str, split: str, said: str
) -> None:
    with pytest.raises(CatalogError, match=said):
        own_split(open_catalog(str(shop(tmp_path, description, split))))


def test_it_is_followed_and_the_others_are_drawn() -> None:
    products = catalogue(100)
    given = {f"p{i:04d}": ("train", "validation", "test")[i % 3] for i in range(60)}
    table = divide(products, {}, Settings(), given=given).table
    assert given.items() <= sides(table).items()
    assert no_leak(table, products).passed
    assert set(table["split"][60:]) == {"train", "validation", "test"}
    # What has stood somewhere stays, whatever the shop says later.
    later = divide(products, {}, Settings(), table, given={"p0000": "test"}).table
    assert later.equals(table)


def test_without_validation_rows_a_part_of_the_training_rows_becomes_them() -> None:
    given = {f"p{i:04d}": "test" if i % 4 == 0 else "train" for i in range(200)}
    found = divide(catalogue(200), {}, Settings(), given=given).table["split"].value_counts()
    assert found["test"] == 50
    assert 5 <= found["validation"] <= 30
    only = divide(catalogue(60), {}, Settings(), given={f"p{i:04d}": "train" for i in range(60)})
    assert only.empty == "the shop's own split names none for test; name some there"


def test_linked_products_on_two_sides_are_said_and_not_moved() -> None:
    products = catalogue(60)
    products.loc[[3, 4], "title"] = "one and the same title of two rows"
    products.loc[[5, 6], "group_id"] = "variant"
    given = {f"p{i:04d}": "test" if i in (4, 6) or i > 50 else "train" for i in range(60)}
    made = divide(products, {}, Settings(), given=given)
    assert {one: side for one, side in sides(made.table).items() if one in ("p0004", "p0006")} == {
        "p0004": "test",
        "p0006": "test",
    }
    assert len(made.leaks) == 1
    assert made.leaks[0].startswith("2 groups of linked products stand on test and ")
    assert "p0003 and p0004, by the same words" in made.leaks[0]
    assert no_leak(made.table, products).passed
