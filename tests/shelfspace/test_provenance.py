"""What made something: the commit of a checkout, the hash of a wheel, every setting."""

import subprocess
from pathlib import Path

import pytest

from shelfspace import provenance
from shelfspace.provenance import code_state, made_by
from shelfspace.settings import Settings


def git(folder: Path, *arguments: str) -> None:
    told = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *told, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_a_checkout_is_its_commit_and_what_runs_leave_is_no_change(checkout: Path) -> None:
    (checkout / "workspaces").mkdir()
    (checkout / "workspaces" / "made").write_text("by a run")
    (checkout / "dvc.lock").write_text("by a run")
    state = code_state.__wrapped__(checkout)
    assert len(state["commit"]) == 40
    assert (state["dirty"], state["changes"]) == (False, None)
    (checkout / "params.yaml").write_text("seed: 1")
    assert code_state.__wrapped__(checkout) == state | {"dirty": True}, "settings are told by their values"
    (checkout / "params.yaml").unlink()
    (checkout / "code.py").write_text("2")
    changed = code_state.__wrapped__(checkout)
    assert changed == state | {"dirty": True, "changes": changed["changes"]}
    assert code_state.__wrapped__(checkout) == changed
    (checkout / "new.py").write_text("1")
    with_a_file = code_state.__wrapped__(checkout)["changes"]
    (checkout / "new.py").write_text("2")
    assert (
        len({state["changes"], changed["changes"], with_a_file, code_state.__wrapped__(checkout)["changes"]})
        == 4
    )


def test_code_inside_another_repository_is_not_that_ones_commit(checkout: Path) -> None:
    installed = checkout / "site-packages"
    installed.mkdir()
    assert code_state.__wrapped__(installed).keys() == {"version", "wheel"}


def test_without_git_the_installed_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(provenance.subprocess, "run", missing)
    assert code_state.__wrapped__(tmp_path)["wheel"]


def test_all_that_makes_it_again_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    told = made_by(Settings.model_validate({"seed": 7, "release": {"keep": 9}}), "run-1")
    assert (told["seed"], told["run_id"], told["settings"]["release"]["keep"]) == (7, "run-1", 9)
    assert told["threads"]["OMP_NUM_THREADS"] == "1"
    assert len(told["libraries"]) == 32
