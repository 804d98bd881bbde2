"""Colour words of both languages."""

import pytest

from catalog.text.colours import colours_in, known_colours


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("red clock", ["red"]),
        ("a blue and a Yellow one", ["blue", "yellow"]),
        ("红色闹钟", ["red"]),
        ("蓝衬衫", ["blue"]),
        ("酒红色连衣裙", ["maroon"]),
        ("红木书桌", []),
        ("红茶 green tea", ["green"]),
        ("credit, scarlett, whitening", []),
        ("navy blue", ["navy", "blue"]),
        ("", []),
    ],
)
def test_colours_are_found_as_whole_words(text: str, named: list[str]) -> None:
    assert colours_in(text) == named


def test_a_word_names_one_colour() -> None:
    words = [w for c in known_colours().values() for forms in c.words.values() for w in forms]
    assert len(words) == len(set(words))
    assert all(0 <= v <= 255 for c in known_colours().values() for v in c.rgb)
