"""Measures, model numbers and compounds are found however listings and shoppers write them."""

import numpy as np
import pandas as pd
import pytest

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.tokens import query_terms
from retrieval.lexical.written import written_otherwise

TITLES = [
    "Jug 2 L grey", "Jug 1.7L teal", "Flask 500 ml", "Flask 750ml", "Sonor QX-500 headphones",
    "Sonor QX700 headphones", "Sun cream SPF 50", "Bulb 100W", "Doormat cream", "Key ring boot",
    "Keyring pig", "Lunch bag apple", "Café crème beans", "Cable 3 metre", "Table 160 x 90", "Knife 8 inch",
]  # fmt: skip


@pytest.fixture(scope="module", params=["built", "laid over"])
def index(request: pytest.FixtureRequest) -> LexicalIndex | LayeredLexical:
    if request.param == "built":
        return LexicalIndex.build(pd.DataFrame({"title": TITLES}))
    base = LexicalIndex.build(pd.DataFrame({"title": TITLES[:8]}))
    new = {row: read_listing(base, {"title": TITLES[row]}) for row in range(8, len(TITLES))}
    return LayeredLexical(base, len(TITLES), new, np.empty(0, np.int64))


def titled(index: LexicalIndex | LayeredLexical, text: str) -> list[str]:
    also, _ = written_otherwise(index, text)
    rows = index.having_all(index.query_of(*query_terms(text, also)))
    return [TITLES[row] for row in rows.tolist()]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("jug 2l", "Jug 2 L grey"), ("2L jug", "Jug 2 L grey"), ("2 litre jug", "Jug 2 L grey"),
        ("jug 1.7 l", "Jug 1.7L teal"), ("500ml flask", "Flask 500 ml"), ("750 ml flask", "Flask 750ml"),
        ("qx500", "Sonor QX-500 headphones"), ("sonor qx 700", "Sonor QX700 headphones"),
        ("QX-700", "Sonor QX700 headphones"), ("spf50", "Sun cream SPF 50"), ("100 w bulb", "Bulb 100W"),
        ("door mat", "Doormat cream"), ("lunchbag", "Lunch bag apple"), ("cafe creme", "Café crème beans"),
        ("1.7 litre jug", "Jug 1.7L teal"),
        ("3m cable", "Cable 3 metre"), ("160x90 table", "Table 160 x 90"), ("8in knife", "Knife 8 inch"),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_is_found(
    index: LexicalIndex | LayeredLexical, typed: str, title: str
) -> None:
    assert titled(index, typed) == [title]


def test_both_ways_are_found_where_listings_have_both(index: LexicalIndex | LayeredLexical) -> None:
    assert titled(index, "key ring") == ["Key ring boot", "Keyring pig"]


def test_it_is_said_as_typed_and_can_be_taken_back(index: LexicalIndex | LayeredLexical) -> None:
    also, said = written_otherwise(index, "red QX500")
    assert [(one["text"], one["meaning"]) for one in said] == [("QX500", "looking for qx 500 too")]
    assert also == (("qx500", (("qx 500", ("qx", "500")),)),)
    assert written_otherwise(index, "red QX500", ignore=["QX500"]) == ((), ())


@pytest.mark.parametrize(
    "typed", ["jug 9l", "phone 12", "blue shoe", "mp3 player", "2000 g", "bag lunch", ""]
)
def test_what_no_listing_has_stands_for_nothing(index: LexicalIndex | LayeredLexical, typed: str) -> None:
    assert written_otherwise(index, typed) == ((), ())


def test_the_index_knows_which_words_to_look_at() -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": TITLES}))
    assert index.compounds(["door", "mat"])
    assert index.compounds(["lunchbag"])
    assert not index.compounds(["grey", "jug"])


def test_a_single_chinese_character_stands_for_the_words_that_end_with_it() -> None:
    titles = ["红色闹钟 复古", "蓝色时钟", "红色跑鞋", "时钟胶水"]
    index = LexicalIndex.build(pd.DataFrame({"title": titles}))
    also, said = written_otherwise(index, "红色的钟")
    rows = index.having_all(index.query_of(*query_terms("红色的钟", also)))
    assert rows.tolist() == [0]
    assert [(one["text"], one["meaning"]) for one in said] == [("钟", "looking for 时钟, 闹钟 too")]
    assert written_otherwise(index, "车") == ((), ())
