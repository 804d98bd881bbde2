"""Hybrid search over a small shop: both searches take part, filters hold, each hit says why."""

import numpy as np
import pytest

from retrieval.lexical.score_table import best
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.why import Why, why
from retrieval.vectors import ExactIndex
from shelfspace.errors import InputError
from tests.retrieval.shop import hybrid, vectors

AWAY = np.array([0, 0, 0, 1], dtype=np.float32)
"""A direction that no kind of product has."""


def test_words_find_what_the_vector_does_not_and_the_other_way_round() -> None:
    search = hybrid()
    lamps = np.eye(4, dtype=np.float32)[2]
    found = search.search("winter boot", lamps, depth=3)
    assert found.rows[0] in {5, 6, 7, 8}
    assert 5 in found.rows
    assert {6, 7, 8} <= set(found.rows.tolist())
    assert (np.diff(found.scores) <= 0).all()


def test_only_allowed_products_are_found() -> None:
    search = hybrid()
    allowed = np.zeros(9, dtype=bool)
    allowed[[2, 8]] = True
    assert set(search.search("boots", np.eye(4, dtype=np.float32)[1], allowed=allowed).rows.tolist()) == {
        2,
        8,
    }
    nothing = search.search("boots", AWAY, allowed=np.zeros(9, dtype=bool))
    assert len(nothing.rows) == len(nothing.scores) == 0


def test_candidates_carry_both_kinds_of_evidence() -> None:
    search = hybrid()
    probabilities = np.array([0.1, 0.8, 0.1], dtype=np.float32)
    query = search.lexical.query("rubber boots zeppelin")
    words = search.look_up(query, search.near(vectors()[4]))
    found = search.candidates(words, vectors()[4], probabilities)
    assert found.rows.tolist() == sorted(found.rows.tolist())
    at = {int(row): place for place, row in enumerate(found.rows)}
    assert found.cosine[at[4]] == pytest.approx(1.0)
    assert found.lexical[at[4]] == found.lexical.max() > found.lexical[at[3]] > 0
    assert found.agreement[at[4]] == pytest.approx(0.8)
    assert found.certainty == pytest.approx(0.8)
    assert found.unknown_share == pytest.approx(1 / 3)
    assert found.feedback[at[3]] > 0.9 > found.feedback[at[6]]
    assert found.feedback_agreement[at[5]] == pytest.approx(1.0)


def test_a_query_without_words_or_classes_is_answered_by_the_vector() -> None:
    table = vectors()
    plain = HybridSearch(hybrid().lexical, ExactIndex(table), table, FusionModel.fallback())
    found = plain.search("", table[7])
    assert found.rows[0] == 7
    assert found.words.query.unknown_share == 0.0
    assert found.rows.tolist() == np.argsort(-(table @ table[7]), kind="stable").tolist()


def test_each_hit_says_which_words_and_which_modality() -> None:
    search = hybrid()
    text, photo = np.zeros((9, 4), np.float32), np.zeros((9, 4), np.float32)
    text[6], photo[6], photo[7] = [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]
    ranking = search.search("desk lamp zeppelin", np.eye(4, dtype=np.float32)[2])
    rows = np.array([6, 7, 0])
    vector, tables = np.eye(4, dtype=np.float32)[2], {"text": text, "image": photo}
    found = search.candidates(ranking.words, vector)
    matched = search.lexical.matched(ranking.words.query, rows)
    said = why(matched, found, rows, vector, tables)
    assert said == [Why(("desk", "lamp"), "text"), Why(("lamp",), "image"), Why((), "")]


def test_a_photo_is_never_said_to_be_found_by_sound() -> None:
    search = hybrid()
    vector = np.eye(4, dtype=np.float32)[2]
    image, audio = np.tile(AWAY, (9, 1)), np.tile(vector, (9, 1))
    image[4] = 0
    photo = HybridSearch(
        search.lexical, search.index, search.vectors, search.fusion, own={"image": image, "audio": audio}
    )
    words = photo.look_up(photo.lexical.query(""), np.arange(9))
    found = photo.candidates(words, vector, beside="photo", own={"image": AWAY})
    said = why([()] * 9, found, np.arange(9), vector, {"image": image, "audio": audio})
    assert {one.modality for place, one in enumerate(said) if place != 4} == {"image"}


def test_the_best_are_those_of_a_whole_sort_with_ties_by_row() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, 200).astype(np.float32)
    rows = np.flatnonzero(scores > 0)
    whole = rows[np.lexsort((rows, -scores[rows]))]
    for k in (1, 7, 50, len(rows), 500):
        assert best(rows, scores[rows], k)[0].tolist() == whole[:k].tolist()


def test_parts_over_different_products_are_refused() -> None:
    table = vectors()
    with pytest.raises(InputError, match="same products"):
        HybridSearch(hybrid().lexical, ExactIndex(table[:8]), table[:8], FusionModel.fallback())
    with pytest.raises(InputError, match="depth"):
        hybrid().search("boots", AWAY, depth=0)


def test_a_query_is_mixed_by_what_its_caller_says() -> None:
    search = hybrid()
    query, lamps = search.lexical.query("red"), np.eye(4, dtype=np.float32)[2]
    words = search.look_up(query, search.near(lamps))
    assert search.candidates(words, lamps).kind == "short"
    assert search.candidates(words, lamps, words_weight=0.5).kind == "photo_words"
    nothing = search.look_up(search.lexical.query("the"), search.near(lamps))
    assert search.candidates(nothing, lamps, words_weight=1.0).kind == "product"
    heavy = search.search("red", lamps, words_weight=1.9)
    light = search.search("red", lamps, words_weight=0.1)
    (having,) = search.lexical.having_all(query).tolist()
    assert heavy.rows[0] == having
    assert heavy.rows.tolist().index(having) <= light.rows.tolist().index(having)
