"""Matches beyond the candidates, and the floor that makes a hit relevant."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, read_listing
from retrieval.lexical.query import LexicalQuery
from retrieval.ranking.floors import best_floor, load_floors, measured, save_floors
from retrieval.results import SearchResults, relevant
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


def found_with(
    lexical: LexicalIndex,
    query: LexicalQuery,
    matches: np.ndarray,
    known: np.ndarray,
    allowed: np.ndarray | None,
) -> SearchResults:
    """Results of which nothing is asked but what matches beyond the known ones."""
    shop: Any = SimpleNamespace(search=SimpleNamespace(lexical=lexical))
    words, asked, none = SimpleNamespace(query=query), SimpleNamespace(), np.empty(0, np.int64)
    return SearchResults(
        shop, cast(Any, asked), cast(Any, words), "short", matches, allowed, known, np.zeros(len(known)), none
    )


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
