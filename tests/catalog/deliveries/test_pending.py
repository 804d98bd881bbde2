"""What asks for a run, whatever became of the run before."""

import os
import time
from pathlib import Path

import pytest

from catalog.deliveries.ledger import State, editing, read_ledger
from catalog.deliveries.pending import pending
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = Workspace(tmp_path, "shop")
    place.inbox.mkdir()
    return place


def drop(workspace: Workspace, name: str, age: float = 60) -> str:
    path = workspace.inbox / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("product_id,price\n1,2\n")
    os.utime(path, (time.time() - age,) * 2)
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}"


def test_a_file_asks_until_it_is_in_a_release(workspace: Workspace) -> None:
    assert pending(workspace, 5) == []
    seen = drop(workspace, "a.csv")
    drop(workspace, "b.csv", age=1)
    (first,) = pending(workspace, 5)
    assert (first.name, first.state) == ("a.csv", State.WAITING)
    with editing(workspace.state) as ledger:
        ledger.arrive("a.csv", seen=seen, digest="d")
    assert pending(workspace, 5) == [first], "a failed run changes nothing"
    (workspace.inbox / "a.csv").unlink()
    with editing(workspace.state) as ledger:
        ledger.change(1, state=State.TAKEN)
    (again,) = pending(workspace, 5)
    assert (again.key, again.state) == (first.key, State.TAKEN)
    with editing(workspace.state) as ledger:
        ledger.change(1, state=State.DONE, release="r1")
    assert pending(workspace, 5) == []
    assert read_ledger(workspace.state).entries[1].shown == "in release r1"


def test_what_is_held_asks_once_it_is_approved(workspace: Workspace) -> None:
    seen = drop(workspace, "a.csv")
    with editing(workspace.state) as ledger:
        ledger.arrive("a.csv", seen=seen, state=State.HELD, reason="120 of 200 products would go")
    assert pending(workspace, 5) == []
    with editing(workspace.state) as ledger:
        ledger.change(1, approved=True)
    assert [(p.name, p.state) for p in pending(workspace, 5)] == [("a.csv", State.WAITING)]


def test_a_media_file_asks_until_a_run_has_found_that_no_row_names_it(workspace: Workspace) -> None:
    seen = drop(workspace, "media/a.png")
    assert [p.name for p in pending(workspace, 5)] == ["media/a.png"]
    with editing(workspace.state) as ledger:
        ledger.unnamed["a.png"] = seen
    assert pending(workspace, 5) == []
    drop(workspace, "media/a.png", age=30)
    assert len(pending(workspace, 5)) == 1


def test_a_damaged_ledger_says_what_to_do(workspace: Workspace) -> None:
    with editing(workspace.state) as ledger:
        ledger.arrive("a.csv")
    path = workspace.state / "deliveries.json"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArtifactError, match=r"deliveries\.json .*damaged"):
        pending(workspace, 5)
