"""Bentos of releases that are no more go; of one that runs, what it carries."""

import subprocess
import sys
from pathlib import Path

import pytest

from bentos.build import BAKED, bento_folder, prune
from bentos.gone import drop_bentos
from shelfspace.files import write_text
from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "shop", "shop")


def bento(workspace: Workspace, release: str) -> Path:
    folder = bento_folder(workspace, f"shelfspace:{release}-12345678")
    write_text(folder / "bento.yaml", f"labels: {{release: {release}}}\n")
    for part in ("release/ids.json", "media/photos.tar", "settings.json"):
        write_text(folder / BAKED / part, "[]")
    write_text(folder.parent / "latest", folder.name)
    return folder


def test_bentos_of_releases_that_are_gone_go_and_the_code_of_one_that_runs_stays(
    workspace: Workspace,
) -> None:
    live, gone, runs = (bento(workspace, f"00000{n}-aaaaaaa{n}") for n in (1, 2, 3))
    (workspace.releases / "000001-aaaaaaa1").mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", "input()"], cwd=runs / "src", stdin=subprocess.PIPE)
    try:
        tags = drop_bentos(workspace)
    finally:
        process.communicate(b"\n")
    assert tags == [f"shelfspace:{gone.name}", f"shelfspace:{runs.name}"]
    assert (live.is_dir(), gone.exists()) == (True, False)
    assert sorted(path.name for path in runs.rglob("*") if path.is_file()) == ["settings.json"]
    assert (live.parent / "latest").read_text() == live.name
    assert drop_bentos(workspace) == []
    assert not runs.exists(), "once nothing runs from it"


def test_a_workspace_without_bentos_has_none_to_drop(workspace: Workspace) -> None:
    assert drop_bentos(workspace) == []
    bento(workspace, "000001-aaaaaaa1")
    assert len(drop_bentos(workspace)) == 1
    assert [*bento_folder(workspace, "shelfspace:*").parent.iterdir()] == []


def test_a_bento_that_runs_is_not_pruned_however_many_are_newer(workspace: Workspace) -> None:
    runs, *_, newest = (bento(workspace, f"00000{n}-aaaaaaa{n}") for n in range(1, 6))
    tag = f"shelfspace:{runs.name}"
    process = subprocess.Popen([sys.executable, "-c", "input()", "serve", tag], stdin=subprocess.PIPE)
    try:
        prune(workspace, f"shelfspace:{newest.name}", keep=1)
    finally:
        process.communicate(b"\n")
    left = sorted(path.name[:6] for path in newest.parent.iterdir() if path.is_dir())
    assert left == ["000001", "000004", "000005"], "it, the one given and the one before"
    prune(workspace, f"shelfspace:{newest.name}", keep=1)
    assert not runs.exists(), "once nothing runs from it"
