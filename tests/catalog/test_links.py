"""What links products and what joins too many to be a link."""

import pandas as pd
import pytest

from catalog.links import link_products
from catalog.splits import divide
from data_checks.checks.splits import no_leak
from shelfspace.settings import Settings, load_settings
from tests.catalog.test_splits import catalogue, sentence, sides


def groups(products: pd.DataFrame, digests: dict[str, str] | None = None) -> list[int]:
    """Sizes of the groups, the largest first."""
    links = link_products(products, digests or {}, products["category"].tolist())
    return pd.Series(links.groups).value_counts().tolist()


def dropped(products: pd.DataFrame, digests: dict[str, str] | None = None) -> list[tuple[str, int]]:
    links = link_products(products, digests or {}, products["category"].tolist())
    return [(link.kind, link.products) for link in links.dropped]


def judged(products: pd.DataFrame, digests: dict[str, str] | None = None, level: int = 1) -> pd.Series:
    """Products by side of a split that passes its check."""
    made = divide(products, digests or {}, Settings(), label_level=level)
    report = no_leak(made.table, products, made.empty)
    assert report.passed, report.cause
    return made.table["split"].value_counts()


def test_one_text_as_every_description_links_nothing_and_titles_are_compared() -> None:
    shipping = sentence(7000, 120)
    products = catalogue(60, description=[shipping] * 60)
    products.loc[:2, "title"] = [f"{sentence(905, 9)} {size}" for size in ("small", "large", "huge")]
    assert groups(products)[:2] == [3, 1]
    assert dropped(products) == [("boilerplate", 60)]
    assert judged(products)["test"] >= 6


def test_boilerplate_of_one_supplier_hides_no_other_text() -> None:
    """A third of the shop carries a supplier's text; what its products say besides is compared."""
    supplier, own = sentence(7000, 50), [sentence(400 + i, 12) for i in range(60)]
    texts = [f"{own[i]} {supplier}" if i % 3 == 0 else own[i] for i in range(60)]
    assert groups(catalogue(60, description=texts)) == [1] * 60


@pytest.mark.parametrize("count", [12, 60, 200])
def test_titles_that_differ_in_a_number_alone_are_no_group_of_a_whole_class(count: int) -> None:
    titles = [f"spare part {1000 + i}" for i in range(count)]
    products = catalogue(count, title=titles)
    assert groups(products) == [1] * count
    assert dropped(products) == [("number", count)]
    assert judged(products)["train"] < count


def test_numbered_titles_of_every_class_leave_a_holdout() -> None:
    """Each class has numbered titles of its own, too few of them for a bound to see."""
    names = ["boot", "lamp", "mug", "rug", "sofa", "vase"]
    products = catalogue(
        42,
        title=[f"{names[i % 6]} set {i}" for i in range(42)],
        category=[f"{names[i % 6]} > x" for i in range(42)],
    )
    made = divide(products, {}, Settings())
    assert no_leak(made.table, products, made.empty).passed
    assert ("number", "a side would have no products otherwise") in [(d.kind, d.what) for d in made.dropped]


def test_a_few_numbered_titles_are_still_one_group() -> None:
    products = catalogue(60)
    products.loc[:3, "title"] = [f"oak shelf board {i} cm" for i in range(4)]
    assert groups(products)[:2] == [4, 1]
    assert dropped(products) == []


def test_a_photo_that_most_have_links_nothing_and_equal_texts_still_do() -> None:
    products = catalogue(60, photos=[["none.png"] if i % 5 < 3 else [f"{i}.png"] for i in range(60)])
    products.loc[[0, 1], "title"] = "the very same title of two rows here"
    digests = {"none.png": "same"} | {f"{i}.png": str(i) for i in range(60)}
    assert groups(products, digests)[:2] == [2, 1]
    assert dropped(products, digests) == [("photo", 36)]
    assert judged(products, digests)["train"] < 50


def test_a_group_id_that_all_have_is_a_column_filled_alike() -> None:
    products = catalogue(60, group_id=["default"] * 60)
    assert dropped(products) == [("variant", 60)]
    thirds = catalogue(60, group_id=[f"g{i % 3}" for i in range(60)])
    assert groups(thirds) == [20, 20, 20]
    assert set(judged(thirds, level=0).index) == {"train", "validation", "test"}


def test_a_chain_of_photos_does_not_grow_beyond_what_one_link_may_join() -> None:
    """Each photo joins three products, and a chain of them would join all."""
    products = catalogue(60, photos=[[f"{i // 2}.png", f"{(i + 1) // 2}.png"] for i in range(60)])
    digests = {f"{i}.png": str(i) for i in range(61)}
    assert max(groups(products, digests)) <= 8


def test_a_class_that_no_level_divides_is_named_with_the_level_that_would_do() -> None:
    products = catalogue(60, category=[f"c{i % 6} > x > y{i}" for i in range(60)])
    made = divide(products, {}, Settings(), label_level=3)
    assert "label_level: 3 makes 60 classes of 60 products" in made.empty
    assert "set label_level: 2 (6 classes) in catalog.yaml" in made.empty
    assert judged(products, level=2)["train"] < 60
    # A level that gives no class twice is worth nothing either: then none is right.
    alone = catalogue(60, category=[f"y{i}" for i in range(60)])
    assert "set label_level: 0 (no classes)" in divide(alone, {}, Settings()).empty


def test_what_was_asked_for_is_kept_and_named_where_it_ties_all() -> None:
    products = catalogue(60, brand=["Acme"] * 60)
    by_brand = load_settings(overrides={"preprocessing": {"group_by_brand": True}})
    made = divide(products, {}, by_brand)
    assert made.largest == (60, "the same brand")
    assert "set preprocessing.group_by_brand: false" in made.empty


@pytest.mark.parametrize("count", [4, 5, 10, 30])
def test_a_small_shop_has_something_on_every_side(count: int) -> None:
    for first in range(0, 400, 40):
        counts = judged(catalogue(count, first=first), level=0)
        assert set(counts.index) == {"train", "validation", "test"}
        assert counts["test"] >= max(1, int(0.1 * count))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_four_products_are_told_so(count: int) -> None:
    made = divide(catalogue(count), {}, Settings())
    assert made.empty.endswith("too few for three sides; deliver at least 4 products that are unlike")


def test_sides_that_are_filled_stay_when_the_shop_grows() -> None:
    small = divide(catalogue(10), {}, Settings()).table
    grown = divide(catalogue(300), {}, Settings(), small).table
    assert sides(small).items() <= sides(grown).items()
