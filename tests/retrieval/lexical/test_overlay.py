"""What came since over what there was: the same answers as an index of the newest listings would give."""

import numpy as np
import pandas as pd
import pytest

from retrieval.filters.columns import Columns, Filters, allowed_rows
from retrieval.filters.facets import facets, relaxed
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.listings import read_words
from retrieval.lexical.overlay import LayeredLexical, LayeredRows, read_listing
from tests.retrieval.shop import products

NEW = {
    2: {"title": "Umbrella for rain", "brand": "Harbour", "category": "Home > Rain"},
    9: {"title": "Red umbrella", "attributes": {"Colour": "red"}, "description": "雨伞"},
}
DEAD = np.array([2, 6])
"""Row 2 was replaced, row 6 deleted, row 9 added."""
QUERIES = ("rain", "red umbrella", "floor lamp", "雨伞", "nothing known", "boots umbrella rain red 台灯", "")


@pytest.fixture(scope="module")
def base() -> LexicalIndex:
    return LexicalIndex.build(products())


@pytest.fixture(scope="module")
def layered(base: LexicalIndex) -> LayeredLexical:
    listings = {row: read_listing(base, fields) for row, fields in NEW.items()}
    return LayeredLexical(base, 10, listings, DEAD)


def scores_by_hand(base: LexicalIndex, layered: LayeredLexical, text: str) -> np.ndarray:
    """BM25 of all ten rows by its formula, with the base's document frequencies and mean length."""
    from collections import Counter

    from retrieval.lexical.index import K1, B

    table = products()
    old = {row: table.iloc[row].to_dict() for row in range(9) if row not in DEAD.tolist()}
    query = layered.query(text)
    found = np.zeros(10)
    for row, fields in {**old, **NEW}.items():
        terms = read_words(fields, base.weights).terms
        counts = Counter(terms)
        norm = K1 * (1 - B + B * len(terms) / base.mean_length)
        for term, rarity in zip(query.terms, query.rarity.tolist(), strict=True):
            if counts[term]:
                found[row] += rarity * counts[term] / (counts[term] + norm)
    return found


@pytest.mark.parametrize("text", QUERIES)
def test_new_listings_score_by_the_old_statistics(
    base: LexicalIndex, layered: LayeredLexical, text: str
) -> None:
    query = layered.query(text)
    wanted = scores_by_hand(base, layered, text)
    np.testing.assert_allclose(layered.evidence(query, np.arange(10))[0], wanted, rtol=1e-5, atol=1e-6)
    for allowed in (None, np.arange(10) % 3 == 0):
        rows, scores = layered.best(query, 3, allowed)
        may = np.flatnonzero((wanted > 0) & (True if allowed is None else allowed))
        order = may[np.lexsort((may, -np.round(wanted[may], 5)))][:3]
        assert rows.tolist() == order.tolist()
        np.testing.assert_allclose(scores, wanted[order], rtol=1e-5)
    assert (wanted <= query.bound + 1e-6).all()


def test_a_word_that_only_a_new_listing_has_is_known(layered: LayeredLexical, base: LexicalIndex) -> None:
    assert base.query("umbrella").unknown_share == 1
    query = layered.query("umbrella zebra")
    assert query.unknown_share == 0.5
    assert layered.matched(query, np.array([2, 9, 0])) == [("umbrella",), ("umbrella",), ()]
    np.testing.assert_allclose(layered.evidence(query, np.array([2, 0]))[1], [0.5, 0])
    # The words of the listing that was replaced, and of the one deleted, are gone.
    trail = layered.query("trail runner desk")
    assert layered.matched(trail, np.array([2, 6])) == [(), ()]


@pytest.mark.parametrize("text", QUERIES)
def test_titles_are_told_as_by_an_index_built_anew(layered: LayeredLexical, text: str) -> None:
    query = layered.query(text)
    listings = {**products().to_dict("index"), **NEW}
    for titled in (False, True):
        expected = [
            row
            for row, fields in sorted(listings.items())
            if (read := read_words(fields)) and (row in NEW or row not in DEAD) and query.terms
            and set(query.terms) <= set(read.titled if titled else read.terms)
        ]  # fmt: skip
        assert layered.having_all(query, titled).tolist() == expected


@pytest.mark.parametrize("text", QUERIES)
def test_sparse_answers_are_those_of_a_full_scan(base: LexicalIndex, text: str) -> None:
    query = base.query(text)
    whole = base.scores(query)
    np.testing.assert_array_equal(base.evidence(query, np.arange(9))[0], whole)
    for k in (1, 2, 5, 100):
        rows, scores = base.best(query, k)
        there = np.flatnonzero(whole > 0)
        wanted = there[np.lexsort((there, -whole[there]))][:k]
        assert rows.tolist() == wanted.tolist()
        np.testing.assert_array_equal(scores, whole[wanted])


def test_a_question_that_fails_leaves_no_trace(base: LexicalIndex) -> None:
    query = base.query("red lamp boots")
    before = base.best(query, 9)
    with pytest.raises((IndexError, ValueError)):
        base.best(query, 9, np.ones(2, bool))
    after = base.best(query, 9)
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1], before[1])


def test_sparse_answers_hold_on_many_listings_with_ties() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(30)]
    listings = [[words[w] for w in rng.integers(0, 30, rng.integers(1, 6))] for _ in range(3000)]
    index = LexicalIndex.of_terms(listings, {})
    allowed = rng.random(3000) < 0.3
    for text in ("w1", "w1 w2", "w3 w4 w5 w6", "w1 w2 w3 w4 w5 w6 w7 w8"):
        query = index.query(text)
        whole = index.scores(query)
        for mask in (None, allowed):
            rows, _ = index.best(query, 50, mask)
            there = np.flatnonzero((whole > 0) & (True if mask is None else mask))
            assert rows.tolist() == there[np.lexsort((there, -whole[there]))][:50].tolist()


def test_laid_over_columns_equal_those_built_anew() -> None:
    table = products()
    table["on_hand"] = [1.0, 0.0, np.nan, 3.0, 4.0, 0.0, 2.0, 1.0, 5.0]
    columns = Columns(table)
    facts = {
        1: {"price": 5.0, "on_hand": None},
        2: {"category": "Home > Rain", "brand": "Harbour", "language": "en", "price": 9.0, "on_hand": 2.0,
            "has_photo": True},
        9: {"category": "Home > Rain > Paper", "brand": "NORTHPEAK", "language": "fr", "price": None,
            "on_hand": 1.0, "has_photo": False},
    }  # fmt: skip
    laid = columns.overlaid(facts, ["P9"], [6])
    anew = table.drop(columns="attributes").copy()
    anew.loc[1, ["price", "on_hand"]] = [5.0, np.nan]
    anew.loc[2, ["category", "brand", "language", "price", "on_hand"]] = [
        "Home > Rain",
        "Harbour",
        "en",
        9.0,
        2.0,
    ]
    anew.at[2, "photos"] = ["z.jpg"]
    added = {"product_id": "P9", "category": "Home > Rain > Paper", "brand": "NORTHPEAK", "language": "fr",
             "on_hand": 1.0, "photos": []}  # fmt: skip
    wanted = Columns(pd.concat([anew, pd.DataFrame([added])], ignore_index=True)).overlaid({}, [], [6])
    assert laid.row_of["P9"] == 9
    assert len(laid) == 10
    for filters in (
        Filters(),
        Filters(category=("Home",)),
        Filters(category=("Home > Rain",)),
        Filters(brand=("northpeak",)),
        Filters(language=("fr", "zh")),
        Filters(price_to=10),
        Filters(in_stock=True),
        Filters(has_photo=False),
    ):
        np.testing.assert_array_equal(allowed_rows(laid, filters), allowed_rows(wanted, filters))
        assert facets(laid, filters) == facets(wanted, filters)
    assert len(columns) == 9
    assert columns.price[1] == 60


def test_facets_of_some_rows_are_those_of_their_columns() -> None:
    columns = Columns(products(), {"P0": 3})
    rows = np.array([0, 3, 4, 8])
    mask = np.isin(np.arange(9), rows)
    for filters in (Filters(), Filters(category=("Shoes",), price_to=100)):
        assert facets(columns.take(rows), filters) == facets(columns, filters, mask)


def test_relaxed_filters_leave_out_one_field_each() -> None:
    assert relaxed(Filters()) == []
    filters = Filters(brand=("a",), price_from=1, price_to=2, in_stock=False)
    assert relaxed(filters) == [
        Filters(price_from=1, price_to=2, in_stock=False),
        Filters(brand=("a",), price_from=1, price_to=2),
        Filters(brand=("a",), in_stock=False),
    ]


def test_laid_over_rows() -> None:
    table = np.arange(8, dtype=np.float16).reshape(4, 2)
    laid = LayeredRows(table, np.array([1, 5]), np.array([[9, 9], [7, 7]], np.float32))
    assert len(laid) == 6
    assert laid[np.array([0, 1, 3, 4, 5, 1])].tolist() == [[0, 1], [9, 9], [6, 7], [0, 0], [7, 7], [9, 9]]
    plain = LayeredRows(table, np.empty(0, np.int64), np.empty((0, 2), np.float32))
    assert plain[np.array([3])].tolist() == [[6, 7]]
