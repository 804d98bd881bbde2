"""Words that name a category find it, whatever stands beside them."""

import pytest

from retrieval.lexical.category_names import CategoryNames

PATHS = ["Clocks > Chiming Clocks", "Clocks > Ticking Clocks", "Kitchen > Kettles", "Music > Violins", ""]
NAMES = {
    "Kitchen > Kettles": {"zh": ["热水瓶", "水壶"]},
    "Music": {"en": ["musical instrument"]},
    "Gone": {"en": ["gone"]},
}


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        (("nice", "kettl"), [2]),
        (("clock", "kitchen", "wall"), [0, 1]),
        (("chime", "clock", "hall"), [0, 1]),
        (("无线", "水壶"), [2]),
        (("music", "box"), []),
        (("fine", "music", "instrument"), [3]),
        (("kitchen", "sink"), []),
        (("chime",), []),
        (("gone",), []),
        ((), []),
    ],
)
def test_a_category_is_named_by_its_own_words(terms: tuple[str, ...], named: list[int]) -> None:
    assert CategoryNames(PATHS, NAMES, " > ").named(terms) == named
