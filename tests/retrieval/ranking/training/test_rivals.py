"""Nothing learned ranks where a simple rule does as well, and what is no answer is none."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.ranking.answers import load_answers, save_answers
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.expansion import expanded_closeness
from retrieval.ranking.fit import Judged, fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.rules import default_rule, rivals_of, rule_scores
from retrieval.ranking.training.answering import learn_answers
from retrieval.ranking.training.held_out import FEWEST, Lesson, left_out
from retrieval.ranking.training.nothing import nonsense, things, unworded
from retrieval.ranking.training.rivals import CLICKS, LEAST_JUDGED, chosen, joining, teaching
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json

ROWS = 30


def candidates(chance: np.random.Generator, **given: object) -> Candidates:
    made: dict = {
        "rows": np.arange(ROWS),
        "cosine": chance.uniform(0, 0.5, ROWS),
        "lexical": np.maximum(chance.normal(0, 2, ROWS), 0),
        "agreement": chance.uniform(0, 1, ROWS),
        "covered": chance.uniform(0, 0.9, ROWS),
        "feedback": np.zeros(ROWS),
        "feedback_agreement": np.zeros(ROWS),
        "certainty": 0.5,
        "words": 2,
        "unknown_share": 0.0,
        "bound": 12.0,
    }
    return Candidates(**{**made, **given})


def lessons(by: str, count: int = 60, kind: str = "title", seed: int = 0) -> list[Lesson]:
    """Queries whose four best by one kind of evidence answer them."""
    chance = np.random.default_rng(seed)
    found = []
    for group in range(count):
        one = candidates(chance)
        grades = np.zeros(ROWS, np.int8)
        grades[np.argsort(-getattr(one, by), kind="stable")[:4]] = 2
        found.append(Lesson(kind, group, Judged(one, grades, group), grades))
    return found


def ranked_by(taught: list[Lesson]) -> FusionModel:
    return chosen(fit_fusion([one.judged for one in taught]), list(left_out(taught)))


def test_what_a_rule_does_as_well_is_left_to_the_rule() -> None:
    model = ranked_by(lessons("lexical"))
    assert "short" not in model.parts
    assert model.rules["short"] == "words"
    said = model.compared["short"]
    assert (said["winner"], said["rows"]) == ("words", 60)
    one = lessons("lexical", 1, seed=1)[0].judged.candidates
    np.testing.assert_array_equal(model.scores(one), rule_scores("words", one))


def test_weights_are_used_where_they_beat_every_rule() -> None:
    model = ranked_by(lessons("agreement"))
    assert "short" in model.parts
    assert model.compared["short"]["winner"] == "learned"
    assert model.compared["short"]["interval"][0] > 0


def test_too_few_queries_leave_the_default_rule() -> None:
    model = ranked_by(lessons("agreement", 25))
    assert "short" not in model.parts
    assert model.rule_of("short") == default_rule("short") == rivals_of("short")[0]


@pytest.mark.parametrize(("by", "count"), [("agreement", 25), ("lexical", 60), ("cosine", 12)])
def test_what_is_said_to_be_used_is_used(by: str, count: int) -> None:
    model = ranked_by(lessons(by, count))
    said, rule = model.compared["short"], model.rule_of("short")
    assert said["winner"] == rule
    assert said["said"].startswith(f"{rule} is used: ")
    assert (f"does not count under {LEAST_JUDGED} rows" in said["said"]) == (said["rival"] != rule)


def test_listings_asked_for_by_their_own_words_decide_nothing() -> None:
    model = ranked_by(lessons("agreement", kind="item"))
    assert (dict(model.parts), dict(model.rules), dict(model.compared)) == ({}, {}, {})


def test_what_people_judged_outweighs_what_was_made() -> None:
    made, judged = lessons("lexical", 200), lessons("agreement", LEAST_JUDGED, "judgement", 1)
    assert {one.kind for one in teaching([*made, *judged])} == {"judgement"}
    assert len(teaching([*made, *judged[:-1]])) == 200 + LEAST_JUDGED - 1


def test_clicks_teach_beside_others_and_decide_nothing() -> None:
    made, clicked = lessons("lexical", 60), lessons("agreement", 60, CLICKS, 1)
    assert joining(clicked, made) == clicked
    assert joining(clicked, made[: FEWEST - 1]) == []
    assert ranked_by(clicked).parts == {}
    with_clicks = ranked_by([*made, *clicked])
    assert with_clicks.compared["short"]["rows"] == 60, "compared on the others alone"
    assert with_clicks.rule_of("short") == ranked_by(made).rule_of("short")


def test_rules_and_comparisons_are_kept(tmp_path: Path) -> None:
    model = ranked_by(lessons("lexical"))
    model.save(tmp_path / "fusion.json")
    loaded = FusionModel.load(tmp_path / "fusion.json")
    assert loaded.rules == model.rules
    assert loaded.describe()["short"]["compared"] == model.compared["short"]


def answered(count: int, share: float, kind: str, seed: int) -> list[Lesson]:
    """Queries of which a listing has a share of the words, or nothing has any: those have no answer."""
    chance = np.random.default_rng(seed)
    found = []
    for group in range(count):
        covered = np.zeros(ROWS, np.float32)
        covered[0] = share
        one = candidates(chance, covered=covered, lexical=10 * covered, cosine=chance.uniform(0, 0.3, ROWS))
        grades = np.zeros(ROWS, np.int8)
        grades[0] = 2 if share else 0
        found.append(Lesson(kind, group, Judged(one, grades, group), grades))
    return found


def test_a_query_of_which_nothing_is_known_finds_nothing(tmp_path: Path) -> None:
    taught = [*answered(60, 1.0, "typed", 0), *answered(60, 0.0, "elsewhere", 1)]
    floors = learn_answers(taught)
    assert floors["short"].figures["nothing_when_nothing"] == 1.0
    assert floors["short"].figures["wrongly_empty"] == 0.0
    save_answers(tmp_path / "answers.json", floors)
    loaded = load_answers(tmp_path / "answers.json")["short"]
    for one in answered(20, 0.0, "elsewhere", 2):
        assert loaded.relevance(one.judged.candidates).max() < loaded.floor
    for one in answered(20, 1.0, "typed", 3):
        assert loaded.relevance(one.judged.candidates)[0] >= loaded.floor
    stored = read_json(tmp_path / "answers.json")
    del stored["kinds"]["short"]["weights"]["covered"]
    write_json(tmp_path / "answers.json", stored)
    with pytest.raises(ArtifactError, match="instead of"):
        load_answers(tmp_path / "answers.json")


def test_few_queries_set_no_floor() -> None:
    assert learn_answers([*answered(60, 1.0, "typed", 0), *answered(10, 0.0, "elsewhere", 1)]) == {}


def test_nonsense_is_the_same_every_time_and_things_are_of_both_languages() -> None:
    assert nonsense(20) == nonsense(20)
    assert len(set(things())) == len(things()) > 100
    assert any(not thing.isascii() for thing in things())
    (bare,) = unworded(answered(1, 1.0, "typed", 0))
    assert not bare.judged.candidates.covered.any()
    assert bare.judged.candidates.unknown_share == 1.0


def test_closeness_moves_towards_what_is_found_first() -> None:
    # The words find the first listing; the second says nothing of them and is like the first.
    table = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]] * 1.0
    asked = np.array([0.1, 0, 0, 1], np.float32)
    lexical = np.array([5, 0, 0, 0], np.float32)
    close = expanded_closeness([table], [asked / np.linalg.norm(asked)], lexical)
    assert close[1] == close[0] > 0.3
    assert close[1] > close[2]
    missing = expanded_closeness([table * 0], [asked], lexical)
    assert not missing.any()
