"""DVC as a command: a snapshot outside any repository, its hash, its remote, a refusal in words."""

import shutil
import subprocess
from pathlib import Path

import pytest

from assets.lib import dvc as data_versions
from shelfspace.errors import ArtifactError


def test_a_workspace_without_a_repository_gets_one_with_a_local_remote(tmp_path: Path) -> None:
    target = tmp_path / "all" / "shop" / "snapshot"
    target.mkdir(parents=True)
    (target / "rows.txt").write_text("one")
    assert data_versions.pointer_hash(target) is None
    first = data_versions.add(target)
    assert first.endswith(".dir")
    assert data_versions.add(target, push_too=True) == first, "equal bytes, equal hash"
    assert any((tmp_path / "all" / ".dvc-remote").rglob("*.dir"))
    (target / "rows.txt").write_text("two")
    assert data_versions.add(target) != first


def test_a_copied_folder_of_workspaces_pushes_to_its_own_remote(tmp_path: Path) -> None:
    target = tmp_path / "all" / "shop" / "snapshot"
    target.mkdir(parents=True)
    (target / "rows.txt").write_text("one")
    data_versions.add(target)
    config = tmp_path / "all" / ".dvc" / "config"
    relative = config.read_text()
    config.write_text(relative.replace("../.dvc-remote", str(tmp_path / "all" / ".dvc-remote")))
    assert config.read_text() != relative, "as earlier versions wrote it"
    shutil.copytree(tmp_path / "all", tmp_path / "copied")
    data_versions.add(tmp_path / "copied" / "shop" / "snapshot", push_too=True)
    assert (tmp_path / "copied" / ".dvc" / "config").read_text() == relative
    assert any((tmp_path / "copied" / ".dvc-remote").rglob("*.dir"))
    assert not (tmp_path / "all" / ".dvc-remote").exists()


def test_a_remote_that_somebody_chose_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "all" / ".dvc").mkdir(parents=True)
    config = tmp_path / "all" / ".dvc" / "config"
    config.write_text("[core]\n    no_scm = True\n['remote \"local\"']\n    url = /backup/shop\n")
    kept = config.read_text()
    assert data_versions.repository(tmp_path / "all" / "shop") == tmp_path / "all"
    assert config.read_text() == kept


def test_a_files_md5_is_the_one_in_dvcs_list(tmp_path: Path) -> None:
    target = tmp_path / "all" / "shop" / "snapshot"
    target.mkdir(parents=True)
    (target / "rows.txt").write_text("one")
    data_versions.add(target)
    assert data_versions.kept_md5(target) == {"rows.txt": data_versions.file_md5(target / "rows.txt")}


def test_pushed_bytes_come_back(tmp_path: Path) -> None:
    target = tmp_path / "all" / "shop" / "snapshot"
    target.mkdir(parents=True)
    (target / "rows.txt").write_text("one")
    data_versions.add(target, push_too=True)
    shutil.rmtree(target)
    shutil.rmtree(tmp_path / "all" / ".dvc" / "cache")
    data_versions.run_dvc(tmp_path / "all", ["pull", "-q", str(target) + ".dvc"])
    assert (target / "rows.txt").read_text() == "one"


def test_a_refusal_carries_dvcs_words(tmp_path: Path) -> None:
    (tmp_path / "all" / "shop").mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"dvc add .* failed"):
        data_versions.add(tmp_path / "all" / "shop" / "nothing-here")


def test_workspaces_outside_the_checkout_have_no_stages(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("workspaces: [shop]\n")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    assert data_versions.commit_stages(tmp_path, tmp_path / "elsewhere" / "shop", ["features"]) == []
    assert data_versions.commit_stages(tmp_path, tmp_path / "workspaces" / "other", ["features"]) == []


def test_a_run_killed_before_dvc_was_told_is_made_good(tmp_path: Path) -> None:
    target, note = tmp_path / "all" / "shop" / "snapshot", tmp_path / "noted"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text("one")
    first = data_versions.keep(target, "manifest.json", note, push_too=True)
    assert data_versions.keep(target, "manifest.json", note, push_too=True) == first
    (target / "manifest.json").write_text("two")  # written, then killed: DVC still points at "one"
    assert data_versions.pointer_hash(target) == first
    second = data_versions.keep(target, "manifest.json", note, push_too=True)
    assert second != first
    assert data_versions.pointer_hash(target) == second


def test_a_bit_of_the_pointer_that_flips_is_put_right(tmp_path: Path) -> None:
    target, note = tmp_path / "all" / "shop" / "snapshot", tmp_path / "noted"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text("one")
    first = data_versions.keep(target, "manifest.json", note, push_too=True)
    pointer = target.with_name("snapshot.dvc")
    whole = pointer.read_text()
    other = "0" if first[0] != "0" else "1"
    pointer.write_text(whole.replace(first, other + first[1:]))
    assert data_versions.pointer_hash(target) != first
    assert data_versions.keep(target, "manifest.json", note, push_too=True) == first
    assert pointer.read_text() == whole


def test_a_workspace_that_git_ignores_gets_a_repository_of_its_own(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".dvc").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    (checkout / ".gitignore").write_text("/workspaces/.*\n")
    assert data_versions.repository(checkout / "workspaces" / "shop") == checkout
    hidden = checkout / "workspaces" / ".kept" / "workspaces" / "shop"
    target = hidden / "snapshot"
    target.mkdir(parents=True)
    (target / "a.txt").write_text("a")
    assert data_versions.add(target, push_too=True) == data_versions.pointer_hash(target)
    assert data_versions.repository(hidden) == hidden.parent


def test_a_push_that_failed_is_tried_again(tmp_path: Path) -> None:
    target, note = tmp_path / "all" / "shop" / "snapshot", tmp_path / "noted"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text("one")
    data_versions.repository(target.parent)
    blocked = tmp_path / "all" / ".dvc-remote"
    blocked.write_text("a file where the remote's folder should be")
    with pytest.raises(ArtifactError, match="dvc push"):
        data_versions.keep(target, "manifest.json", note, push_too=True)
    blocked.unlink()
    data_versions.keep(target, "manifest.json", note, push_too=True)
    assert any(blocked.rglob("*.dir"))


def test_dvc_is_started_only_where_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text("workspaces: [shop]\nseed: 1\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages: {features: {do: {outs: [{'workspaces/${item}/features': {persist: true}}]}}}"
    )
    workspace = tmp_path / "workspaces" / "shop"
    (workspace / "state").mkdir(parents=True)
    (workspace / "features").mkdir()
    table = workspace / "features" / "table"
    table.write_text("one")
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(data_versions, "run_dvc", lambda _, *arguments: calls.append(arguments))

    def commit() -> int:
        assert data_versions.commit_stages(tmp_path, workspace, ["features"]) == ["features@shop"]
        return len(calls)

    assert (commit(), commit()) == (1, 1)
    table.write_text("other")
    assert (commit(), commit()) == (2, 2)
    (tmp_path / "params.yaml").write_text("workspaces: [shop]\nseed: 2\n")
    assert (commit(), commit()) == (3, 3)
    (tmp_path / "dvc.lock").write_text("of another checkout")
    assert (commit(), commit()) == (4, 4)
    table.unlink()
    assert commit() == 5
