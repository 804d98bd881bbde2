"""What becomes of a query's words: filters, chips, and the words that are left."""

import pytest

from retrieval.filters.columns import Filters
from retrieval.understanding import Understood, Vocabulary, phrases, understand

TITLES = ["Cheap Monday slim jeans", "Sale box 20-30 mixed", "Red clock", "Anti age cream under 40"]
SHOP = Vocabulary.of(
    TITLES, ["Cheap Monday", "Under 21", "", ""], ["EUR"] * 4, [10.0, 20.0, None, 5.0], [1.0, None, None, 0.0]
)


def read(
    text: str, chosen: Filters | None = None, shop: Vocabulary = SHOP, **more: object
) -> Understood | None:
    return understand(text, phrases(text), shop, chosen or Filters(), **more)


def test_a_price_becomes_a_filter_and_leaves_the_words() -> None:
    found = read("red clock under 40")
    assert found is not None
    assert (found.text, found.filters) == ("red clock", Filters(price_to=40))
    assert found.said == (
        {
            "kind": "price", "text": "under 40", "filters": {"price_to": 40},
            "meaning": "at most 40 EUR; products without a price are left out",
        },
    )  # fmt: skip


def test_what_was_typed_in_front_of_a_price_goes_with_it() -> None:
    assert read("shirt, for under 30").text == "shirt"
    assert read("50欧元以下的红色闹钟").text == "红色闹钟"
    assert read("10-15").text == ""
    assert read("red clock at a price below 40").text == "red clock"
    assert read("clock more than 20 but less than 40").text == "clock"
    assert read("clock (under 40)!").text == "clock"
    assert read("clock, under 40, red").text == "clock, red"
    assert read("20-30").text == ""  # a box has it in its name, which nothing else asks for


@pytest.mark.parametrize("text", ["anything under 5", "cheap stuff", "things for less than 5", "便宜的东西"])
def test_who_asks_for_anything_asks_for_no_word(text: str) -> None:
    found = read(text)
    assert found is not None
    assert found.text == ""


def test_both_ends_may_be_said_apart_and_may_contradict() -> None:
    assert read("violin over 100 under 500").filters == Filters(price_from=100, price_to=500)
    found = read("violin over 100 under 50")
    assert found.filters == Filters(price_from=100)
    assert (found.said[1]["meaning"], found.said[1]["filters"]) == (
        "contradicts another price, and limits nothing", None,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["clock under 40 dollars", "clock £40", "40元以下的clock"])
def test_another_currency_is_said_and_not_obeyed(text: str) -> None:
    found = read(text)
    assert (found.text, found.filters) == ("clock", Filters())
    assert [one["kind"] for one in found.said] == ["currency"]
    assert "EUR" in found.said[0]["meaning"]


def test_pounds_alone_are_a_weight_where_nobody_pays_in_them() -> None:
    assert read("100 pounds dumbbell") is None
    assert read("dumbbell under 100 pounds").said[0]["kind"] == "currency"


def test_the_shoppers_own_filter_wins() -> None:
    found = read("clock under 40", Filters(price_to=20))
    assert found.filters == Filters()
    assert found.said[0]["filters"] is None
    found = read("clock 10 to 40 euro", Filters(price_to=20))
    assert found.filters == Filters(price_from=10)
    assert found.said[0]["meaning"].startswith("at least 10 EUR")
    assert read("clock over 30", Filters(price_to=20)).filters == Filters()
    assert read("in stock clock", Filters(in_stock=False)).filters == Filters()


@pytest.mark.parametrize(
    "text", ["cheap monday jeans", "CHEAP Monday jacket", "mixed box 20-30", "under 21 shirt"]
)
def test_what_is_a_name_here_is_left_alone(text: str) -> None:
    assert read(text) is None


def test_a_name_and_a_price_are_told_apart() -> None:
    found = read("cheap monday jeans under 40")
    assert (found.text, found.filters) == ("cheap monday jeans", Filters(price_to=40))
    assert read("cream under 40") is None
    assert read("clock under 40") is not None


def test_names_that_came_since_count() -> None:
    later = SHOP.with_listings(["Lamp under 40"], ["Affordable Arts"])
    assert read("lamp under 40") is not None
    assert read("lamp under 40", shop=later) is None
    assert read("affordable arts print", shop=later) is None
    assert read("cheap monday", shop=later) is None


def test_what_is_taken_back_asks_for_nothing_and_is_not_looked_for() -> None:
    found = read("red clock  Under 40", ignore=["under  40"])
    assert (found.text, found.filters, found.said) == ("red clock", Filters(), ())


def test_cheap_waits_for_what_is_found() -> None:
    found = read("cheap red clock")
    assert (found.text, found.cheap, found.filters) == ("red clock", True, Filters())
    assert read("cheaper red clock").cheap


def test_cheaper_beside_a_product_is_below_its_price() -> None:
    found = read("cheaper", beside=True, price=59.9)
    assert (found.text, found.cheap, found.filters) == ("", False, Filters(price_to=59.89))
    assert read("more expensive", beside=True, price=59.9).filters == Filters(price_from=59.91)
    unpriced = read("cheaper", beside=True, price=None)
    assert (unpriced.filters, unpriced.said[0]["filters"]) == (Filters(), None)
    assert read("more expensive") is None


def test_nothing_is_understood_that_the_catalogue_does_not_know() -> None:
    bare = Vocabulary.of(["Red clock"], [""], [""], [None], [None])
    assert read("clock under 40", shop=bare) is None
    assert read("clock in stock", shop=bare) is None
    assert read("cheap clock", shop=bare) is None
