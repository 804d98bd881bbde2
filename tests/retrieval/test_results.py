"""Matches beyond the candidates, and the floor that makes a hit relevant."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.engine import matching
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.query import LexicalQuery
from retrieval.lexical.tokens import query_terms
from retrieval.lexical.written import written_otherwise
from retrieval.ranking.floors import best_floor, load_floors, measured, save_floors
from retrieval.results import SearchResults, relevant, titled_first
from shelfspace.errors import ArtifactError
from tests.retrieval.shop import products

QUERIES = ("rain", "red umbrella", "floor lamp", "boots", "nothing known", "the", "")


@pytest.mark.parametrize("text", QUERIES)
def test_having_all_are_the_listings_that_lack_no_word(text: str) -> None:
    base = LexicalIndex.build(products())
    new = {2: {"title": "Umbrella for rain"}, 9: {"title": "Red umbrella"}}
    over = LayeredLexical(base, 10, {r: read_listing(base, f) for r, f in new.items()}, np.array([2, 6]))
    for lexical in (base, over):
        query = lexical.query(text)
        words = lexical.matched(query, np.arange(len(lexical)))
        wanted = [row for row, found in enumerate(words) if query.words and set(found) == set(query.words)]
        assert lexical.having_all(query).tolist() == wanted


def test_titles_as_typed_stand_before_what_stands_for_a_word() -> None:
    lexical = LexicalIndex.build(pd.DataFrame({"title": ["Door mat grey", "Doormat red", "Mat"]}))
    shop: Any = SimpleNamespace(search=SimpleNamespace(lexical=lexical))
    asked: Any = SimpleNamespace(query=SimpleNamespace(words_weight=None))
    for text, wanted in (("door mat", [0]), ("red door mat", [1])):
        query = lexical.query_of(*query_terms(text, written_otherwise(lexical, text)[0]))
        having, titled = matching(shop, asked, query)
        assert set(titled.tolist()) == set(wanted) <= set(having.tolist())


def found_with(
    lexical: LexicalIndex,
    query: LexicalQuery,
    matches: np.ndarray,
    known: np.ndarray,
    allowed: np.ndarray | None,
    titled: tuple[int, ...] = (),
) -> SearchResults:
    """Results of which nothing is asked but what matches beyond the known ones."""
    shop: Any = SimpleNamespace(search=SimpleNamespace(lexical=lexical))
    words, asked, none = SimpleNamespace(query=query), SimpleNamespace(), np.empty(0, np.int64)
    rows, scores = titled_first(known, 1 - np.arange(len(known)) / 10, np.array(titled, np.int64))
    return SearchResults(
        catalogue=shop,
        asked=cast(Any, asked),
        words=cast(Any, words),
        candidates=cast(Any, "short"),
        matches=matches,
        titled=np.array(titled, np.int64),
        allowed=allowed,
        rows=rows,
        scores=scores,
        out=none,
        below=none,
    )


@given(
    known=st.permutations(range(12)).map(lambda rows: rows[:7]),
    matches=st.sets(st.integers(0, 11)),
    titled=st.sets(st.integers(0, 11)),
    allowed=st.none() | st.lists(st.booleans(), min_size=12, max_size=12),
    first=st.integers(0, 12),
    size=st.integers(1, 12),
)
def test_what_has_every_word_in_its_title_comes_before_what_has_not_on_every_page(
    known: list[int],
    matches: set[int],
    titled: set[int],
    allowed: list[bool] | None,
    first: int,
    size: int,
) -> None:
    matches |= titled
    lexical = LexicalIndex.of_terms([["red"] * (1 + row % 4) + ["x"] * row for row in range(12)], {})
    query = lexical.query("red")
    may = np.ones(12, bool) if allowed is None else np.array(allowed)
    ranked = [row for row in known if may[row]]
    found = found_with(
        lexical,
        query,
        np.array(sorted(matches), np.int64),
        np.array(ranked, np.int64),
        None if allowed is None else may,
        tuple(sorted(titled)),
    )
    bm25 = lexical.scores(query)
    rest = [row for row in matches if may[row] and row not in ranked]
    rest.sort(key=lambda row: (-bm25[row], row))
    wanted = [
        row for group in (True, False) for rows in (ranked, rest) for row in rows if (row in titled) is group
    ]
    rows, scores = found.window(0, 12)
    assert rows.tolist() == wanted
    assert found.total == len(wanted)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    page = found.window(first, first + size)
    assert page[0].tolist() == wanted[first : first + size]
    assert page[1].tolist() == scores[first : first + size].tolist()


def test_the_rest_leaves_out_what_is_known_and_what_does_not_pass() -> None:
    lexical = LexicalIndex.build(products())
    query = lexical.query("lamp")
    matches = lexical.having_all(query)
    assert len(matches) >= 3
    known = np.array([matches[1], 8, matches[1]])
    scores = lexical.scores(query)
    for allowed in (None, np.arange(len(lexical)) != matches[0]):
        found = found_with(lexical, query, matches, known, allowed)
        wanted = [r for r in matches.tolist() if r not in known.tolist() and (allowed is None or allowed[r])]
        wanted.sort(key=lambda row: (-scores[row], row))
        assert found.unranked_rows().tolist() == wanted
        assert found.unranked == len(wanted)
        assert found.unranked_rows(1).tolist() == wanted[:1]


def test_relevant_is_what_matches_or_reaches_the_floor() -> None:
    rows, scores, matches = np.array([4, 2, 7]), np.array([0.9, 0.5, 0.1]), np.array([7, 8])
    assert relevant(rows, scores, matches, {"short": 0.6}, "short").tolist() == [True, False, True]
    assert relevant(rows, scores, matches, {"short": 0.6}, "long").tolist() == [True, True, True]


def test_the_floor_divides_answers_from_the_rest(tmp_path: Path) -> None:
    clear = (np.array([0.9, 0.8, 0.2, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    lost = (np.array([0.3, 0.1]), np.array([0.0, 0.0]))
    floor = best_floor([clear, lost])
    assert 0.3 < floor <= 0.8
    np.testing.assert_allclose(measured([clear], np.array([0.0, 0.5, 0.85, 1.0])), [4 / 6, 1, 2 / 3, 0])
    np.testing.assert_allclose(measured([lost], np.array([0.0, 0.5])), [0, 1])
    save_floors(tmp_path / "floors.json", {"short": floor})
    assert load_floors(tmp_path / "floors.json") == {"short": floor}
    (tmp_path / "floors.json").write_text("{}")
    with pytest.raises(ArtifactError, match="floors"):
        load_floors(tmp_path / "floors.json")
