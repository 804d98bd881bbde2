"""What a release says made it, what is missing, and what speaks against getting the same again."""

from pathlib import Path
from typing import Any

import pytest

from releases import Release, write_release
from releases.recipe import Recipe
from shelfspace.errors import ArtifactError
from shelfspace.provenance import made_by
from shelfspace.settings import Settings
from tests.releases.test_release import parts

DATA = {"snapshot_md5": "aa.dir", "splits_md5": "bb"}


def said(**changes: Any) -> dict[str, Any]:
    """What made a release here and now, with something else in its place."""
    half = {**made_by(Settings(), "run-1"), "data": DATA, "tuned": None}
    beside = {"events_taken": 0, "judgements": {}}
    return {**half, "catalogue": {"name": "shop"}, "beside": beside, "learned": half, **changes}


def release(folder: Path, **changes: Any) -> Release:
    return write_release(folder / "releases", **parts(folder), made_by=said(**changes))


def test_a_release_made_here_and_now_raises_no_doubt(tmp_path: Path) -> None:
    recipe = Recipe.of(release(tmp_path))
    assert recipe.doubts() == []
    assert recipe.at_once


def test_another_number_of_threads_is_said_with_both_of_them(tmp_path: Path) -> None:
    threads = {"OMP_NUM_THREADS": "1", "torch": 1, "cpus": 8}
    recipe = Recipe.of(release(tmp_path, learned={**said()["learned"], "threads": threads}))
    assert recipe.doubts(1) == recipe.doubts()
    (doubt,) = (one for one in recipe.doubts(2) if one not in recipe.doubts())
    assert "trained with 1 thread then, and is with 2 now" in doubt
    elsewhere = {"OMP_NUM_THREADS": None, "torch": None, "cpus": 8}
    assert Recipe({**recipe.learned, "threads": elsewhere}, recipe.embedded).threads == 8


def test_another_snapshot_or_code_than_the_models_is_not_made_at_once(tmp_path: Path) -> None:
    assert not Recipe.of(release(tmp_path / "a", data={**DATA, "snapshot_md5": "cc.dir"})).at_once
    assert not Recipe.of(release(tmp_path / "b", code={"version": "0.0.9", "commit": "1" * 40})).at_once


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": {"commit": "1" * 40, "dirty": True, "changes": "9"}}, "changes that no commit has"),
        ({"code": {"version": "0.0.9", "wheel": "9"}}, "another installed package of version 0.0.9"),
        ({"libraries": "9"}, "the release was made with other libraries than requirements.lock"),
        ({"machine": {"cpu": "Abacus", "python": "3.1"}}, "was made on Abacus with Python 3.1, and this"),
        ({"machine": None}, "on a processor that was not noted"),
        ({"beside": {"search_kept": "3 of 90 listings changed"}}, "earlier catalogue (3 of 90 listings"),
        ({"beside": {"events_taken": 1200}}, "1,200 events of shoppers that the service took itself"),
    ],
)  # fmt: skip
def test_what_speaks_against_the_same_again_is_said(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    (doubt,) = Recipe.of(release(tmp_path, **changes)).doubts()
    assert words in doubt


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learned": {}}, r"code and settings \(learned from\), the snapshot that was learned from"),
        ({"data": {"snapshot_md5": None}}, "does not say the snapshot that was embedded"),
        ({"catalogue": None}, "does not say how the catalogue's tables are read"),
    ],
)
def test_a_release_that_does_not_say_what_made_it_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArtifactError, match=words):
        Recipe.of(release(tmp_path, **changes))
