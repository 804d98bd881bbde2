"""One folder per catalogue, one run at a time in it."""

import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shelfspace.belonging import workspace_name
from shelfspace.errors import BusyError, CatalogError
from shelfspace.workspace import Workspace
from tests.conftest import PROJECT
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("flipkart", "flipkart"),
        ("/data/My Shop", "my-shop"),
        ("a/b_c.d", "b-c-d"),
        ("/data/电子商店", "电子商店"),
        ("2024目录", "2024目录"),
        ("ＳＨＯＰ２", "shop2"),
        ("Cafe\u0301 Zoé", "café-zoé"),
        ("दुकान", "दुकान"),
    ],
)
def test_names_are_safe(given: str, name: str) -> None:
    assert workspace_name(given) == name


def test_a_name_needs_something_usable() -> None:
    with pytest.raises(CatalogError, match="letter or digit"):
        workspace_name("///")


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    names = {workspace_name("电" * 300 + end) for end in "ab"}
    assert len(names) == 2
    assert max(len(name.encode()) for name in names) <= 80


def shop(folder: Path, name: str = "") -> str:
    """A catalogue's folder; with a name of its own, where one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    if name:
        (folder / "catalog.yaml").write_text(f"name: {name}", encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(("eu", "us"), [("eu/shop", "us/shop"), ("My Shop!", "my-shop"), ("sample2/x", "X")])
def test_two_catalogues_never_share_a_workspace(tmp_path: Path, eu: str, us: str) -> None:
    first, second, root = shop(tmp_path / eu), shop(tmp_path / us), tmp_path / "all"
    kept = Workspace.open(first, root)
    for way in (Workspace.open, Workspace.find):
        with pytest.raises(CatalogError, match=f"belongs to {first}.*shelfspace adopt --catalog {second}"):
            way(second, root)
    shop(tmp_path / us, "the other one")
    other = Workspace.open(second, root)
    assert other.name == "the-other-one"
    assert Workspace.open(first, root) == kept
    assert Workspace.open("the-other-one", root) == other


def test_a_folder_does_not_take_a_presets_workspace(tmp_path: Path) -> None:
    (tmp_path / "all" / "flipkart").mkdir(parents=True)
    folder = shop(tmp_path / "flipkart")
    assert Workspace.find(folder, tmp_path / "all").catalog == folder
    (tmp_path / "all" / "flipkart" / "snapshot.dvc").write_text("of the preset: no folder is noted")
    assert Workspace.open("flipkart", tmp_path / "all").catalog == "flipkart"
    with pytest.raises(CatalogError, match="belongs to flipkart"):
        Workspace.find(folder, tmp_path / "all")


def test_the_name_that_the_catalogue_gives_decides_and_its_workspace_stays(
    tmp_path: Path,
) -> None:
    folder, root = shop(tmp_path / "export-2026"), tmp_path / "all"
    kept = Workspace.open(folder, root)
    shop(tmp_path / "export-2026", "电子/Shop")
    assert Workspace.open(folder, root) == kept
    assert Workspace.open(folder, tmp_path / "more").name == "电子-shop"
    assert Workspace.open("电子-shop", tmp_path / "more").catalog == folder
    (tmp_path / "export-2026" / "catalog.yaml").write_bytes(b"name: \xff")
    assert Workspace.find(folder, tmp_path / "none").name == "export-2026"


def test_a_moved_catalogue_keeps_its_workspace_and_a_copied_one_has_to_be_adopted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, root = tmp_path / "old" / "shop", tmp_path / "all"
    kept = Workspace.open(shop(old), root)
    (tmp_path / "new").mkdir()
    old.rename(tmp_path / "new" / "shop")
    moved = Workspace.open(str(tmp_path / "new" / "shop"), root)
    assert (moved.root, moved.catalog) == (kept.root, str(tmp_path / "new" / "shop"))
    assert f"follows {moved.catalog}: {old} is no longer there" in capsys.readouterr().err
    copied = shop(tmp_path / "copy" / "shop")
    with pytest.raises(CatalogError, match="shelfspace adopt"):
        Workspace.open(copied, root)
    assert Workspace.adopt(copied, root).root == kept.root
    assert Workspace.open(copied, root).catalog == Workspace.open("shop", root).catalog == copied


def test_what_to_type_can_be_typed_for_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "Anna's shop"
    folder.mkdir()
    typed = Workspace.open(str(folder), tmp_path / "all").command("run refresh")
    assert shlex.split(typed)[:2] == ["make", "refresh"]
    assert shlex.split(typed)[2] == f"CATALOG={folder}"
    again = Workspace.open(str(folder), tmp_path / "all").command("forget", again=True)
    assert shlex.split(again) == ["make", "forget", "AGAIN=1", f"CATALOG={folder}"]


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


def test_who_holds_it_may_be_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Workspace.open("shop", tmp_path)
    assert opened.held_by() == "another run", "nobody ever did"
    with opened.lock(holder="a backup"):
        assert opened.held_by() == "a backup"

        def refused(*_: object, **__: object) -> str:
            raise PermissionError(13, "Permission denied")  # root, with a umask of 077, wrote it

        monkeypatch.setattr(Path, "read_text", refused)
        assert opened.held_by() == "a process of another user"


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
