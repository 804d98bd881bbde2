"""Earlier versions of the data in DVC, without what was erased: cache, remote, pointers, reproductions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.lib import dvc
from assets.lib.dvc_fetch import fetch
from assets.lib.dvc_objects import delete_objects, object_stores
from assets.lib.erasure import versions
from assets.lib.erasure.versions import erase_versions, what_became_of
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace
from tests.assets.lib.test_dvc_fetch import s3

__all__ = ["s3"]

SECRET = "p00006"


def holds(file: Path) -> bool:
    return SECRET.encode() in file.read_bytes()


def cut(folder: Path) -> None:
    for file in folder.glob("*.csv"):
        kept = [line for line in file.read_text().splitlines() if SECRET not in line]
        file.unlink()
        file.write_text("\n".join(kept) + "\n")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "all" / "shop", "shop")


def version(workspace: Workspace, *rows: str, manifest: str = "1") -> str:
    """A snapshot of a few rows, told to DVC and pushed."""
    workspace.state.mkdir(parents=True, exist_ok=True)
    workspace.snapshot.mkdir(exist_ok=True)
    (workspace.snapshot / "manifest.json").write_text(manifest)
    (workspace.snapshot / "rows.csv").write_text("\n".join(rows) + "\n")
    return dvc.add(workspace.snapshot, push_too=True)


def held(workspace: Workspace) -> list[Path]:
    places = (workspace.root.parent / ".dvc", workspace.root.parent / ".dvc-remote", workspace.root)
    return [file for place in places for file in place.rglob("*") if file.is_file() and holds(file)]


def run(workspace: Workspace, *words: str) -> str:
    return dvc.run_dvc(workspace.root.parent, [*words])


def empty(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.unlink()


def test_earlier_snapshots_are_kept_without_the_rows_and_the_present_one_is_left_alone(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, now = version(workspace, "p1", SECRET), version(workspace, "p1", "p2")
    home = workspace.root.parent
    empty(home / ".dvc" / "cache")  # the remote alone has it

    def killed(home: Path, oids: set[str]) -> None:
        delete_objects(home, sorted(oids)[:1])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(versions, "delete_objects", killed)
        with pytest.raises(KeyboardInterrupt):
            erase_versions(workspace, [first], holds, cut, "rewrite")
    kept = what_became_of(workspace, first)
    assert kept not in (first, now)
    found = erase_versions(workspace, [first], holds, cut, "rewrite")
    assert (found.wrong, found.unknown, found.used) == ({}, {}, [])
    assert not held(workspace)
    assert what_became_of(workspace, first) == kept
    assert what_became_of(workspace, now) == now
    empty(home / ".dvc" / "cache")
    assert fetch(home, kept, tmp_path / "again" / "snapshot") == "remote"
    assert (tmp_path / "again" / "snapshot" / "rows.csv").read_text() == "p1\n"
    run(workspace, "pull")
    assert "up to date" in run(workspace, "status")
    assert dvc.pointer_hash(workspace.snapshot) == now


def test_expired_ones_go_and_say_so_and_what_the_present_data_says_is_named(workspace: Workspace) -> None:
    first = version(workspace, "p1", SECRET)
    now = version(workspace, SECRET)
    found = erase_versions(workspace, [first], holds, cut, "expire")
    # Its list and its table; the manifest is the present one's, too.
    assert (found.rewritten, found.gone, found.objects) == ({}, [first], {"cache": 2, "local": 2})
    assert len(found.used) == 1
    assert dvc.pointer_hash(workspace.snapshot) == now
    with pytest.raises(ArtifactError, match="an erasure deleted the snapshot"):
        what_became_of(workspace, first)


def test_a_second_erasure_follows_the_first(workspace: Workspace) -> None:
    versions.note_became(workspace, {"a": "b", "c": versions.GONE})
    versions.note_became(workspace, {"b": "d"})
    assert [what_became_of(workspace, one) for one in ("a", "b", "d", "e")] == ["d", "d", "d", "e"]
    versions.note_became(workspace, {"d": versions.GONE})
    with pytest.raises(ArtifactError, match="an erasure deleted the snapshot a"):
        what_became_of(workspace, "a")


def test_without_a_repository_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert erase_versions(Workspace(tmp_path / "shop", "shop"), [], holds, cut, "rewrite").objects == {}


@pytest.fixture
def in_s3(s3: str, workspace: Workspace) -> Iterator[Workspace]:
    workspace.root.mkdir(parents=True)
    dvc.repository(workspace.root)
    dvc.run_dvc(
        workspace.root.parent,
        ["remote", "modify", "local", "url", "s3://shop/versions"],
        ["remote", "modify", "--local", "local", "endpointurl", s3],
    )
    return workspace


@pytest.mark.slow
def test_objects_of_an_s3_compatible_remote_go_and_those_that_nothing_names_are_counted(
    in_s3: Workspace,
) -> None:
    first = version(in_s3, "p1", SECRET)
    second = version(in_s3, "p1", "p2", SECRET)
    version(in_s3, "p1")
    cache = in_s3.root.parent / ".dvc" / "cache" / "files" / "md5"
    for oid in (first, second):  # pruned here, and one of them known to nobody
        (cache / oid[:2] / oid[2:]).unlink()
    found = erase_versions(in_s3, [first], holds, cut, "expire")
    assert found.gone == [first]
    assert found.objects["local"] == 3
    assert found.unknown == {"local": 1}, "the list of the second; its table is in the cache"
    left = {store.name: store.held for store in object_stores(in_s3.root.parent)}["local"]
    assert first not in left
    assert second in left
