"""Photos of a delivery that is held after it was taken: out of the next snapshot, back when approved."""

from pathlib import Path

import pytest

from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve
from catalog.deliveries.pending import pending
from catalog.deliveries.withdraw import hold_taken, taken_since
from catalog.snapshot.media_store import MediaStore
from catalog.sources.base import CatalogSource
from shelfspace.hashing import tree_hash
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, photo, product, write_catalogue

OLD, NEW, NEWER = photo("#111111"), photo("#222222"), photo("#333333")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w", "shop")


@pytest.fixture
def source(tmp_path: Path, workspace: Workspace) -> CatalogSource:
    """Two products; the second one's photo is still to come."""
    rows = [product(i, photos=f"{i}.png") for i in range(2)]
    source = write_catalogue(tmp_path / "shop", rows, photos={"0.png": OLD})
    collected(workspace, source)
    return source


def bring(workspace: Workspace, source: CatalogSource, **photos: bytes) -> int:
    """Photos come into the inbox, by the product's letter; the number of their delivery."""
    folder = workspace.inbox / "media"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in photos.items():
        (folder / f"{'ab'.index(name)}.png").write_bytes(data)
    collected(workspace, source)
    return read_ledger(workspace.state).last


def photos(workspace: Workspace) -> list[bytes | None]:
    store = MediaStore.open(workspace.snapshot)
    return [store.read(key) if key in store else None for key in ("0.png", "1.png")]


def state(workspace: Workspace, arrival: int) -> State:
    return read_ledger(workspace.state).entries[arrival].state


def test_held_photos_leave_the_next_snapshot_and_come_back(
    workspace: Workspace, source: CatalogSource
) -> None:
    before = read_ledger(workspace.state).snapshots[-1]
    first = bring(workspace, source, a=NEW, b=NEW)
    assert photos(workspace) == [NEW, NEW]
    assert [entry.arrival for entry in taken_since(workspace, before)] == [first]
    assert [entry.arrival for entry in hold_taken(workspace, [first], "rolled back")] == [first]
    assert pending(workspace, 0) == []
    collected(workspace, source)
    assert photos(workspace) == [OLD, None], "the former photo again, and none where there was none"
    assert taken_since(workspace, before) == []
    still = tree_hash(workspace.snapshot)
    assert collected(workspace, source).report.unchanged
    assert (tree_hash(workspace.snapshot), state(workspace, first)) == (still, State.HELD)

    again = bring(workspace, source, a=NEW, b=NEW)
    assert photos(workspace) == [OLD, None], "the same files again wait, too"
    assert (
        read_ledger(workspace.state).entries[again].reason == f"the same as delivery {first}, which is held"
    )
    approve(workspace, str(first))
    assert [one.state for one in pending(workspace, 0)] == [State.WAITING]
    collected(workspace, source)
    assert photos(workspace) == [NEW, NEW]
    assert state(workspace, first) is State.TAKEN


def test_what_came_after_them_stays(workspace: Workspace, source: CatalogSource, tmp_path: Path) -> None:
    first = bring(workspace, source, a=NEW, b=NEW)
    second = bring(workspace, source, b=NEWER)
    hold_taken(workspace, [first], "rolled back")
    collected(workspace, source)
    assert photos(workspace) == [OLD, NEWER]
    write_catalogue(
        tmp_path / "shop", [product(i, photos=f"{i}.png") for i in range(2)], photos={"0.png": NEWER}
    )
    collected(workspace, source)
    assert photos(workspace) == [NEWER, NEWER], "the catalogue's own folder changed"
    approve(workspace, str(first))
    collected(workspace, source)
    assert photos(workspace) == [NEWER, NEWER], "what came later counts over it"
    hold_taken(workspace, [second], "rolled back")
    collected(workspace, source)
    assert photos(workspace) == [NEWER, NEW]


def test_photos_whose_former_ones_nobody_noted_stay_taken(
    workspace: Workspace, source: CatalogSource
) -> None:
    from catalog.snapshot.media_index import Version, entries_of, read_index, write_index

    first = bring(workspace, source, a=NEW)
    folder = workspace.snapshot / "media"
    write_index(folder, {key: (Version(entry),) for key, entry in entries_of(read_index(folder)).items()})
    assert hold_taken(workspace, [first], "rolled back") == []
    assert state(workspace, first) is State.TAKEN
