"""The chance of one class: the encoder and the query's neighbours both have a say in it."""

from dataclasses import replace

import numpy as np

from retrieval.ranking.candidates import MIXED
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.kinship import as_told, kinship, told_columns
from retrieval.ranking.rules import rivals_of, rule_scores
from tests.retrieval.shop import KINDS, hybrid, vectors

THREE = np.eye(3, dtype=np.float32)
LABELS = ["Home", "Shoes > Boots", "Shoes > Running"]


def test_neighbours_set_an_encoder_right_that_is_mistaken() -> None:
    classes = THREE[[0, 0, 0, 0, 1, 2]]
    mistaken = np.array([0.2, 0.6, 0.2], np.float32)
    found = kinship(classes, mistaken, np.array([0.9, 0.89, 0.88, 0.87, 0.3, 0.2]))
    assert classes @ mistaken @ THREE[0, [0, 0, 0, 0, 1, 2]] < 0.6 * 4
    assert found[0] > found[4] > found[5]
    np.testing.assert_allclose(found[:4], (0.2 + 1.0) / 2, atol=1e-4)


def test_a_far_neighbour_has_less_of_a_vote_and_equal_ones_the_same() -> None:
    unsure = np.zeros(3, np.float32)
    near, far = kinship(THREE[:2], unsure, np.array([0.9, 0.8]))
    assert near > 5 * far > 0
    np.testing.assert_allclose(kinship(THREE[:2], unsure, np.array([0.5, 0.5])), 0.25)
    assert kinship(THREE[:0], unsure, np.empty(0)).shape == (0,)


def test_what_the_shop_says_of_a_product_is_its_class_and_the_guess_stays_where_it_says_nothing() -> None:
    guess = np.full((5, 3), 1 / 3, np.float32)
    paths = ["Shoes > Boots > Winter", "Shoes", "", "Home > Lamps", "Shoes > Boots"]
    columns = told_columns(paths, LABELS)
    assert columns.ravel().tolist() == [1, -1, -1, 0, 1]
    told = as_told(guess, columns)
    np.testing.assert_array_equal(told[[0, 4]], THREE[[1, 1]])
    np.testing.assert_array_equal(told[3], THREE[0])
    np.testing.assert_allclose(told[[1, 2]], 1 / 3)
    assert guess.max() < 0.5, "the guess itself must not be written to"
    assert told_columns(iter(paths), LABELS).tolist() == columns.tolist()
    assert told_columns([], LABELS).shape == (0, 1)


def test_neighbours_vote_by_what_the_shop_says_and_agreement_stays_what_the_encoder_says() -> None:
    plain = hybrid()
    wrong = np.roll(plain.classes[np.arange(9)], 1, axis=1)  # the encoder takes each kind for the next
    told = told_columns([kind for kind in KINDS for _ in range(3)], KINDS)
    parts = plain.lexical, plain.index, plain.vectors, plain.fusion, wrong
    query, said = vectors()[3], np.full(3, 1 / 3, np.float32)
    words = plain.look_up(plain.lexical.query("boot"), np.arange(9))
    search = HybridSearch(*parts, told=told)
    guessed = HybridSearch(*parts).candidates(words, query, said)
    known = search.with_kin(search.candidates(words, query, said), said)
    np.testing.assert_array_equal(guessed.agreement, known.agreement)
    assert known.kin is not None
    assert set(np.argsort(-known.kin)[:3].tolist()) == {3, 4, 5}


def test_kin_puts_every_word_first_and_then_what_is_of_one_kind() -> None:
    search = hybrid()
    words = search.look_up(search.lexical.query("leather boot"), np.arange(9))
    assert search.candidates(words, vectors()[3], THREE[1]).kin is None, "no order asks for it"
    search.fusion = FusionModel(rules={"short": "kin"})
    found = search.candidates(words, vectors()[3], THREE[1])
    assert found.kin is not None
    assert found.kind == "short"
    order = found.rows[np.argsort(-rule_scores("kin", found), kind="stable")].tolist()
    assert order[0] == 3
    assert set(order[:3]) == {3, 4, 5}
    other = replace(found, kin=np.asarray(np.isin(found.rows, [6, 7, 8]), np.float32))
    more = rule_scores("kin", other) - rule_scores("sum", other)
    assert more[3] == more.max()
    assert more[6] > more[4] == more[0]


def test_kin_is_a_rival_for_words_alone() -> None:
    assert "kin" in rivals_of("long")
    assert "kin" in rivals_of("short")
    assert rivals_of("long")[0] == "sum", "on ties the sum stands"
    assert not any("kin" in rivals_of(kind) for kind in (*MIXED, "photo", "sound", "product"))
