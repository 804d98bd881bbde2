"""A release built again: equal bit by bit, within tolerance, apart, and without rows that were erased."""

import re
from pathlib import Path

import numpy as np
import pytest

from releases import Release, write_release
from releases.comparison import TOLERANCE, compare_releases
from retrieval.vectors import build_index
from shelfspace.settings import ReleaseSettings
from tests.releases.test_release import parts


def made(folder: Path, name: str, off: float = 0.0, without: int = 0, **changes: object) -> Release:
    """A release of 30 products whose vectors are off, each number by as much; without the first products."""
    given = parts(folder, **changes)
    vectors = given["embeddings"] + np.float32(off)
    kept = slice(without, None)
    given |= {
        "embeddings": vectors[kept],
        "index": build_index(vectors[kept], ReleaseSettings()),
        "product_ids": given["product_ids"][kept],
        "products": given["products"][kept],
    }
    return write_release(folder / name, **given)


def test_the_same_bytes_are_reproduced_and_the_same_content(tmp_path: Path) -> None:
    found = compare_releases(made(tmp_path, "one"), made(tmp_path, "two"))
    assert (found.embeddings_identical, found.model_identical, found.same_content) == (True, True, True)
    assert (found.differing, found.least_cosine, found.same_neighbours) == ((), pytest.approx(1), 1)
    assert found.verdict == "reproduced: the vectors of 30 products are equal bit by bit"


def test_a_card_that_differs_is_named_and_leaves_the_content_the_same(tmp_path: Path) -> None:
    found = compare_releases(made(tmp_path, "one"), made(tmp_path, "two", model_card="# another\n"))
    assert (found.differing, found.same_content, found.embeddings_identical) == (
        ("model_card.md",),
        True,
        True,
    )


@pytest.mark.parametrize(
    ("off", "within", "said"),
    [
        (TOLERANCE / 4, True, "reproduced within tolerance: .* 2.5e-05"),
        (TOLERANCE * 3, False, "not reproduced"),
    ],
)
def test_vectors_that_are_off_are_within_the_tolerance_or_not(
    tmp_path: Path, off: float, within: bool, said: str
) -> None:
    found = compare_releases(made(tmp_path, "one"), made(tmp_path, "two", off=off))
    assert (found.embeddings_identical, found.within_tolerance) == (False, within)
    assert found.largest_difference == pytest.approx(off, rel=0.02)
    assert "embeddings.npy" in found.differing
    assert re.match(said, found.verdict)


def test_products_that_were_erased_are_counted_and_the_rest_is_compared(tmp_path: Path) -> None:
    whole, rest = made(tmp_path, "one"), made(tmp_path, "two", without=2)
    lost = compare_releases(whole, rest)
    assert (lost.missing, lost.erased, lost.within_tolerance) == (2, 0, False)
    assert lost.verdict.startswith("not reproduced: 2 products are missing")
    erased = compare_releases(whole, rest, is_erased={"p0", "p1"}.__contains__)
    assert (erased.missing, erased.erased, erased.products) == (0, 2, 28)
    assert erased.verdict.endswith("equal bit by bit; it differs by 2 erased rows")
    had = compare_releases(rest, whole, is_erased={"p0", "p1"}.__contains__)
    assert (had.added, had.products, had.within_tolerance) == (0, 28, True)
    more = compare_releases(rest, whole)
    assert (more.added, more.within_tolerance) == (2, False)


def test_another_model_with_vectors_of_another_length_is_no_reproduction(tmp_path: Path) -> None:
    whole = made(tmp_path, "one")
    vectors = np.eye(30, dtype=np.float32)
    given = parts(tmp_path, seed=1) | {
        "embeddings": vectors,
        "index": build_index(vectors, ReleaseSettings()),
    }
    found = compare_releases(whole, write_release(tmp_path / "two", **given))
    assert (found.model_identical, found.embeddings_identical, found.within_tolerance) == (
        False,
        False,
        False,
    )
    assert found.to_dict()["largest_difference"] is None
