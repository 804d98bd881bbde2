"""Typing errors: what is put right and what stays, what is preferred, and what is said of it."""

import random
import string
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexical.corrections import correct
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.spelling import LONG, Spelling, edits, nearest

TITLES = [
    "Red wall clock", "Blue wall clock", "Wall clock, white", "Red cloak with hood", "Cloak for hikers",
    "Acoustic guitar", "Violins for pupils", "Northpeak headphones", "Percolator XB200", "红色时钟",
]  # fmt: skip


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return LexicalIndex.build(pd.DataFrame({"title": TITLES, "brand": ["Zwiebelhof"] * len(TITLES)}))


def text(index: LexicalIndex | LayeredLexical, typed: str) -> str:
    return correct(index, typed).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("clcok", "clock"),
        ("gutiar", "guitar"),
        ("violn", "violin"),  # listings have the plural alone
        ("Red CLCOK!", "Red clock!"),
        ("hedphnes", "headphones"),  # two edits of a long word
        ("zwiebelhfo percolatr", "zwiebelhof percolator"),
    ],
)
def test_what_a_typing_error_explains_is_put_right_and_said(
    index: LexicalIndex, typed: str, meant: str
) -> None:
    found = correct(index, typed)
    assert found.text == meant
    words = [(a, b) for a, b in zip(typed.split(), meant.split(), strict=True) if a.lower() != b.lower()]
    plain = [(a.strip("!"), b.strip("!")) for a, b in words]
    assert [(one["kind"], one["text"]) for one in found.said] == [("spelling", a) for a, _ in plain]
    assert [one["meaning"] for one in found.said] == [f"showing {b} for {a}" for a, b in plain]


@pytest.mark.parametrize(
    "typed",
    [
        "red clocks",  # another ending of a word that is there
        "xb201",  # a model code
        "20000",
        "cok",  # too short to tell
        "asdfghjkl",
        "hadphns",  # two edits of a short word
        "时钟表",
        "block",  # a right word, alone: something the shop does not sell
        "",
    ],
)
def test_what_is_right_or_explained_by_nothing_stays(index: LexicalIndex, typed: str) -> None:
    assert correct(index, typed) == (typed, ())


def test_the_word_that_occurs_with_the_others_is_preferred_then_the_frequent_one(index: LexicalIndex) -> None:
    # Both cloak and clock are one edit away.
    assert text(index, "wall cloek") == "wall clock"
    assert text(index, "hikers cloek") == "hikers cloak"
    assert text(index, "cloek") == "clock"  # three listings, against two


def test_a_right_word_is_an_error_only_beside_words_that_speak_for_it(index: LexicalIndex) -> None:
    assert text(index, "wall lock") == "wall clock"
    assert text(index, "guitar lock") == "guitar lock"
    assert text(index, "lock") == "lock"
    assert text(index, "zwiebelhof lock") == "zwiebelhof lock"  # no title has the brand


def test_what_the_shopper_takes_back_stays(index: LexicalIndex) -> None:
    assert correct(index, "gutiar clcok", ignore=["clcok"]).text == "guitar clcok"


def test_words_of_new_listings_are_known_and_meant(index: LexicalIndex) -> None:
    new = {len(TITLES): read_listing(index, {"title": "Guitarre clcok"})}
    layered = LayeredLexical(index, len(TITLES) + 1, new, np.empty(0, np.int64))
    assert text(layered, "clcok") == "clcok"
    assert text(layered, "guitarrre") == "guitarre"
    assert text(layered, "violn") == "violin"
    assert text(index, "clcok") == "clock"


WORDS = st.text(alphabet="abcdeéz", min_size=4, max_size=12)


@given(st.dictionaries(WORDS, st.integers(1, 9), min_size=1, max_size=40), WORDS)
def test_no_word_near_enough_is_overlooked(words: dict[str, int], typed: str) -> None:
    spelling = Spelling(words)
    assert spelling.near(typed) == nearest(typed, list(words), words, edits(typed))


def slips(word: str, rng: random.Random) -> list[str]:
    """A letter too many, too few, another, and two swapped."""
    i, j, letter = rng.randrange(len(word)), rng.randrange(len(word) - 1), rng.choice(string.ascii_lowercase)
    return [
        word[:i] + letter + word[i:],
        word[:i] + word[i + 1 :],
        word[:i] + letter + word[i + 1 :],
        word[:j] + word[j + 1] + word[j] + word[j + 2 :],
    ]


def test_every_single_slip_is_mended(index: LexicalIndex) -> None:
    rng = random.Random(0)
    for word in ("guitar", "acoustic", "headphones", "percolator", "northpeak"):
        for typed in slips(word, rng):
            assert text(index, typed) == word, typed


def test_longer_words_may_have_more_slips() -> None:
    assert [edits("a" * n) for n in (3, 4, LONG - 1, LONG, 20)] == [0, 1, 1, 2, 2]


def test_a_word_with_accents_of_their_own_is_put_right_whole() -> None:
    index = LexicalIndex.build(pd.DataFrame({"title": ["Bidizá guitar", "Red clock"]}))
    found = correct(index, normalize("NFD", "Bidiná guitar"))
    assert found.text == "bidizá guitar"
    assert found.said[0]["meaning"] == "showing bidizá for Bidiná"
    assert correct(index, normalize("NFD", "Bidiná guitar"), ignore=[found.said[0]["text"]]).said == ()


@pytest.mark.parametrize(
    ("typed", "words", "meant"),
    [
        ("violn", {"violin": 2, "viola": 9}, "violin"),  # a letter left out
        ("viiola", {"viola": 2, "violas": 9}, "viola"),
        ("voila", {"viola": 1, "voilu": 5}, "viola"),  # two letters swapped
        ("violn", {"violin": 1, "viola": 900}, "viola"),  # what hardly any listing has was hardly meant
    ],
)
def test_of_words_as_near_the_likelier_slip_counts(typed: str, words: dict[str, int], meant: str) -> None:
    assert Spelling(words).near(typed)[0].word == meant
