"""A champion is crowned whole or not at all, whenever it is killed and whoever else does the same."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from releases import current, list_releases, promote, prune, write_release
from releases.champion import champion, champion_model, champion_paper, crown
from shelfspace.errors import ArtifactError
from shelfspace.files import write_json
from shelfspace.workspace import Workspace
from tests.releases.test_release import parts

PAPERS = ("evaluation.json", "metrics.json", "model_card.md")
STEPS = {"os.rename", "os.mkdir", "shutil.copyfile", "shutil.copytree", "os.link", "open"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("shop", tmp_path / "all")


def model(folder: Path, name: str) -> Path:
    made = folder / f"model-{name}"
    (made / "featurizer").mkdir(parents=True)
    (made / "encoder.json").write_text(f'{{"name": "{name}"}}')
    (made / "featurizer" / "tokenizer.json").write_text(name * 1000)
    for paper in PAPERS:
        (folder / paper).write_text(f'{{"of": "{name}"}}')
    return made


def put_the_crown_on(workspace: Workspace, made: Path) -> None:
    name = made.name.removeprefix("model-")
    crown(workspace, made, name, {"cause": "test"}, [made.parent / paper for paper in PAPERS])


def is_whole(workspace: Workspace, made: Path) -> bool:
    """Whether the champion is this model, with all its bytes and papers."""
    kept = champion_model(workspace)
    same = all(
        (kept / path.relative_to(made)).read_bytes() == path.read_bytes()
        for path in made.rglob("*")
        if path.is_file()
    )
    return same and all(
        champion_paper(kept, paper).read_text() == f'{{"of": "{kept.name}"}}' for paper in PAPERS
    )


def in_a_child(work: Callable[[], None], killed_at: int = 0) -> int:
    """Do something in a process of its own, killed before its n-th step on the disk; the exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = killed_at

    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        reads = event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)
        if event in STEPS and not reads:
            left -= 1
            if left == 0:
                os._exit(9)

    try:
        if killed_at:
            sys.addaudithook(count)
        work()
    except BaseException:  # noqa: BLE001 - a child must not go on with the tests
        os._exit(1)
    os._exit(0)


def test_killed_at_any_step_the_old_champion_or_the_new_one_reigns_and_the_next_try_is_whole(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    old, new = model(tmp_path / "a", "old"), model(tmp_path / "b", "new")
    put_the_crown_on(workspace, old)
    shutil.copytree(workspace.root, tmp_path / "before")
    killed = 0
    for step in range(1, 200):
        shutil.rmtree(workspace.root)
        shutil.copytree(tmp_path / "before", workspace.root)
        status = in_a_child(lambda: put_the_crown_on(workspace, new), killed_at=step)
        reigns = champion(workspace)
        assert reigns is not None
        assert is_whole(workspace, new if reigns["fingerprint"] == "new" else old), f"killed at step {step}"
        put_the_crown_on(workspace, new)
        assert is_whole(workspace, new)
        assert not list((workspace.state / "champions").glob("*.tmp")), "the next try tidies up"
        if status == 0:
            break
        assert status == 9
        killed += 1
    assert killed > 10, "it was killed between its steps"


def test_two_that_crown_at_once_leave_one_whole_champion(workspace: Workspace, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.append(model(tmp_path / name, name))
    for _ in range(10):
        shutil.rmtree(workspace.state / "champions", ignore_errors=True)
        begin = time.monotonic() + 0.05

        def both(begin: float = begin) -> None:
            child = os.fork()
            time.sleep(max(0.0, begin - time.monotonic()))
            put_the_crown_on(workspace, made[0 if child else 1])
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        assert in_a_child(both) == 0
        reigns = champion(workspace)
        assert reigns is not None
        assert is_whole(workspace, made[0 if reigns["fingerprint"] == "a" else 1])
        assert {path.name for path in (workspace.state / "champions").iterdir() if path.is_dir()} == {
            "a",
            "b",
        }


def test_a_champion_whose_files_are_gone_comes_back_from_its_release(
    workspace: Workspace, tmp_path: Path
) -> None:
    given = parts(tmp_path, provenance={"champion": "fp"})
    write_json(workspace.root / "champion.json", {"fingerprint": "fp", "crowned": "2026-01-01"})
    with pytest.raises(ArtifactError, match=r"no release has it; run: .*retrain"):
        champion_model(workspace)
    write_release(workspace.releases, **given)
    kept = champion_model(workspace)
    assert (kept / "encoder.json").read_bytes() == (given["encoder_dir"] / "encoder.json").read_bytes()
    assert champion_paper(kept, "model_card.md").read_text() == "# card\n"
    assert champion_paper(kept, "metrics.json").is_file()


def test_promoters_and_pruners_at_once_leave_a_live_release(workspace: Workspace, tmp_path: Path) -> None:
    made = [write_release(workspace.releases, **parts(tmp_path, seed)).id for seed in range(3)]
    begin = time.monotonic() + 0.1

    def promoter(release: str) -> None:
        time.sleep(max(0.0, begin - time.monotonic()))
        for _ in range(20):
            try:
                promote(workspace.root, release)
            except ArtifactError:
                assert release not in [folder.name for folder in list_releases(workspace.releases)]
            prune(workspace.root, keep=1)

    children = []
    for release in made:
        child = os.fork()
        if not child:
            os._exit(in_a_child(lambda release=release: promoter(release)))
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    live = current(workspace.root)
    assert live is not None
    assert live.id in made
