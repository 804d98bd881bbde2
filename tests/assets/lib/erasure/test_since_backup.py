"""A restore knows what was erased after its backup, from a later one or the workspace that was moved away."""

import os
import shutil
from pathlib import Path

import pytest

from assets.lib.backup import back_up
from assets.lib.restore import restore
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.user_key import user_key
from shelfspace.errors import ArtifactError, InputError
from shelfspace.workspace import Workspace

WHEN = "2026-11-{:02d}T10:00:00+00:00"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.open("shop", tmp_path / "workspaces")
    user_key(made.state)
    Tombstones.open(made.state).add("product", "p1", WHEN.format(1))
    return made


def archived(workspace: Workspace, folder: Path, day: int) -> Path:
    made = back_up(workspace, folder).path
    named = folder / f"shop-202611{day:02d}T000000Z.tar"
    os.replace(made, named)
    return named


def test_keys_and_tombstones_come_back_and_those_of_a_later_backup_are_taken_over(
    workspace: Workspace, tmp_path: Path
) -> None:
    first = archived(workspace, tmp_path / "to", 2)
    stones = Tombstones.open(workspace.state)
    stones.add("product", "p2", WHEN.format(3))
    stones.add("shopper", "0123456789abcdef", WHEN.format(4))
    archived(workspace, tmp_path / "to", 5)
    told: list[str] = []
    root = restore(first, tmp_path / "again", told.append)
    after = Tombstones.open(root / "state")
    assert after.stones == stones.stones
    assert after.of("product", "p2") is not None
    assert user_key(root / "state") == user_key(workspace.state)
    for name in ("user.key", "erasure.key", "erasure/tombstones.json"):
        assert (root / "state" / name).stat().st_mode & 0o077 == 0, name
    assert "2 products and shoppers were forgotten after this backup (2026-11-03, 2026-11-04)" in told[-1]


def test_without_anything_later_it_says_that_what_was_forgotten_is_there_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    only = archived(workspace, tmp_path / "to", 2)
    told: list[str] = []
    restore(only, tmp_path / "again", told.append)
    assert "what was forgotten since it was made is there again" in told[-1]
    shutil.move(workspace.root, tmp_path / "away")
    Tombstones.open(tmp_path / "away" / "state").add("product", "p9", WHEN.format(9))
    root = restore(only, tmp_path / "third", told.append, tmp_path / "away")
    assert Tombstones.open(root / "state").of("product", "p9") is not None
    assert "2026-11-09" in told[-1]


def test_tombstones_of_another_workspace_or_of_no_workspace_are_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    only = archived(workspace, tmp_path / "to", 2)
    other = Workspace.open("other", tmp_path / "workspaces")
    Tombstones.open(other.state).add("product", "p1", WHEN.format(1))
    with pytest.raises(ArtifactError, match="of another workspace"):
        restore(only, tmp_path / "again", forgotten=other.root)
    (tmp_path / "no.tar").write_text("no archive")
    with pytest.raises(InputError, match="name a workspace's folder or a backup"):
        restore(only, tmp_path / "again", forgotten=tmp_path / "no.tar")
    assert not (tmp_path / "again" / "shop").exists()
