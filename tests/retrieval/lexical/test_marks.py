"""Highlights: the words of a title that a query's words matched, and nothing else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.text.clean import words
from retrieval.lexical.marks import marks
from retrieval.lexical.tokens import query_terms, stems


@pytest.mark.parametrize(
    ("title", "query", "marked"),
    [
        ("Red running shoes", "shoe red", ["Red", "shoes"]),
        ("Clockwork clock", "clocks", ["clock"]),
        ("北辰 Fapi 红色时钟, red", "红色 red", ["红色", "red"]),
        ("红色时钟时钟", "时钟", ["时钟", "时钟"]),
        ("Ｒｅｄ lamp", "red", ["Ｒｅｄ"]),
        ("USB充电器, usb", "usb 充电", ["USB", "充电", "usb"]),
        ("Women's coat", "womens coats", ["Women's", "coat"]),
        ("a'b时", "b", ["b"]),
        ("Jug 1.5L, 5 cups", "1,50 l jug", ["Jug", "1.5"]),
        ("Jug 1.5L, 5 cups", "5", ["5"]),
        ("容量1.5升水壶", "1.5 水壶", ["1.5", "水壶"]),
        ("Red lamp", "", []),
        ("Red lamp", "the of", []),
        ("", "red", []),
    ],
)
def test_words_of_the_query_are_marked_in_any_form(title: str, query: str, marked: list[str]) -> None:
    before, found = marks(["Red shoe, 红色", title], query_terms(query).terms)
    assert before == marks(["Red shoe, 红色"], query_terms(query).terms)[0]
    assert [title[start:end] for start, end in found] == marked


TEXT = st.text(alphabet="ab s'钟时-, ", max_size=20)


@given(TEXT, TEXT)
def test_marks_are_apart_in_order_and_of_a_word_of_the_query(title: str, query: str) -> None:
    terms = query_terms(query).terms
    (found,) = marks([title], terms)
    assert all(0 <= start < end <= len(title) for start, end in found)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
    for start, end in found:
        part = title[start:end].lower()
        assert stems([part])[0] in terms or any(term in part for term in terms)
    # A word that the index has of both is marked; an apostrophe that jieba cuts off is none.
    assert bool(found) or not {term for term in stems(words(title)) if term.isalnum()} & set(terms)
