"""Every family of encoders gives its own library's vectors or is refused; the page says what was found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.encoders.__main__ import FIGURES, PAGE
from benchmarks.encoders.compare import EQUAL, Outcome, compare, compare_all, wrong
from benchmarks.encoders.families import FAMILIES, Family
from benchmarks.encoders.known import KNOWN
from benchmarks.encoders.measure import SHAPES
from benchmarks.encoders.page import families_row, key_of, page
from benchmarks.encoders.references import texts
from benchmarks.quality.__main__ import RESULT
from models.encoders import AUDIO, IMAGE, TEXT
from shelfspace.files import read_json
from tests.models.pretrained.test_text_and_image import offline

__all__ = ["offline"]

CLIP = next(family for family in FAMILIES if family.name == "CLIP" and family.kind == "text")
NAMES = [key_of(family) for family in FAMILIES]
REGISTRIES = {"text": TEXT, "photo": IMAGE, "sound": AUDIO}


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_a_family_is_equal_to_its_library_or_refused(family: Family, tmp_path: Path) -> None:
    found = compare(family, tmp_path)
    assert found.outcome == ("refused" if family.theirs is None else "equal"), found
    kept = read_json(FIGURES)["families"][key_of(family)]
    assert (found.outcome, found.reason) == (kept["outcome"], kept["reason"])
    assert found.cosine is None or found.cosine > EQUAL


def other(folder: Path, given: list[str]) -> np.ndarray:
    return texts(folder, [f"{text} lamp" for text in given])


@pytest.mark.parametrize(
    "family",
    [
        replace(CLIP, theirs=other),
        replace(CLIP, theirs_of_queries=other),
        replace(CLIP, theirs=lambda folder, given: texts(folder, given)[:, :5]),
        replace(CLIP, theirs=None, refused="anything"),
        replace(CLIP, scheme="sentence"),
    ],
)
def test_another_vector_and_a_refusal_nobody_asked_for_are_wrong(family: Family, tmp_path: Path) -> None:
    found = compare(family, tmp_path)
    assert found.outcome == "wrong"
    assert wrong([found]) == 1


def test_a_checkpoint_that_tells_nothing_apart_proves_nothing(tmp_path: Path) -> None:
    same = replace(CLIP, theirs=lambda folder, given: np.repeat(texts(folder, given[:1]), len(given), axis=0))
    assert compare(same, tmp_path).outcome == "wrong"


def test_the_row_counts_what_is_wrong() -> None:
    (found,) = compare_all([CLIP])
    assert families_row([found.described], "abc") == {
        "id": "encoder_families_wrong", "metric": "families", "value": 0, "equal": 1, "refused": 0, "aim": 0,
        "reached": True, "commit": "abc",
    }  # fmt: skip
    bad = Outcome("x", "text", "wrong").described
    row = families_row([found.described, bad], "abc")
    assert (row["value"], row["reached"]) == (1, False)
    kept = next(row for row in read_json(RESULT)["rows"] if row["id"] == "encoder_families_wrong")
    assert (kept["value"], kept["equal"] + kept["refused"]) == (0, len(FAMILIES))


def test_the_page_is_what_the_table_and_the_figures_say() -> None:
    figures = read_json(FIGURES)
    assert list(figures["families"]) == sorted(NAMES)
    assert PAGE.read_text() == page(figures["families"], figures["shapes"]), (
        "run python -m benchmarks.encoders, which writes docs/encoders.md"
    )


def test_every_model_on_the_page_can_be_written_so_and_belongs_to_a_tested_family() -> None:
    tested = {family.name.split(",")[0] for family in FAMILIES}
    tested |= {"Static", "timm", "open_clip", "EfficientNet-Lite0"}
    for one in KNOWN:
        assert all(REGISTRIES[kind].resolve(one.write) for kind in one.kinds)
        assert one.family.split(",")[0] in tested
        assert not one.shape or set(one.kinds) <= {*SHAPES[one.shape][1], "text"}
