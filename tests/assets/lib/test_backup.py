"""A workspace as one archive: whole while others write, refused where it is not as it was written."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assets.lib.backup import back_up
from assets.lib.restore import restore
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.errors import ArtifactError, InputError
from shelfspace.hashing import tree_hashes
from shelfspace.workspace import Workspace
from tests.conftest import PROJECT


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.open("shop", tmp_path / "workspaces")
    (made.releases / "000001-aa").mkdir(parents=True)
    np.save(made.releases / "000001-aa" / "embeddings.npy", np.arange(300_000, dtype=np.float32))
    (made.releases / "current").write_text("000001-aa\n")
    (made.state / "user.key").write_bytes(b"k" * 32)
    (made.state / "user.key").chmod(0o600)
    (made.root / "名.txt").write_text("names of every script")
    (made.state / "run.lock").touch()
    half = made.releases / ".000002-bb.77.tmp"
    half.mkdir()
    (half / "half.npy").write_bytes(b"half")
    return made


@pytest.fixture
def writing(workspace: Workspace) -> Iterator[DurableLog]:
    """A service that goes on writing its request log."""
    log, ended = DurableLog(workspace.live / "requests.log"), threading.Event()

    def write() -> None:
        n = 0
        while not ended.is_set():
            log.append([LogEntry({"n": n}, np.ones(64, np.float32))])
            n += 1

    thread = threading.Thread(target=write)
    thread.start()
    yield log
    ended.set()
    thread.join()
    log.close()


def test_it_comes_back_as_it_was_though_the_log_is_written_meanwhile(
    workspace: Workspace, writing: DurableLog, tmp_path: Path
) -> None:
    while writing.sequence < 20:
        pass
    made = back_up(workspace, tmp_path / "backups")
    assert made.path.stat().st_mode & 0o777 == 0o600, "keys are in it"
    back = restore(made.path, tmp_path / "elsewhere")
    skipped = frozenset({"requests.log", "requests.log-wal", "requests.log-shm", "run.lock", "half.npy"})
    assert tree_hashes(back, skip=skipped) == tree_hashes(workspace.root, skip=skipped)
    assert not list(back.rglob("*.tmp")), "what was half-written is not kept"
    assert (back / "state" / "user.key").stat().st_mode & 0o777 == 0o600
    with closing(DurableLog(back / "live" / "requests.log")) as log:
        entries, _ = log.read()
    assert len(entries) >= 20
    assert [entry.record["n"] for entry in entries] == [*range(len(entries))], "whole, at one moment"


def test_a_database_that_is_no_log_is_whole_too(workspace: Workspace, tmp_path: Path) -> None:
    place = workspace.state / "dagster" / "runs.db"
    place.parent.mkdir()
    with closing(sqlite3.connect(place)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE runs (n INTEGER)")
        database.executemany("INSERT INTO runs VALUES (?)", [(n,) for n in range(100)])
        database.commit()  # it is in the -wal file yet
        made = back_up(workspace, tmp_path / "backups")
    back = restore(made.path, tmp_path / "elsewhere")
    with closing(sqlite3.connect(back / "state" / "dagster" / "runs.db")) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (100,)


def test_a_database_larger_than_tmp_is_copied_beside_the_archive(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(DurableLog(workspace.live / "requests.log")) as log:
        log.append([LogEntry({"n": 1})])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no-room-here"))
    made = back_up(workspace, tmp_path / "backups")
    assert "live/requests.log" in made.files
    assert [*(tmp_path / "backups").iterdir()] == [made.path], "and the copy is gone"


def test_what_a_backup_left_that_was_killed_goes_with_the_next_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    with closing(DurableLog(workspace.live / "requests.log")) as log:
        log.append([LogEntry({"n": 1})])
    folder = tmp_path / "backups"
    killed = (
        "import os, signal, sys; from pathlib import Path; import assets.lib.backup as b\n"
        "from shelfspace.workspace import Workspace\n"
        "def killed(archive, name, *_):\n  if name.startswith('live'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "b.add_stream = killed\n"
        "b.back_up(Workspace.open('shop', Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", killed, str(workspace.root.parent), str(folder)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len([*folder.iterdir()]) == 2, "half an archive, and a copy of a database"
    at_work = folder / ".other-20260101T000000Z.tar.1.tmp"
    with at_work.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        made = back_up(workspace, folder)
        assert sorted(folder.iterdir()) == sorted([made.path, at_work]), "one that is at work stays"


def test_a_workspace_that_is_there_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    made = back_up(workspace, tmp_path / "backups")
    before = tree_hashes(workspace.root)
    with pytest.raises(InputError, match="move it away"):
        restore(made.path, tmp_path / "workspaces")
    assert tree_hashes(workspace.root) == before


def test_it_does_not_swallow_itself(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="outside of the workspace"):
        back_up(workspace, workspace.state / "backups")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_one_that_was_cut_off_is_refused_and_nothing_is_left(
    workspace: Workspace, tmp_path: Path, share: float
) -> None:
    path = back_up(workspace, tmp_path / "backups").path
    data = path.read_bytes()
    # A tar ends in empty blocks that nobody misses; the manifest comes before those.
    path.write_bytes(data[: int(share * (len(data) - 10_240))])
    with pytest.raises(InputError, match="cut off"):
        restore(path, tmp_path / "elsewhere")
    assert not any((tmp_path / "elsewhere").glob("*")) if (tmp_path / "elsewhere").exists() else True


def test_a_flipped_bit_is_named_and_nothing_is_left(workspace: Workspace, tmp_path: Path) -> None:
    path = back_up(workspace, tmp_path / "backups").path
    with tarfile.open(path) as opened:
        place = opened.getmember("releases/000001-aa/embeddings.npy").offset_data + 5000
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"embeddings\.npy"):
        restore(path, tmp_path / "elsewhere")
    assert not [p for p in (tmp_path / "elsewhere").iterdir()]


def test_an_archive_that_leads_out_of_the_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = back_up(workspace, tmp_path / "backups").path
    bad = tmp_path / "bad.tar"
    with tarfile.open(path) as good, tarfile.open(bad, "w") as made:
        for member in good.getmembers():
            stream = good.extractfile(member)
            if member.name == "releases/current":
                member.name = "../../out.txt"
            made.addfile(member, stream)
    with pytest.raises(ArtifactError, match="no backup of ours"):
        restore(bad, tmp_path / "deep" / "elsewhere")
    assert not (tmp_path / "out.txt").exists()
    with pytest.raises(InputError, match="no backup"):
        restore(PROJECT / "README.md", tmp_path / "deep" / "elsewhere")


def test_a_restore_that_is_killed_leaves_no_half_workspace(workspace: Workspace, tmp_path: Path) -> None:
    path = back_up(workspace, tmp_path / "backups").path
    killed = (
        "import os, signal, sys; from pathlib import Path; import assets.lib.restore as r\n"
        "r.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "r.restore(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", killed, str(path), str(tmp_path / "elsewhere")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "elsewhere" / "shop").exists()
    assert restore(path, tmp_path / "elsewhere").is_dir(), "and the next one clears what was left"
    assert [p.name for p in (tmp_path / "elsewhere").iterdir()] == ["shop"]
