"""Which candidates are hits where no listing has every word."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from retrieval.catalogue.parts import SearchParts
from retrieval.ranking.answers import TELLING, AnswerFloor
from retrieval.ranking.candidates import Candidates

FLOOR = AnswerFloor(TELLING, np.array([6.0, 0.0, 8.0, 0.0, 0.0, 0.0]), -4.0, 0.5, 0.6, {})
"""Sure by 0.67 of meaning, or by half of the words."""


def candidates(covered: list[float], expanded: list[float]) -> Candidates:
    """Candidates of two words, with that share of them and that near in meaning."""
    zero = np.zeros(len(covered), np.float32)
    share, near = np.array(covered, np.float32), np.array(expanded, np.float32)
    none = {"agreement": zero, "feedback": zero, "feedback_agreement": zero, "certainty": 0.0}
    known = {"words": 2, "unknown_share": 0.5, "bound": 10.0}
    return Candidates(
        np.arange(len(covered)), zero, 10 * share, covered=share, expanded=near, **none, **known
    )


@pytest.mark.parametrize(
    ("covered", "expanded", "matches", "hit"),
    [
        (0.3, 0.5, (), False),  # one common word, no meaning: a hotel room is no living room clock
        (0.3, 0.5, (7,), True),  # of a query that names a category, or that another listing has all of
        (0.3, 0.9, (), True),  # near enough in meaning whatever its words
        (0.6, 0.5, (), True),  # it has most of the words
        (0.0, 0.9, (), True),
        (0.0, 0.5, (), False),
    ],
)
def test_what_has_few_of_the_words_answers_by_its_meaning_alone(
    covered: float, expanded: float, matches: tuple[int, ...], hit: bool
) -> None:
    found, parts = candidates([covered], [expanded]), SimpleNamespace(answers={"short": FLOOR})
    relevance = FLOOR.relevance(found)
    assert covered == 0 or relevance[0] >= FLOOR.floor  # words and meaning together would do
    said: Any = SearchParts.answering(parts, found, relevance, np.array(matches, np.int64))  # type: ignore[arg-type]
    assert said.tolist() == [hit]
