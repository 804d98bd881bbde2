"""Synonyms: what a word finds beside itself, what it says of that, and files that cannot be meant."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.query import LexicalQuery
from retrieval.lexical.synonyms import Synonyms, expand, read_synonyms
from retrieval.lexical.tokens import query_terms
from shelfspace.errors import InputError

TITLES = [
    "Red sofa",
    "Red couch",
    "Blue couch",
    "Red notebook computer",
    "Red notebook",
    "Laptop sleeve, red",
]
TEXT = """
synonyms:
  - [sofa, couch, settee, davenport]
  - {words: [laptop, clamshell], also: [notebook computer, 笔记本电脑]}
  - [arm chair, fauteuil, couch]
"""


@pytest.fixture(scope="module")
def synonyms(tmp_path_factory: pytest.TempPathFactory) -> Synonyms:
    path = tmp_path_factory.mktemp("synonyms") / "synonyms.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return read_synonyms(path)


@pytest.fixture(scope="module", params=["built", "laid over"])
def index(request: pytest.FixtureRequest) -> LexicalIndex | LayeredLexical:
    """The same listings, indexed together, or one of two of them put since."""
    if request.param == "built":
        return LexicalIndex.build(pd.DataFrame({"title": TITLES}))
    base = LexicalIndex.build(pd.DataFrame({"title": TITLES[:3]}))
    new = {row: read_listing(base, {"title": TITLES[row]}) for row in (3, 4, 5)}
    return LayeredLexical(base, 6, new, np.empty(0, np.int64))


def asked(index: LexicalIndex | LayeredLexical, synonyms: Synonyms, text: str) -> LexicalQuery:
    found = expand(index, synonyms, text)
    return index.query_of(*query_terms(found.text, found.also))


def test_a_word_finds_the_listings_of_the_others_and_each_says_what_it_has(
    index: LexicalIndex | LayeredLexical, synonyms: Synonyms
) -> None:
    query = asked(index, synonyms, "red sofa")
    rows, scores = index.best(query, 10)
    assert set(rows.tolist()) == set(range(6))
    assert set(rows[:2].tolist()) == {0, 1}
    assert index.having_all(query).tolist() == index.having_all(query, titled=True).tolist() == [0, 1]
    assert index.matched(query, np.arange(3)) == [("red", "sofa"), ("red", "couch"), ("couch",)]
    _, covered = index.evidence(query, np.arange(3))
    assert covered[0] == covered[1] == pytest.approx(1)
    assert covered[2] < 1
    assert (scores <= query.bound + 1e-6).all()
    np.testing.assert_allclose(index.evidence(query, rows)[0], scores, rtol=1e-6)


def test_without_a_synonym_in_it_a_query_is_as_before(
    index: LexicalIndex | LayeredLexical, synonyms: Synonyms
) -> None:
    assert expand(index, synonyms, "red notebook") == ("red notebook", (), ())
    assert expand(index, Synonyms(), "sofa") == ("sofa", (), ())
    assert expand(index, synonyms, "Sofa", ignore=["Sofa"]) == ("Sofa", (), ())


def test_it_is_said_once_and_one_way_entries_do_not_return(
    index: LexicalIndex | LayeredLexical, synonyms: Synonyms
) -> None:
    (said,) = expand(index, synonyms, "red Sofa").said
    assert said == {
        "kind": "synonym", "text": "Sofa", "meaning": "looking for couch too", "filters": None,
    }  # fmt: skip
    laptop = asked(index, synonyms, "red laptop")
    assert index.having_all(laptop).tolist() == [3, 5]  # of several words a listing has all, or none
    assert index.matched(laptop, np.array([3, 4])) == [("red", "notebook computer"), ("red",)]
    assert index.having_all(asked(index, synonyms, "notebook computer")).tolist() == [3]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("red settee", "red sofa"),
        ("Settees", "sofa"),
        ("arm-chair, red", "couch, red"),
        ("clamshell red", "laptop red"),
    ],
)
def test_what_no_listing_has_is_replaced_in_the_text(
    index: LexicalIndex | LayeredLexical, synonyms: Synonyms, typed: str, text: str
) -> None:
    found = expand(index, synonyms, typed)
    assert found.text == text
    assert found.said[0]["meaning"].startswith("showing ")
    assert set(index.having_all(asked(index, synonyms, typed)).tolist()) >= {0} if "settee" in typed else True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("synonyms: [", "valid YAML"),
        ("[a, b]", "one key, `synonyms`"),
        ("synonyms: {a: b}", "one key, `synonyms`"),
        ("synonyms: [[bag, sack], [sofa]]", r"synonyms\[2\].*at least two words"),
        ("synonyms: [[the, sofa]]", r"synonyms\[1\].*stop words"),
        ("synonyms: [[7, sofa]]", r"synonyms\[1\].words.0"),
        ("synonyms: [{words: [sofa], alike: [couch]}]", r"synonyms\[1\].alike"),
        ("synonyms: [sofa]", r"synonyms\[1\]"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_where_it_is_at_fault(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "synonyms.yaml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_synonyms(tmp_path / "synonyms.yaml")


def test_no_file_and_an_empty_one_say_nothing(tmp_path: Path) -> None:
    assert read_synonyms(tmp_path / "none.yaml") == Synonyms()
    (tmp_path / "synonyms.yaml").write_text("# none yet\n")
    assert read_synonyms(tmp_path / "synonyms.yaml") == Synonyms()


@pytest.mark.parametrize(
    ("typed", "text", "also"),
    [
        ("红色", "红色", [("红色", ["red"])]),  # listings of both languages have it
        ("大红色 sofa", "red sofa", [("red", ["红色"]), ("sofa", ["couch"])]),
        ("粉红色 sofa", "pink sofa", [("sofa", ["couch"])]),
        ("pink", "pink", []),
        ("red sofa", "red sofa", [("red", ["红色"]), ("sofa", ["couch"])]),
    ],
)
def test_with_colours_a_colour_has_its_name_in_both_languages(
    synonyms: Synonyms, typed: str, text: str, also: list
) -> None:
    listings = pd.DataFrame({"title": ["Red sofa", "红色沙发", "大衣", "Pink couch"]})
    found = expand(LexicalIndex.build(listings), synonyms.with_colours, typed)
    assert found.text == text
    assert [(term, [other for other, _ in others]) for term, others in found.also] == also
    plain = expand(LexicalIndex.build(listings), synonyms, typed)
    assert (plain.text, "red" in dict(plain.also)) == (typed, False)
