"""Where a release is built again: what is laid out for the jobs, with which code, threads and settings."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.lib.erasure.versions import GONE, note_became
from catalog.sources.open import open_catalog
from dagster_project import reproduction
from dagster_project.reproduction import Scratch, environment, with_encoders
from releases import Release, write_release
from releases.contents import SPLIT
from releases.recipe import Recipe
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_text
from shelfspace.hashing import file_hash
from shelfspace.provenance import code_state
from shelfspace.workspace import CODE, Workspace
from tests.releases.test_recipe import said
from tests.releases.test_release import parts

DESCRIBED = {"name": "other", "currency": "EUR", "media_root": "media", "split": {"path": "split.csv"},
             "products": {"path": "goods.csv", "decimal": ","}}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "all" / "shop", "shop")
    write_text(made.state / "splits.parquet", "the workspace's")
    return made


def release(workspace: Workspace, held: dict[str, str], **changes: Any) -> Release:
    def part(text: str) -> Any:
        return lambda path: write_text(path, text)

    given = parts(workspace.root) | {"parts": {name: part(text) for name, text in held.items()}}
    return write_release(workspace.releases, **given, made_by=said(catalogue=DESCRIBED, **changes))


def scratch(workspace: Workspace, made: Release, place: Path) -> Scratch:
    return Scratch(place, workspace, Recipe.of(made), print)


def test_the_jobs_find_the_split_of_the_release_and_the_catalogue_as_it_was_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    made = release(workspace, {SPLIT: "the release's"})
    there = scratch(workspace, made, tmp_path / "again")
    assert there.lay_out(made) == []
    assert (there.root / "state" / "splits.parquet").read_text() == "the release's"
    source = open_catalog(str(there.catalogue))
    assert (source.name, source.currency, source.split, source.media_root) == ("shop", "EUR", {}, None)
    assert source.reading("products").key() == open_catalog_of(DESCRIBED, tmp_path).reading("products").key()
    found = Workspace.find(str(there.catalogue), root=there.root.parent)
    assert found.root == there.root, "its own workspace, whatever the folder of the catalogue is"


def open_catalog_of(described: dict[str, Any], tmp_path: Path) -> Any:
    folder = tmp_path / "described"
    (folder / "media").mkdir(parents=True)
    write_text(folder / "catalog.yaml", yaml.safe_dump(described))
    return open_catalog(str(folder))


def test_what_is_not_as_it_was_is_said(workspace: Workspace, tmp_path: Path) -> None:
    judged = write_text(workspace.root / "judgements" / "kept.csv", "query,product_id\n")
    write_text(workspace.root / "judgements" / "edited.csv", "now")
    hashes = {"kept.csv": file_hash(judged), "edited.csv": "then", "gone.csv": "then"}
    made = release(workspace, {}, beside={"judgements": hashes})
    there = scratch(workspace, made, tmp_path / "again")
    told = there.lay_out(made)
    assert [sentence.split()[0] for sentence in told] == [
        "the",
        "judgements/edited.csv",
        "judgements/gone.csv",
    ]
    assert "the release holds no split" in told[0]
    assert (there.root / "state" / "splits.parquet").read_text() == "the workspace's"
    assert [path.name for path in (there.root / "judgements").iterdir()] == ["kept.csv"]


def test_a_split_that_is_nowhere_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    made = release(workspace, {})
    (workspace.state / "splits.parquet").unlink()
    with pytest.raises(ArtifactError, match="neither the release nor the workspace has a split"):
        scratch(workspace, made, tmp_path / "again").lay_out(made)


def test_what_tuning_found_is_laid_over_the_settings_again(workspace: Workspace, tmp_path: Path) -> None:
    learned = {
        **said()["learned"],
        "tuned": {"study": "s1", "values": {"training.batch_size": 32, "model.dim": 64}},
    }
    made = release(workspace, {SPLIT: ""}, learned=learned)
    there = scratch(workspace, made, tmp_path / "again")
    there.lay_out(made)
    best = yaml.safe_load((there.root / "tuning" / "best_params.yaml").read_text())
    assert best == {"training": {"batch_size": 32}, "model": {"dim": 64}}
    assert read_json(there.root / "tuning" / "tuning.json") == {"study": "s1"}


def test_the_code_is_this_one_or_a_clone_at_its_commit(workspace: Workspace, tmp_path: Path) -> None:
    made = release(workspace, {})
    there, here = scratch(workspace, made, tmp_path / "again"), code_state()
    assert there.code(here) == CODE
    assert there.code({"version": "0.1.0", "wheel": "9"}) == CODE, "no other package can be had"
    with pytest.raises(ArtifactError, match=f"commit {'1' * 40} is not in .*: run git fetch"):
        there.code({"commit": "1" * 40})
    if shutil.which("git") and here.get("commit"):
        clone = there.code({"commit": here["commit"], "changes": "9"})
        assert clone == tmp_path / "again" / f"code-{here['commit'][:12]}"
        assert code_state.__wrapped__(clone) == here | {"dirty": False, "changes": None}


def test_what_an_erasure_made_of_a_snapshot_is_what_is_built_from(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = release(workspace, {})
    there, fetched = scratch(workspace, made, tmp_path / "again"), []
    (workspace.root.parent / ".dvc").mkdir()
    assert not there.learned_from_erased
    version = there.recipe.embedded["data"]["snapshot_md5"]
    note_became(workspace, {version: "cc.dir"}, keeps_rows=True)
    assert not there.learned_from_erased, "order ids became keyed hashes: no row is missing"
    note_became(workspace, {"cc.dir": "dd.dir"})
    assert there.learned_from_erased
    monkeypatch.setattr(
        reproduction, "fetch", lambda home, one, target: fetched.append((home, one)) or "cache"
    )
    there.run(there.recipe.embedded, ())
    assert fetched == [(workspace.root.parent, "dd.dir")]
    note_became(workspace, {"dd.dir": GONE})
    with pytest.raises(ArtifactError, match="an erasure deleted the snapshot"):
        there.run(there.recipe.embedded, ())


@pytest.mark.parametrize(
    ("threads", "wanted", "expected"),
    [
        ({"OMP_NUM_THREADS": "3", "cpus": 99, "torch": 3}, None, "3"),
        ({"OMP_NUM_THREADS": None, "cpus": 99, "torch": 98}, None, "98"),
        ({"OMP_NUM_THREADS": None, "cpus": 99, "torch": None}, None, "99"),
        ({"OMP_NUM_THREADS": None, "cpus": os.cpu_count(), "torch": 2}, None, None),
        ({"OMP_NUM_THREADS": "3", "cpus": 99, "torch": 3}, 5, "5"),
    ],
)
def test_the_arithmetic_has_as_many_threads_as_then(
    threads: dict[str, Any], wanted: int | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("DAGSTER_HOME", "/the/shops")
    monkeypatch.setenv("SHELFSPACE_PARAMS", "/the/shops")
    given = environment({"threads": threads}, wanted)
    assert given.get("OMP_NUM_THREADS") == expected
    assert not {"DAGSTER_HOME", "SHELFSPACE_PARAMS"} & given.keys()


def test_encoders_that_were_chosen_beside_a_champion_are_named_where_none_reigns() -> None:
    settings = {
        "model": {"text": "auto", "image": "auto", "width": 64},
        "features": {"text_encoder": None},
        "seed": 1,
    }
    assert with_encoders(settings, {}) == settings
    bound = with_encoders(settings, {"encoders": {"model.text": "tfidf"}})
    assert bound["model"] == {"text": "tfidf", "image": "auto", "width": 64}
    assert settings["model"]["text"] == "auto", "the recipe stays as it is"
    named = {"model": {"text": "lstm"}, "features": {"text_encoder": "own"}}
    chosen = {"encoders": {"model.text": "tfidf", "features.text_encoder": "minilm"}}
    assert with_encoders(named, chosen) == named, "a release of later settings has those"
