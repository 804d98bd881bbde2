"""One folder per catalogue, one run at a time in it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shelfspace.errors import BusyError, CatalogError
from shelfspace.workspace import Workspace, workspace_name
from tests.conftest import PROJECT
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("given", "name"), [("flipkart", "flipkart"), ("/data/My Shop", "my-shop"), ("a/b_c.d", "b-c-d")]
)
def test_names_are_safe(given: str, name: str) -> None:
    assert workspace_name(given) == name


def test_a_name_needs_something_usable() -> None:
    with pytest.raises(CatalogError, match="letter or digit"):
        workspace_name("///")


def test_environment_chooses_catalogue_and_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFSPACE_CATALOG", "flipkart")
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    opened = Workspace.open()
    assert (opened.root, opened.catalog) == (tmp_path / "flipkart", "flipkart")


def test_a_folder_is_remembered_by_its_workspace(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    assert Workspace.open(str(shop), tmp_path / "all").catalog == str(shop)
    assert Workspace.open("shop", tmp_path / "all").catalog == str(shop)
    assert Workspace.open("other", tmp_path / "all").catalog == "other"


def test_who_waits_says_for_whom_and_then_goes_on(tmp_path: Path) -> None:
    opened, said = Workspace.open("x", tmp_path), list[str]()
    got = threading.Event()

    def second() -> None:
        with opened.lock(30, holder="run b", waiting=said.append):
            got.set()

    with opened.lock(holder="run a (chain)"):
        waiter = threading.Thread(target=second)
        waiter.start()
        wait_for(lambda: bool(said), 10, pause=0.02)
        assert not got.is_set()
    waiter.join(10)
    assert got.is_set()
    assert said == ["run a (chain) holds workspace x; this one goes on when it has ended"]
    with opened.lock(30, waiting=said.append):
        assert len(said) == 1, "nobody was waited for"


def test_the_lock_holds_across_processes_and_dies_with_its_holder(tmp_path: Path) -> None:
    opened = Workspace.open("x", tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from shelfspace.workspace import Workspace\n"
        "with Workspace.open('x', Path(sys.argv[1])).lock():\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=PROJECT
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(BusyError, match="another run holds workspace x"), opened.lock():
            pytest.fail("two runs held the workspace")
    finally:
        holder.kill()
        holder.wait()
    with opened.lock(timeout=5):
        assert opened.root.is_dir()
