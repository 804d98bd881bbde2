"""What makes products variants of one, and what joins too many to do so."""

from functools import partial

import numpy as np
import pytest

from retrieval.catalogue.variants import ALONE, grouped, regrouped, rows_by_key, variant_keys


def groups(titles: list[str], **more: list[str]) -> list[int]:
    """Group of each title's product; all of one category, unless told otherwise."""
    columns = {"category": ["Home"] * len(titles), **more}
    keys = [
        variant_keys(title, **{name: own[row] for name, own in columns.items()})
        for row, title in enumerate(titles)
    ]
    return grouped(rows_by_key(keys), len(keys)).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Meridian Rafaki quiet clock, white", "Meridian Rafaki quiet clock, RED"),
        ("Rashbi Men's Black Dress Shirt", "Rashbi Men's Burgundy Dress Shirt XL"),
        ("Boat Shoes (Linen) by Sperry - 14.0 M", "Boat shoes (linen) by Sperry - 9.5 M"),
        ("Olive oil from Crete 500 ml", "Olive oil from Crete 1.5l"),
        ("Brevia Habe 不锈钢橙色厨房小家电", "Brevia Habe 不锈钢蓝色厨房小家电"),
        ("Trail shoe for men, size 42", "Trail shoe for men, size 43.5"),
    ],
)
def test_size_and_colour_make_no_other_product(one: str, other: str) -> None:
    assert groups([one, other, "Garden table made of oak"]) == [0, 0, ALONE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sonata 8974PP01 analog watch for women", "Sonata 8098YM01 analog watch for women"),
        ("Spare part 1000", "Spare part 1001"),
        ("Harry goes to school, part 1", "Harry goes to school, part 2"),
        ("Printer cartridge for model 2040", "Printer cartridge for model 2075"),
        ("Lamp, red", "Lamp, blue"),
        ("", ""),
    ],
)
def test_other_models_and_titles_of_few_words_are_products_of_their_own(one: str, other: str) -> None:
    assert groups([one, other]) == [ALONE, ALONE]


def test_brand_and_category_keep_equal_titles_apart() -> None:
    titles = ["Soft cotton shirt, blue"] * 3
    assert groups(titles, brand=["A", "a", "B"]) == [0, 0, ALONE]
    assert groups(titles, category=["Men", "Women", "Men"]) == [0, ALONE, 0]


def test_a_title_alone_is_too_little() -> None:
    titles = ["Soft cotton shirt, blue", "Soft cotton shirt, red"]
    assert groups(titles, category=["", ""]) == [ALONE, ALONE]
    assert groups(titles, category=["", ""], brand=["A", "A"]) == [0, 0]


def test_the_shop_s_own_word_outdoes_titles_and_photos() -> None:
    titles = ["Round table in oak", "Square table in ash", "Square table in ash, black"]
    assert groups(titles, group=["t", "t", ""], photo=["", "a.jpg", "a.jpg"]) == [0, 0, ALONE]
    assert groups(titles, photo=["", "a.jpg", "a.jpg"]) == [ALONE, 1, 1]


def test_what_joins_too_many_joins_nothing() -> None:
    many = [f"Plain paper bag for bread, {n} cm" for n in range(30)]
    assert set(groups(many)) == {ALONE}
    assert set(
        groups([f"{'ab'[n % 2]} thing of its own {n}x" for n in range(30)], photo=["none.jpg"] * 30)
    ) == {ALONE}
    assert set(groups(["A", "B", "C"], group=["all"] * 3)) == {ALONE}


def test_chains_are_one_group() -> None:
    titles = ["Tall lamp for halls", "Tall lamp for halls, red", "Something else altogether here"]
    assert groups(titles, photo=["", "x.jpg", "x.jpg"]) == [0, 0, 0]


def test_what_is_put_joins_what_is_still_there() -> None:
    made = partial(variant_keys, brand="A")
    keys = [
        made("Tall lamp for halls, red"),
        made("Tall lamp for halls"),
        made("Vase of glass"),
    ]
    rows = rows_by_key(keys)
    base = grouped(rows, 3)
    put = {
        3: made("Tall lamp for halls, XL"),
        4: made("Round rug of wool"),
        5: made("Round rug of wool 2 m"),
    }
    found = regrouped(base, rows, put, np.array([0]), 6)
    assert found is not None
    assert found[1] == found[3] != ALONE
    assert found[4] == found[5] != ALONE
    assert found[[0, 2]].tolist() == [ALONE, ALONE]
    assert regrouped(None, {}, {0: made("One of a kind")}, np.array([], int), 1) is None
