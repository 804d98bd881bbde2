"""Which categories, brands and titles are suggested for what was typed, and in what order."""

import random

import numpy as np
import pytest

from retrieval.suggestions import PastQueries, Suggestions, spellings
from retrieval.suggestions.folding import marks, plain, typed_words
from retrieval.suggestions.prefixes import PrefixIndex

TITLES = [
    "Red alarm clock", "Wall clock, large", "Café table clock", "红色闹钟", "Violin for beginners",
    "Red alarm clock", "Guitar strap", "Clockwork toy",
]  # fmt: skip
PATHS = [
    "Clocks > Alarm",
    "Clocks > Wall",
    "Clocks > Table",
    "Clocks > Alarm",
    "Music",
    "Clocks > Alarm",
    "Music",
    "",
]
BRANDS = ["Cloud", "", "Ömer & Söhne", "北辰", "", "Cloud", "", ""]
SHOP = Suggestions(TITLES, PATHS, BRANDS, np.array([0, 5, 1, 0, 0, 0, 0, 9.0]))


def found(typed: str, kind: str, k: int = 5, shop: Suggestions = SHOP) -> list[str]:
    read = spellings(typed, [shop])
    return [one.path or one.text for one in shop.find(read, kind, k, lambda one: True)]


def test_any_word_of_a_title_may_be_typed_from_its_beginning() -> None:
    assert found("vio", "title") == ["Violin for beginners"]
    assert found("begin", "title") == ["Violin for beginners"]
    assert found("ginners", "title") == []
    assert found("cafe", "title") == ["Café table clock"]
    assert found("CAFÉ T", "title") == ["Café table clock"]
    assert found("clock red", "title") == ["Red alarm clock"]


def test_chinese_is_found_by_any_part() -> None:
    assert found("闹", "title") == found("红色", "title") == found("红色闹钟", "title") == ["红色闹钟"]
    assert found("北", "brand") == ["北辰"]


def test_what_begins_so_comes_first_then_what_is_popular() -> None:
    assert found("clock", "title") == [
        "Clockwork toy",
        "Wall clock, large",
        "Café table clock",
        "Red alarm clock",
    ]
    assert found("clock", "title", k=2) == ["Clockwork toy", "Wall clock, large"]
    assert found("clock", "category") == ["Clocks"]
    assert found("alarm", "category") == ["Clocks > Alarm"]
    assert found("sohne", "brand") == ["Ömer & Söhne"]


@pytest.mark.parametrize("typed", ["vioiln", "violn", "viollin", "vuolin", "vioin f"])
def test_one_letter_may_be_wrong(typed: str) -> None:
    assert found(typed, "title") == ["Violin for beginners"]


def test_short_words_are_taken_as_they_are() -> None:
    assert found("rde", "title") == []
    assert found("xyzzy", "title") == found("", "title") == found("!?", "title") == []


def test_a_long_word_is_not_tried_in_all_its_spellings() -> None:
    assert spellings("x" * 5000, [SHOP]) == [["x" * 5000]]
    assert found("clock " * 2000, "title")[0] == "Clockwork toy"


def test_what_may_not_be_shown_makes_room() -> None:
    read = spellings("clock", [SHOP])
    seen = SHOP.find(read, "title", 2, lambda one: one.row not in (7, 1))
    assert [one.text for one in seen] == ["Café table clock", "Red alarm clock"]
    twice = SHOP.find(read, "title", 5, lambda one: one.row != 0)
    assert [one.row for one in twice if one.text == "Red alarm clock"] == [5]


def test_marks_are_places_in_the_text_as_shown() -> None:
    assert marks("Café table clock", typed_words("CAFÉ clo")) == [(0, 4), (11, 14)]
    assert marks("红色闹钟", ["闹钟"]) == [(2, 4)]
    assert marks("Unclocked clock", ["clock"]) == [(10, 15)]
    for text in ("Straße İstanbul ﬁ 한국어", "Ａｂｃ"):
        assert len(plain(text)) == len(text)


def test_ranges_are_what_comparing_every_word_finds() -> None:
    rng = random.Random(0)
    texts = [
        " ".join("".join(rng.choices("ab红é-", k=rng.randint(1, 12))) for _ in range(rng.randint(0, 4)))
        for _ in range(300)
    ]
    index = PrefixIndex(texts)
    for _ in range(300):
        word = plain("".join(rng.choices("ab红é", k=rng.randint(1, 11))))
        owners, first = index.having(word)
        wanted = set()
        for number, text in enumerate(texts):
            folded = plain(text)
            for place in range(len(folded)):
                begins = place == 0 or folded[place - 1] == " " or folded[place] == "红"
                if begins and folded.startswith(word, place) and " " not in word:
                    wanted.add(number)
        assert set(owners.tolist()) == wanted
        assert {n for n, at in zip(owners.tolist(), first.tolist(), strict=True) if at} == {
            n for n, text in enumerate(texts) if plain(text).startswith(word)
        }


def test_a_category_is_found_by_its_names_once() -> None:
    names = {"Clocks > Alarm": {"zh": ["闹钟", "闹铃"], "de": ["Wecker"]}, "Gone": {"zh": ["闹"]}}
    shop = Suggestions(TITLES, PATHS, BRANDS, names=names)
    (one,) = shop.find(spellings("闹", [shop]), "category", 5, lambda one: True)
    assert (one.text, one.path, one.marks) == ("闹钟", "Clocks > Alarm", ((0, 1),))
    assert found("weck", "category", shop=shop) == ["Clocks > Alarm"]


def test_nothing_to_suggest_from() -> None:
    empty = Suggestions([], [], [])
    assert found("clock", "title", shop=empty) == []


def test_queries_of_others_are_found_by_their_beginnings_the_most_frequent_first() -> None:
    past = PastQueries(["red clock", "clock radio", "wall clock"], [5, 9, 7])
    found = past.find([["clo"]], 2)
    assert [(one.kind, one.text, one.marks) for one in found] == [
        ("query", "clock radio", ((0, 3),)),
        ("query", "wall clock", ((5, 8),)),
    ]
    assert past.find([["lamp"]], 2) == PastQueries([], []).find([["clo"]], 2) == []
