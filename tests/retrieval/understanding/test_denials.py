"""What a query denies is left out; what only looks like a denial, or is a name here, stays words."""

import pytest

from retrieval.filters.columns import Filters
from retrieval.understanding import Understood, Vocabulary, phrases, understand

TITLES = ["Desk lamp without cable", "Do not disturb sign", "Red clock", "Case -black", "Wall tile, no drill"]
SHOP = Vocabulary.of(TITLES, [""] * 5, ["EUR"] * 5, [1.0] * 5, [1.0] * 5)


def read(text: str, **more: object) -> Understood | None:
    return understand(text, phrases(text), SHOP, Filters(), **more)


@pytest.mark.parametrize(
    ("text", "left", "without"),
    [
        ("clock not red", "clock", ("red",)),
        ("not red clock", "clock", ("red",)),
        ("clock that is not red", "clock", ("red",)),
        ("clock that isn't red", "clock", ("red",)),
        ("clock but not the red one", "clock", ("red",)),
        ("Clock Without Red", "Clock", ("Red",)),
        ("clock no red", "clock", ("red",)),
        ("no red clock", "clock", ("red",)),
        ("clock -red -blue", "clock", ("red", "blue")),
        ("clock, not red or blue", "clock", ("red", "blue")),
        ("shoes not black and not red", "shoes", ("black", "red")),
        ("clock except red", "clock", ("red",)),
        ("watch without leather strap", "watch", ("leather strap",)),
        ("violin -electric case", "violin case", ("electric",)),
        ("不要红色的闹钟", "闹钟", ("红色",)),
        ("不要红色闹钟", "闹钟", ("红色",)),
        ("我不要红色的闹钟", "闹钟", ("红色",)),
        ("闹钟 不要红色", "闹钟", ("红色",)),
        ("闹钟，不是红色的", "闹钟", ("红色",)),
        ("非红色的闹钟", "闹钟", ("红色",)),
        ("除了红色和蓝色以外的闹钟", "闹钟", ("红色", "蓝色")),
        ("不含糖的饼干", "饼干", ("糖",)),
    ],
)
def test_a_denied_word_becomes_a_filter(text: str, left: str, without: tuple[str, ...]) -> None:
    found = read(text)
    assert found is not None
    assert (found.text, found.filters) == (left, Filters(without=without))
    assert {one["kind"] for one in found.said} == {"exclusion"}
    assert all(one["text"] in text for one in found.said)


@pytest.mark.parametrize(
    "text",
    [
        "chanel no 5", "forget me not earrings", "without you", "clock not so nice", "clock not available",
        "no frills clock", "no fear", "nothing", "knot red", "t -shirt", "clock - red", "red-blue clock",
        "do not bend", "無线耳机", "无线耳机", "不锈钢杯", "非洲鼓", "不要太贵的闹钟", "要不要买",
    ],
)  # fmt: skip
def test_what_denies_nothing_stays_words(text: str) -> None:
    found = read(text)
    assert found is None or not found.filters.without


@pytest.mark.parametrize(
    "text",
    ["lamp without cable", "desk lamp cable without", "case -black", "sign do not disturb", "tile no drill"],
)
def test_what_a_title_holds_stays_words(text: str) -> None:
    assert read(text) is None


def test_titles_that_came_since_count() -> None:
    later = SHOP.with_listings(["Clock not red at all"], [""])
    assert understand("clock not red", phrases("clock not red"), later, Filters()) is None


def test_a_colour_alone_is_denied_and_a_name_is_not() -> None:
    assert read("no red").filters.without == ("red",)
    assert read("without sugar") is None
    assert read("without sugar", mixed=True).filters.without == ("sugar",)


def test_prices_stand_beside_denials() -> None:
    found = read("shirt without sleeves under 30")
    assert (found.text, found.filters) == ("shirt", Filters(price_to=30, without=("sleeves",)))
    assert read("clock not over 40").filters == Filters(price_to=40)


def test_what_is_taken_back_denies_nothing() -> None:
    found = read("clock not red", ignore=["not red"])
    assert (found.text, found.filters, found.said) == ("clock", Filters(), ())


def test_what_no_listing_has_is_said() -> None:
    found = read("clock not purple", listed=lambda word: ())
    assert (found.text, found.filters) == ("clock", Filters())
    assert found.said[0]["meaning"] == "no product has purple; nothing is left out"
    both = read("clock not red", listed=lambda word: (word, "红色"))
    assert both.said[0]["filters"] == {"without": ["red", "红色"]}
