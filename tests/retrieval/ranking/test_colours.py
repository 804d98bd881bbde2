"""Colour words look like the photos of what is titled so."""

import numpy as np
import pytest

from catalog.media.colours import colour_size, shaded
from catalog.text.colours import known_colours
from retrieval.ranking.colours import COLOUR, ColourWords


def looks(name: str) -> np.ndarray:
    return shaded(known_colours()[name].rgb)


def test_a_word_looks_like_what_is_titled_so() -> None:
    # This shop's "amber" is a dark red.
    titles = ["amber violin"] * 40 + ["violin"] * 5
    table = np.stack([looks("cherry")] * 40 + [looks("blue")] * 5)
    learned = ColourWords.learn(titles, [""] * 45, {COLOUR: table})
    assert learned is not None
    amber, plain = learned.of("an amber one"), learned.of("blue")
    assert amber is not None
    assert plain is not None
    assert amber @ looks("cherry") > amber @ looks("amber")
    assert plain @ looks("blue") == pytest.approx(1, abs=1e-5), "no title names it: the colour itself"
    assert np.linalg.norm(amber) == pytest.approx(1, abs=1e-5)


def test_words_of_both_languages_are_one_colour() -> None:
    titles = ["red clock", "红色闹钟", "red and blue clock"]
    table = np.stack([looks("orange"), looks("orange"), looks("green")])
    learned = ColourWords.learn(titles, ["", "", ""], {COLOUR: table})
    assert learned is not None
    english, chinese = learned.of("red"), learned.of("红")
    assert (english == chinese).all()
    assert english @ looks("green") < english @ looks("orange"), "two colours teach neither"


def test_a_brand_is_no_colour() -> None:
    learned = ColourWords.learn(
        ["Blue Note lamp"] * 9, ["Blue Note"] * 9, {COLOUR: np.stack([looks("red")] * 9)}
    )
    assert learned is not None
    assert learned.of("blue") @ looks("red") < 0.5


def test_the_word_stands_instead_of_the_photos_colour() -> None:
    learned = ColourWords.learn([], [], {COLOUR: np.zeros((0, colour_size()), np.float32)})
    assert learned is not None
    own = {"image": np.ones(3), COLOUR: looks("red")}
    told = learned.beside("in blue", own)
    assert told[COLOUR] @ looks("blue") > told[COLOUR] @ looks("red")
    assert told["image"] is own["image"]
    assert learned.beside("lamp", own) is own
    assert learned.beside("", own) is own


@pytest.mark.parametrize("own", [{}, {COLOUR: np.zeros((1, 7), np.float32)}])
def test_without_colours_of_photos_no_word_is_one(own: dict) -> None:
    assert ColourWords.learn(["red lamp"], [""], own) is None
