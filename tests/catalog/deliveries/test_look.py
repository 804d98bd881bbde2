"""A look at the content of what comes in: what it objects to is held by the ledger, until it is approved."""

from pathlib import Path

import pandas as pd

from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.milestones import approve
from catalog.deliveries.pending import pending
from catalog.snapshot.coming_media import ComingMedia
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, deliver, photo, product, write_catalogue

ROWS = [product(i, category="Shirts", photos=f"{i}.png") for i in range(6)]
PHOTOS = {f"{i}.png": photo(f"#00000{i}") for i in range(6)}


def no_kettles(name: str, before: pd.DataFrame, after: pd.DataFrame, media: ComingMedia) -> str:
    wrong = after["category"].eq("Kettles").sum()
    return f"{wrong} kettles in {name}, {len(before)} before" if wrong else ""


def shop(folder: Path, rows: list[dict[str, str]] = ROWS) -> CatalogSource:
    return write_catalogue(folder / "shop", rows, photos=PHOTOS)


def categories(workspace: Workspace) -> dict[str, str]:
    rows = read_raw_products(workspace.snapshot)
    return dict(zip(rows["product_id"], rows["category"], strict=True))


def test_what_is_objected_to_is_held_and_the_others_go_on(workspace: Workspace, tmp_path: Path) -> None:
    source = shop(tmp_path)
    collected(workspace, source, look=no_kettles)
    deliver(workspace.inbox, "bad.jsonl", [{"product_id": "p1", "category": "Kettles"}])
    deliver(workspace.inbox, "good.jsonl", [{"product_id": "p2", "category": "Trousers"}])
    found = collected(workspace, source, look=no_kettles)
    assert found.said[-1].startswith("bad.jsonl is held: 1 kettles in bad.jsonl, 1 before; if that is meant:")
    assert (categories(workspace)["p1"], categories(workspace)["p2"]) == ("Shirts", "Trousers")
    states = {entry.name: entry.state for entry in read_ledger(workspace.state).entries.values()}
    assert states == {"bad.jsonl": State.HELD, "good.jsonl": State.TAKEN}
    approve(workspace, "bad.jsonl")
    collected(workspace, source, look=no_kettles)
    assert categories(workspace)["p1"] == "Kettles"


def test_a_source_that_is_objected_to_leaves_what_was_there(workspace: Workspace, tmp_path: Path) -> None:
    collected(workspace, shop(tmp_path), look=no_kettles)
    changed = shop(tmp_path, [{**row, "category": "Kettles"} for row in ROWS])
    found = collected(workspace, changed, look=no_kettles)
    assert found.report.source_held == "6 kettles in source, 6 before"
    assert set(categories(workspace).values()) == {"Shirts"}
    approve(workspace, "source")
    collected(workspace, changed, look=no_kettles)
    assert set(categories(workspace).values()) == {"Kettles"}


def test_the_look_sees_photos_as_they_would_be(workspace: Workspace, tmp_path: Path) -> None:
    source, seen = shop(tmp_path), {}

    def see(name: str, before: pd.DataFrame, after: pd.DataFrame, media: ComingMedia) -> str:
        for key in ("0.png", "1.png", "new.png", "none.png"):
            if key in media:
                seen[key] = (media.read(key), media.digest(key), media.replaces(key))
        return ""

    collected(workspace, source, look=see)
    assert set(seen) == {"0.png", "1.png"}, "before anything is stored the source's own files are there"
    before = dict(seen)
    (workspace.inbox / "media").mkdir(parents=True)
    for key in ("0.png", "new.png"):
        (workspace.inbox / "media" / key).write_bytes(photo("#ffffff"))
    deliver(workspace.inbox, "rows.jsonl", [{"product_id": "p1", "photos": "new.png"}])
    collected(workspace, source, look=see)
    assert seen["1.png"] == before["1.png"]
    assert seen["0.png"][0] == seen["new.png"][0] == photo("#ffffff")
    assert (seen["0.png"][2], seen["new.png"][2]) == (True, False)
    assert set(seen) == {"0.png", "1.png", "new.png"}


def no_white(name: str, before: pd.DataFrame, after: pd.DataFrame, media: ComingMedia) -> str:
    white = [key for key in after["photos"] if key and key in media and media.read(key) == photo("#ffffff")]
    return f"{name}: {white} under {len(before)} rows" if white else ""


def test_photos_that_replace_others_are_judged_by_themselves(workspace: Workspace, tmp_path: Path) -> None:
    source = shop(tmp_path)
    collected(workspace, source, look=no_white)
    stored = MediaStore.open(workspace.snapshot).read("0.png")
    (workspace.inbox / "media").mkdir(parents=True)
    for key in ("0.png", "new.png"):
        (workspace.inbox / "media" / key).write_bytes(photo("#ffffff"))
    found = collected(workspace, source, look=no_white)
    assert found.report.media.held == "media/0.png: ['0.png'] under 1 rows"
    assert found.said[0] == "no row that counts names media/new.png; it waits in the inbox"
    assert "media/0.png is held: media/0.png: ['0.png'] under 1 rows; if that is meant:" in found.said[1]
    assert MediaStore.open(workspace.snapshot).read("0.png") == stored
    assert pending(workspace, 0) == [], "what is held asks for no run"
    assert collected(workspace, source, look=no_white).report.unchanged
    approve(workspace, "media/0.png")
    assert [one.name for one in pending(workspace, 0)] == ["media/0.png"]
    collected(workspace, source, look=no_white)
    assert MediaStore.open(workspace.snapshot).read("0.png") == photo("#ffffff")
    assert not read_ledger(workspace.state).unfinished(State.HELD)
    assert (workspace.inbox / "done" / "media" / "0.png").exists()


def test_photos_that_change_in_the_source_are_judged_too(workspace: Workspace, tmp_path: Path) -> None:
    collected(workspace, shop(tmp_path), look=no_white)
    changed = write_catalogue(
        tmp_path / "shop", ROWS, photos=dict.fromkeys(("1.png", "2.png"), photo("#ffffff"))
    )
    found = collected(workspace, changed, look=no_white)
    assert found.report.media.name == "replaced media (2 files of the source)"
    assert MediaStore.open(workspace.snapshot).read("1.png") == PHOTOS["1.png"]
    restored = write_catalogue(tmp_path / "shop", ROWS, photos=PHOTOS)
    assert collected(workspace, restored, look=no_white).report.media.held == ""
    entry = list(read_ledger(workspace.state).entries.values())[-1]
    assert (entry.state, entry.reason) == (State.SUPERSEDED, "others came in their place, or none")


def test_photos_of_a_held_delivery_wait_and_are_told_in_one_sentence(
    workspace: Workspace, tmp_path: Path
) -> None:
    source = shop(tmp_path)
    collected(workspace, source)
    (workspace.inbox / "media").mkdir(parents=True)
    rows = []
    for number in range(40):
        (workspace.inbox / "media" / f"{number}.jpg").write_bytes(photo(f"#{number:02x}80ff"))
        rows.append(product(100 + number, category="Kettles", photos=f"{number}.jpg"))
    deliver(workspace.inbox, "kettles.jsonl", rows)
    said = collected(workspace, source, look=no_kettles).said
    waits = [sentence for sentence in said if "names media" in sentence]
    assert len(waits) == 1
    assert waits[0].endswith("and 35 more; they wait in the inbox")
