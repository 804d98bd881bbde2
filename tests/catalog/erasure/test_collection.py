"""What was erased leaves a snapshot, and neither the catalogue nor a delivery brings it back."""

import tarfile
from pathlib import Path

import pandas as pd
import pytest

from catalog.deliveries.collect import Collected, collect, note_taken
from catalog.deliveries.ledger import read_ledger
from catalog.erasure.again import collect_anew
from catalog.erasure.inbox import erase_deliveries
from catalog.erasure.snapshot import erase_media, erase_rows
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_events, read_raw_products
from catalog.snapshot.user_key import pseudonym
from catalog.sources.base import CatalogSource
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import deliver, event, photo, product, write_catalogue

KEY, WHEN = b"k" * 32, "2026-03-01T00:00:00+00:00"
SETTINGS = load_settings(overrides={"collection": {"shard_rows": 4, "quiet_seconds": 0}})


@pytest.fixture
def shop(tmp_path: Path) -> CatalogSource:
    return catalogue(tmp_path)


def catalogue(tmp_path: Path, price: str = "1.50") -> CatalogSource:
    rows = [product(i, photos=f"{i}.png", price=price) for i in range(6)]
    photos = {f"{i}.png": photo(f"#00000{i}") for i in range(6)}
    return write_catalogue(tmp_path / "shop", rows, [event(i) for i in range(6)], photos)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws", "shop")


def collected(workspace: Workspace, shop: CatalogSource) -> Collected:
    stones = Tombstones.open(workspace.state)
    found = collect(workspace, shop, SETTINGS, user_key=KEY, stones=stones, progress=False)
    note_taken(workspace, found, "version")
    if found.erased:
        erase_deliveries(workspace, shop, stones, KEY, media=(), arrivals=found.erased)
    return found


def erased(workspace: Workspace) -> Tombstones:
    stones = Tombstones.open(workspace.state)
    stones.add("product", "p2", WHEN)
    stones.add("shopper", pseudonym("u1", KEY), WHEN)
    return stones


def there(workspace: Workspace) -> tuple[list[str], set[str]]:
    """Products and shoppers of the snapshot."""
    events = read_raw_events(workspace.snapshot)
    return read_raw_products(workspace.snapshot)["product_id"].tolist(), set(events["user_id"])


def test_rows_and_media_go_and_the_others_are_as_before(workspace: Workspace, shop: CatalogSource) -> None:
    collected(workspace, shop)
    stones = erased(workspace)
    before = read_raw_products(workspace.snapshot).set_index("product_id")
    # p1 and p4 are events of u1, p2 has one of its own.
    assert erase_rows(workspace.snapshot, stones) == {"products": 1, "events": 3}
    assert erase_media(workspace.snapshot, {"2.png"}) == 1
    products, shoppers = there(workspace)
    assert products == ["p0", "p1", "p3", "p4", "p5"]
    assert shoppers == {pseudonym("u0", KEY), pseudonym("u2", KEY)}
    after = read_raw_products(workspace.snapshot).set_index("product_id")
    pd.testing.assert_frame_equal(after, before.drop("p2"))
    store = MediaStore.open(workspace.snapshot)
    assert store.keys() == ["0.png", "1.png", "3.png", "4.png", "5.png"]
    assert all(store.read(key) == photo(f"#00000{key[0]}") for key in store.keys())  # noqa: SIM118
    for shard in (workspace.snapshot / "media").glob("*.tar"):
        with tarfile.open(shard) as tar:
            assert "2.png" not in tar.getnames()
    assert erase_rows(workspace.snapshot, stones) == {}
    assert erase_media(workspace.snapshot, {"2.png"}) == 0
    report = collected(workspace, shop).report
    assert (report.added, report.changed, report.removed, report.missing_media) == (0, 0, 0, 0)


def test_the_catalogue_itself_does_not_bring_it_back_until_a_person_allows_it(
    workspace: Workspace, shop: CatalogSource, tmp_path: Path
) -> None:
    collected(workspace, shop)
    stones = erased(workspace)
    erase_rows(workspace.snapshot, stones)
    report = collected(workspace, catalogue(tmp_path, "1.60")).report
    assert (report.added, report.changed, report.removed) == (0, 5, 0)
    assert "p2" not in there(workspace)[0]
    stones.remove("product", "p2")
    assert collected(workspace, catalogue(tmp_path, "1.60")).report.added == 0
    collect_anew(workspace.snapshot)
    assert collected(workspace, catalogue(tmp_path, "1.60")).report.added == 1
    products, shoppers = there(workspace)
    assert "p2" in products
    assert pseudonym("u1", KEY) not in shoppers


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.csv.gz", "a.parquet"])
def test_a_delivery_brings_the_others_and_its_file_is_kept_without_the_erased(
    workspace: Workspace, shop: CatalogSource, name: str
) -> None:
    collected(workspace, shop)
    erase_rows(workspace.snapshot, erased(workspace))
    said = 'words, "in quotes",\nover two lines'
    rows = [{"product_id": p, "title": f"{p} {said}", "description": said} for p in ("n1", "p2", "n2")]
    if name.endswith("jsonl"):
        deliver(workspace.inbox, name, rows)
    else:
        workspace.inbox.mkdir(exist_ok=True)
        table = pd.DataFrame(rows)
        write = table.to_parquet if name.endswith("parquet") else table.to_csv
        write(workspace.inbox / name, index=False)
    found = collected(workspace, shop)
    assert there(workspace)[0] == ["p0", "p1", "p3", "p4", "p5", "n1", "n2"]
    (entry,) = [one for one in read_ledger(workspace.state).entries.values() if one.name == name]
    assert entry.reason == "1 rows are of products or shoppers that were erased, and passed over"
    assert found.erased == {entry.arrival: 1}
    kept = workspace.inbox / "done" / name
    reads = {"jsonl": lambda p: pd.read_json(p, lines=True), "parquet": pd.read_parquet}
    left = reads.get(name.rpartition(".")[2], pd.read_csv)(kept)
    assert left["product_id"].tolist() == ["n1", "n2"]
    assert left["description"].tolist() == [said, said]


def test_a_delivery_of_nothing_else_leaves_no_file(workspace: Workspace, shop: CatalogSource) -> None:
    collected(workspace, shop)
    erase_rows(workspace.snapshot, erased(workspace))
    deliver(workspace.inbox, "a.jsonl", [{"product_id": "p2", "title": "back again"}])
    collected(workspace, shop)
    assert not [path for path in workspace.inbox.rglob("*") if path.is_file()]
    assert "p2" not in there(workspace)[0]


def test_shoppers_of_delivered_events_are_known_by_the_shops_own_ids(
    workspace: Workspace, shop: CatalogSource
) -> None:
    collected(workspace, shop)
    stones = erased(workspace)
    done = workspace.inbox / "done"
    done.mkdir(parents=True)
    pd.DataFrame([event(0), event(1), event(3)]).to_csv(done / "events.csv", index=False)
    found = erase_deliveries(workspace, shop, stones, KEY, media={"2.png"})
    assert (found.rows, found.deleted, found.stay) == (1, 0, [])
    assert pd.read_csv(done / "events.csv")["user_id"].tolist() == ["u0", "u0"]
