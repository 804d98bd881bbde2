"""Words that only ask are no part of what is looked for, and nothing else is taken for them."""

import pytest

from retrieval.reading import without_request


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I need a clock", "clock"),
        ("i'd like to buy some red shoes please", "red shoes"),
        ("I am looking for a gift for my mother", "gift for my mother"),
        ("looking for hiking boots", "hiking boots"),
        ("Can you show me the cheapest kettle?", "cheapest kettle"),
        ("do you have any guitars?", "guitars"),
        ("hello, show me lamps", "lamps"),
        ("where can I buy a violin", "violin"),
        ("need a new phone case", "new phone case"),
        ("toaster please", "toaster"),
        ("我想买一个闹钟", "闹钟"),
        ("有没有红色的钟?", "红色的钟"),
        ("请问有没有水壶吗", "水壶"),
        ("我需要小提琴", "小提琴"),
        ('"red clock"', "red clock"),
        ("🎄", "?"),
        ("<script>alert(1)</script>", "?"),
        ("“I need a clock”", "clock"),
    ],
)
def test_what_is_asked_for_is_left(typed: str, meant: str) -> None:
    assert without_request(typed) == meant


OTHERS = (
    *("need for speed", "I need", "looking glass", "want", "the need to know", "show jumping", "find"),
    *("我的世界", "推荐", "Please Please Me", "red clock", "现货"),
    *('12" knife', "men's and boys'", '""'),
)


@pytest.mark.parametrize("typed", OTHERS)
def test_what_asks_for_nothing_else_stays(typed: str) -> None:
    assert without_request(typed) == typed
