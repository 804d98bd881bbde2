"""Deliveries: upserts and tombstones, in the order of time."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from catalog.deliveries.attention import attention
from catalog.deliveries.collect import note_taken
from catalog.deliveries.ledger import Entry, State, read_ledger
from catalog.deliveries.pending import pending
from catalog.deliveries.table import delivery_rows
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import SnapshotReport
from catalog.sources.base import CatalogSource
from shelfspace.files import read_json, write_json
from shelfspace.hashing import tree_hash
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import DEFAULT, collected, deliver, photo, product, write_catalogue

EARLY, MIDDLE, LATE = (f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3))


@pytest.fixture
def shop(tmp_path: Path) -> CatalogSource:
    rows = [product(i, updated_at=MIDDLE, photos=f"{i}.png") for i in range(4)]
    return write_catalogue(
        tmp_path / "shop", rows, photos={f"{i}.png": photo(f"#00000{i}") for i in range(4)}
    )


def take(
    shop: CatalogSource,
    tmp_path: Path,
    *rows: dict[str, Any],
    name: str = "a.jsonl",
    settings: Settings = DEFAULT,
) -> SnapshotReport:
    """Deliver rows and collect."""
    workspace = Workspace(tmp_path, "shop")
    if rows:
        deliver(workspace.inbox, name, list(rows))
    return collected(workspace, shop, settings).report


def entries(tmp_path: Path) -> list[Entry]:
    return list(read_ledger(tmp_path / "state").entries.values())


def titles(tmp_path: Path) -> dict[str, str]:
    rows = read_raw_products(tmp_path / "snapshot")
    return dict(zip(rows["product_id"], rows["title"], strict=True))


def test_an_upsert_adds_and_replaces(shop: CatalogSource, tmp_path: Path) -> None:
    take(shop, tmp_path)
    report = take(
        shop,
        tmp_path,
        {"product_id": "p1", "title": "new", "updated_at": LATE},
        {"product_id": "n1", "title": "fresh"},
    )
    assert (report.added, report.changed, report.removed) == (1, 1, 0)
    assert titles(tmp_path) == {
        "p0": "product 0",
        "p1": "new",
        "p2": "product 2",
        "p3": "product 3",
        "n1": "fresh",
    }
    rows = read_raw_products(tmp_path / "snapshot")
    assert rows["source_row"].is_unique
    assert take(shop, tmp_path).unchanged


def test_the_first_collection_may_have_a_delivery(shop: CatalogSource, tmp_path: Path) -> None:
    report = take(shop, tmp_path, {"product_id": "p1", "_deleted": True})
    assert report.rows == 3
    assert "p1" not in titles(tmp_path)


@pytest.mark.parametrize(
    ("time", "title"), [(EARLY, "product 1"), (MIDDLE, "new"), (LATE, "new"), ("", "new")]
)
def test_an_older_row_does_not_replace_a_newer_one(
    shop: CatalogSource, tmp_path: Path, time: str, title: str
) -> None:
    take(shop, tmp_path)
    take(shop, tmp_path, {"product_id": "p1", "title": "new", "updated_at": time})
    assert titles(tmp_path)["p1"] == title


def test_times_with_zones_are_compared_as_times(shop: CatalogSource, tmp_path: Path) -> None:
    take(shop, tmp_path)
    # 01:00 at +02:00 is an hour before midnight UTC, though the text is larger.
    take(shop, tmp_path, {"product_id": "p1", "title": "new", "updated_at": "2026-02-01T01:00:00+02:00"})
    assert titles(tmp_path)["p1"] == "product 1"


def test_within_and_across_deliveries_the_latest_wins(shop: CatalogSource, tmp_path: Path) -> None:
    rows = [
        {"product_id": "n", "title": "late", "updated_at": LATE},
        {"product_id": "n", "title": "early", "updated_at": EARLY},
    ]
    take(shop, tmp_path, *rows)
    take(shop, tmp_path, {"product_id": "n", "title": "middle", "updated_at": MIDDLE}, name="b.jsonl")
    assert titles(tmp_path)["n"] == "late"


def test_a_tombstone_holds_until_something_newer_comes(shop: CatalogSource, tmp_path: Path) -> None:
    take(shop, tmp_path)
    report = take(shop, tmp_path, {"product_id": "p1", "_deleted": "true", "updated_at": LATE})
    assert report.removed == 1
    assert "p1" not in titles(tmp_path)
    take(shop, tmp_path, {"product_id": "p1", "title": "stale", "updated_at": MIDDLE}, name="b.jsonl")
    assert "p1" not in titles(tmp_path)
    rows = [product(i, updated_at="2026-04-01" if i == 1 else MIDDLE, title=f"t{i}") for i in range(4)]
    take(write_catalogue(shop.folder, rows), tmp_path)
    assert titles(tmp_path)["p1"] == "t1"


def test_what_the_source_drops_is_gone_with_its_deliveries(shop: CatalogSource, tmp_path: Path) -> None:
    take(shop, tmp_path)
    take(shop, tmp_path, {"product_id": "p1", "title": "new"}, {"product_id": "n", "title": "only delivered"})
    write_catalogue(shop.folder, [product(i, updated_at=MIDDLE, photos=f"{i}.png") for i in (0, 2, 3)])
    settings = Settings.model_validate({"collection": {"max_delete_share": 0.3}})
    take(shop, tmp_path, settings=settings)
    assert set(titles(tmp_path)) == {"p0", "p2", "p3", "n"}


def test_the_same_file_is_not_taken_in_twice(shop: CatalogSource, tmp_path: Path) -> None:
    row = {"product_id": "p1", "title": "new"}
    take(shop, tmp_path, row)
    before = tree_hash(tmp_path / "snapshot")
    assert take(shop, tmp_path, row).unchanged
    assert tree_hash(tmp_path / "snapshot") == before


def test_a_delivered_photo_stays_until_the_source_changes_its_own(
    shop: CatalogSource, tmp_path: Path
) -> None:
    (tmp_path / "inbox" / "media").mkdir(parents=True)
    (tmp_path / "inbox" / "media" / "1.png").write_bytes(photo("white"))
    take(shop, tmp_path, {"product_id": "p1", "title": "new", "photos": "1.png"})
    for _ in range(2):
        assert MediaStore.open(tmp_path / "snapshot").read("1.png") == photo("white")
        assert take(shop, tmp_path).unchanged
    (shop.folder / "media" / "1.png").write_bytes(photo("black"))
    report = take(shop, tmp_path)
    assert not report.unchanged
    assert report.media_added == 1
    assert MediaStore.open(tmp_path / "snapshot").read("1.png") == photo("black")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"title": "x"}, "product_id"),
        ({"product_id": " ", "title": "x"}, "row 1"),
        ({"product_id": "a", "colour": "red"}, "colour"),
        ({"product_id": "a", "_deleted": "perhaps"}, "true or false"),
    ],
)
def test_a_delivery_that_is_not_usable_is_set_aside_and_the_others_go_on(
    shop: CatalogSource, tmp_path: Path, row: dict[str, str], said: str
) -> None:
    take(shop, tmp_path)
    deliver(tmp_path / "inbox", "good.jsonl", [{"product_id": "n", "title": "good"}])
    take(shop, tmp_path, row)
    assert titles(tmp_path)["n"] == "good"
    bad = next(entry for entry in entries(tmp_path) if entry.name == "a.jsonl")
    assert bad.state is State.REFUSED
    assert "a.jsonl" in bad.reason
    assert said in bad.reason
    assert sorted(path.name for path in (tmp_path / "inbox" / "refused").iterdir()) == [
        "a.jsonl",
        "a.jsonl.reason.txt",
    ]
    assert said in (tmp_path / "inbox" / "refused" / "a.jsonl.reason.txt").read_text()
    assert take(shop, tmp_path).unchanged


def test_a_link_is_not_followed(shop: CatalogSource, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(photo("red"))
    (tmp_path / "inbox" / "media").mkdir(parents=True)
    (tmp_path / "inbox" / "media" / "n.png").symlink_to(tmp_path / "secret.png")
    take(shop, tmp_path, {"product_id": "n", "title": "new", "photos": "n.png"})
    take(shop, tmp_path, {"product_id": "n", "title": "new", "photos": "../../secret.png"}, name="b.jsonl")
    assert len(MediaStore.open(tmp_path / "snapshot")) == 4
    refused = [entry for entry in entries(tmp_path) if entry.state is State.REFUSED]
    assert [(entry.name, entry.reason) for entry in refused] == [
        ("media/n.png", "a link; put the file itself into the inbox")
    ]
    assert (tmp_path / "inbox" / "refused" / "media" / "n.png").is_symlink()
    assert (tmp_path / "secret.png").read_bytes() == photo("red")


def test_a_file_that_changes_after_it_was_read_stays_and_counts_again(
    shop: CatalogSource, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path, "shop")
    take(shop, tmp_path)
    deliver(workspace.inbox, "a.jsonl", [{"product_id": "p1", "title": "half"}])
    found = collected(workspace, shop, kept=False)
    deliver(
        workspace.inbox, "a.jsonl", [{"product_id": "p1", "title": "half"}, {"product_id": "n", "title": "x"}]
    )
    note_taken(workspace, found, "v1")
    assert [path.name for path in workspace.inbox.iterdir() if path.is_file()] == ["a.jsonl"]
    take(shop, tmp_path)
    assert titles(tmp_path)["n"] == "x"
    assert [(e.arrival, e.state) for e in entries(tmp_path)] == [(1, State.TAKEN), (2, State.TAKEN)]


def test_a_name_that_is_no_utf8_and_a_file_without_rows(shop: CatalogSource, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "shop")
    (workspace.inbox / "media").mkdir(parents=True)
    name = os.fsdecode("中.csv".encode("gbk"))
    (workspace.inbox / name).write_text("product_id,title\nn,new\n")
    (workspace.inbox / "media" / name).write_text("no photo")
    (workspace.inbox / "none.csv").write_text("product_id,title\n")
    assert len(pending(workspace, 0)) == 3
    said = collected(workspace, shop).said
    assert titles(tmp_path)["n"] == "new"
    assert sorted(entry.name for entry in entries(tmp_path)) == ["__.csv", "none.csv"]
    assert said == (
        "none.csv: the file has no rows",
        "no row that counts names media/__.csv; it waits in the inbox",
    )


def test_a_workspace_of_an_earlier_version_goes_on(shop: CatalogSource, tmp_path: Path) -> None:
    """Its manifest names deliveries by name and bytes, its shards know of no fields, it has no ledger."""
    workspace = Workspace(tmp_path, "shop")
    take(shop, tmp_path, {"product_id": "p1", "title": "before"})
    manifest = read_json(workspace.snapshot / "manifest.json")
    write_json(workspace.snapshot / "manifest.json", {**manifest, "deliveries": ["0123456789abcdef"]})
    for shard in (workspace.snapshot / "products").iterdir():
        pd.read_parquet(shard).drop(columns="_fields").to_parquet(shard, index=False)
    (workspace.state / "deliveries.json").unlink()
    assert titles(tmp_path)["p1"] == "before"
    take(shop, tmp_path, {"product_id": "p1", "price": "8"}, name="b.jsonl")
    rows = read_raw_products(workspace.snapshot).set_index("product_id")
    assert rows.loc["p1", ["title", "price"]].tolist() == ["before", "8"]


def test_a_ledger_that_was_lost_takes_nothing_twice_and_swallows_nothing(
    shop: CatalogSource, tmp_path: Path
) -> None:
    for title in ("one", "two"):
        take(shop, tmp_path, {"product_id": "p1", "title": title})
    (tmp_path / "state" / "deliveries.json").unlink()
    take(shop, tmp_path, {"product_id": "p1", "title": "one"})
    assert titles(tmp_path)["p1"] == "one"
    assert [entry.arrival for entry in entries(tmp_path)] == [3]


def test_a_time_that_is_still_to_come_is_told_and_a_row_without_one_gets_past_it(
    shop: CatalogSource, tmp_path: Path
) -> None:
    take(shop, tmp_path)
    take(shop, tmp_path, {"product_id": "p0", "title": "Of 2099", "updated_at": "2099-01-01"}, name="a.jsonl")
    assert "1 of 1 rows have an updated_at that is still to come" in entries(tmp_path)[0].reason
    take(shop, tmp_path, {"product_id": "p0", "title": "Late", "updated_at": LATE}, name="b.jsonl")
    assert titles(tmp_path)["p0"] == "Of 2099"
    take(shop, tmp_path, {"product_id": "p0", "title": "Undated"}, name="c.jsonl")
    assert titles(tmp_path)["p0"] == "Undated"
    assert not entries(tmp_path)[2].reason


def test_what_waits_for_a_person_is_named_until_it_is_mended(shop: CatalogSource, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "shop")
    take(shop, tmp_path)
    assert attention(workspace) == []
    workspace.inbox.mkdir(exist_ok=True)
    (workspace.inbox / "bad.csv").write_text("")
    take(shop, tmp_path, *({"product_id": f"p{i}", "_deleted": "true"} for i in range(4)), name="gone.jsonl")
    held, refused = attention(workspace)
    assert held.startswith("gone.jsonl is held: ")
    assert "approve" in held
    assert refused.startswith("bad.csv is refused and lies in inbox/refused/bad.csv: ")
    assert attention(workspace, datetime.now(UTC) + timedelta(days=8)) == [held]
    (workspace.inbox / "bad.csv").write_text("product_id,title\np0,Mended\n")
    take(shop, tmp_path)
    assert attention(workspace) == [held]


def test_one_long_name_a_folder_and_a_packed_file_stop_nobody(shop: CatalogSource, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "shop")
    long = "ö" * 120 + ".csv"
    deliver(workspace.inbox, "good.jsonl", [{"product_id": "n", "title": "good"}])
    (workspace.inbox / long).write_text("title\nno id\n")
    (workspace.inbox / "monday").mkdir()
    (workspace.inbox / "monday" / "a.csv").write_text("product_id,title\nm,unread\n")
    (workspace.inbox / "packed.csv").write_bytes(gzip.compress(b"product_id,title\nz,packed\n"))
    said = collected(workspace, shop).said
    assert set(titles(tmp_path)) == {"p0", "p1", "p2", "p3", "n"}
    assert "monday: a folder; put its files themselves into the inbox" in said[0]
    assert any("name it packed.csv.gz" in sentence for sentence in said)
    assert next(row["name"] for row in delivery_rows(workspace, 0)) == "monday"
    refused = {path.name for path in (workspace.inbox / "refused").iterdir()}
    assert {"packed.csv", f"{'ö' * 90}.csv", f"{'ö' * 90}.csv.reason.txt"} <= refused
    for _ in range(2):  # of one name again
        (workspace.inbox / long).write_text("title\nno id\n")
        collected(workspace, shop)
    states = [entry.state for entry in entries(tmp_path) if entry.name == long]
    assert states == [State.REFUSED] * 3


def test_rows_of_a_file_that_give_way_to_a_later_one_are_told(shop: CatalogSource, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "shop")
    deliver(workspace.inbox, "a.jsonl", [{"product_id": "p1", "title": title} for title in ("one", "two")])
    (said,) = collected(workspace, shop).said
    assert "1 rows are about a product that a row before them is about: the later one counts" in said
    assert titles(tmp_path)["p1"] == "two"
