"""What DVC's failures come to: the real command, in each state that it refuses or passes over in silence."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.lib import dvc as data_versions
from assets.lib.dvc_words import explained
from shelfspace.errors import ArtifactError


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `.dvc` of a repository that was just started; starting one takes seconds."""
    home = tmp_path_factory.mktemp("started") / "all"
    (home / "shop").mkdir(parents=True)
    return data_versions.repository(home / "shop") / ".dvc"


@pytest.fixture
def target(started: Path, tmp_path: Path) -> Path:
    """A snapshot's folder of a workspace whose repository is there already."""
    folder = tmp_path / "all" / "shop" / "snapshot"
    folder.mkdir(parents=True)
    (folder / "rows.bin").write_bytes(os.urandom(200_000))
    own = Path(shutil.copytree(started, tmp_path / "all" / ".dvc"))
    remote = str(tmp_path / "all" / ".dvc-remote")
    (own / "config").write_text(
        f"[core]\n    no_scm = True\n    remote = local\n['remote \"local\"']\n    url = {remote}\n"
    )
    return folder


def told(target: Path, push_too: bool = False) -> str:
    with pytest.raises(ArtifactError) as refused:
        data_versions.add(target, push_too=push_too)
    message = str(refused.value)
    assert "\n    DVC: " in message, "DVC's own words stand beneath"
    return message


def home(target: Path) -> Path:
    return target.parent.parent


def block_cache(target: Path) -> None:
    (home(target) / ".dvc" / "cache").mkdir(exist_ok=True)
    (home(target) / ".dvc" / "cache" / "files").write_text("a file where DVC needs a folder")


def break_config(target: Path) -> None:
    (home(target) / ".dvc" / "config").write_text("[core\n  x")


def break_pointer(target: Path) -> None:
    target.with_name("snapshot.dvc").write_text("outs: [")


def ignore(target: Path) -> None:
    (home(target) / ".dvcignore").write_text("snapshot\n")


def lose_git(target: Path) -> None:
    (home(target) / ".dvc" / "config").write_text("")


def break_locks(target: Path) -> None:
    (home(target) / ".dvc" / "tmp").mkdir(exist_ok=True)
    (home(target) / ".dvc" / "tmp" / "rwlock").write_text("{")


BEFORE_ADD: list[tuple[Callable[[Path], None], str]] = [
    (block_cache, "a file stands where DVC needs a folder"),
    (break_config, r"mend .dvc/config"),
    (break_pointer, "the pointer is damaged"),
    (ignore, "a pattern in .dvcignore"),
    (lose_git, "core.no_scm true"),
    (break_locks, "delete .dvc/tmp/rwlock"),
]


@pytest.mark.parametrize(("damage", "sentence"), BEFORE_ADD, ids=[d.__name__ for d, _ in BEFORE_ADD])
def test_what_keeps_dvc_from_adding_is_named(
    damage: Callable[[Path], None], sentence: str, target: Path
) -> None:
    damage(target)
    assert sentence in told(target)


@contextmanager
def small_disk() -> Iterator[None]:
    """Every file that a child writes ends at 100,000 bytes: what a full disk does to DVC's copies."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_is_a_failure_though_dvc_ends_well_and_the_same_again_keeps_all(
    target: Path, tmp_path: Path
) -> None:
    note = tmp_path / "noted"
    with small_disk(), pytest.raises(ArtifactError, match="there is no room left"):
        data_versions.keep(target, "rows.bin", note, push_too=True)
    data_versions.keep(target, "rows.bin", note, push_too=True)
    whole = (target / "rows.bin").read_bytes()
    for kept in (".dvc/cache", ".dvc-remote"):
        files = [file for file in (home(target) / kept).rglob("*") if file.is_file()]
        assert whole in [file.read_bytes() for file in files], kept


REMOTES: list[tuple[str, str]] = [
    ("/proc/nothing/here", "is away"),
    ("http://127.0.0.1:9/shop", "is away"),
    ("ssh://127.0.0.1/shop", "pip install dvc-ssh"),
    ("", "dvc remote add -d"),
]


@pytest.mark.parametrize(("address", "sentence"), REMOTES, ids=[a or "none" for a, _ in REMOTES])
def test_a_remote_that_cannot_be_reached_is_named(address: str, sentence: str, target: Path) -> None:
    config = home(target) / ".dvc" / "config"
    named = f"[core]\n    no_scm = True\n    remote = local\n['remote \"local\"']\n    url = {address}\n"
    config.write_text(named if address else "[core]\n    no_scm = True\n")
    message = told(target, push_too=True)
    assert sentence in message
    assert "dvc push" in message


def test_bytes_that_the_cache_lacks_are_not_pushed_in_silence(target: Path) -> None:
    data_versions.add(target)
    shutil.rmtree(home(target) / ".dvc" / "cache")
    with pytest.raises(ArtifactError, match="cache lacks bytes"):
        data_versions.run_dvc(home(target), ["push", f"{target}.dvc"])


HOLD = """
import sys, time
from dvc.repo import Repo
with Repo(".").lock:
    print("held", flush=True)
    time.sleep(float(sys.argv[1]))
"""


def held(target: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(seconds)]
    holder = subprocess.Popen(command, cwd=home(target), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_who_holds_the_lock_is_named(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_versions, "LOCK_SECONDS", 0.0)
    with held(target, 60) as holder:
        try:
            message = told(target)
        finally:
            holder.kill()
    assert f"process {holder.pid}: " in message
    assert "wait for it, or end it" in message


def test_a_lock_that_is_let_go_is_waited_for(target: Path) -> None:
    with held(target, 5):
        assert data_versions.add(target) == data_versions.pointer_hash(target)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("ERROR: unexpected error - [Errno 28] No space left on device", "no room left"),
        (
            "ERROR: unexpected error - [Errno 30] Read-only file system: '/data/.dvc/tmp'",
            "may not be written",
        ),
        ("ERROR: unexpected error - [Errno 13] Permission denied: '/data/x'", "may not be written"),
        ("ERROR: failed to push data to the cloud - Forbidden: 403", "lets nobody in"),
        ("ERROR: you are not inside of a DVC repository (checked up to mount point '/')", "dvc init"),
        ("ERROR: bad DVC file name 'a.dvc' is git-ignored.", ".gitignore"),
        ("ERROR: the command was ended by SIGKILL", "run the same again"),
        ("ERROR: something new", "mend what DVC names"),
    ],
)
def test_what_only_other_machines_show_has_its_sentence(words: str, sentence: str, tmp_path: Path) -> None:
    message = explained(["add", "snapshot"], tmp_path, words)
    assert sentence in message
    assert message.endswith(f"\n    DVC: {words}")
