"""The snapshot: append-only, byte for byte the same for the same input, whole after a kill."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from catalog.deliveries import archive, ledger
from catalog.deliveries.collect import collect as collect_inbox
from catalog.deliveries.collect import note_taken
from catalog.deliveries.ledger import State, read_ledger
from catalog.snapshot import shards, write
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.snapshot.write import SnapshotReport, write_snapshot
from catalog.sources.base import CatalogSource
from shelfspace.errors import ArtifactError, CatalogError
from shelfspace.files import write_json
from shelfspace.hashing import tree_hash
from shelfspace.settings import Settings, load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import deliver, event, photo, product, write_catalogue

SETTINGS = load_settings(overrides={"collection": {"shard_rows": 4, "max_delete_share": 0.5}})


def collect(
    source: CatalogSource, place: Path, key: bytes = b"k", settings: Settings = SETTINGS
) -> SnapshotReport:
    return write_snapshot(source, place, settings, user_key=key, progress=False)


def titles(place: Path) -> dict[str, str]:
    rows = read_raw_products(place)
    return dict(zip(rows["product_id"], rows["title"], strict=True))


@pytest.fixture
def shop(tmp_path: Path) -> CatalogSource:
    rows = [product(i, photos=f"{i}.png") for i in range(6)]
    photos = {f"{i}.png": photo(f"#00000{i}") for i in range(5)}
    return write_catalogue(tmp_path / "shop", rows, [event(i) for i in range(6)], photos)


def test_what_came_is_what_is_read(shop: CatalogSource, tmp_path: Path) -> None:
    report = collect(shop, tmp_path / "snapshot")
    assert (report.rows, report.added, report.changed, report.removed) == (6, 6, 0, 0)
    assert (report.media_added, report.missing_media, report.unchanged) == (5, 1, False)
    read = read_raw_products(tmp_path / "snapshot")
    pd.testing.assert_frame_equal(read.drop(columns="source_row"), shop.products())
    assert read["source_row"].tolist() == list(range(6))
    assert len(list((tmp_path / "snapshot" / "products").iterdir())) == 2
    store = MediaStore.open(tmp_path / "snapshot")
    assert store.keys() == [f"{i}.png" for i in range(5)]
    assert store.read("3.png") == photo("#000003")
    assert store.size("3.png") == len(photo("#000003"))
    assert len({store.digest(key) for key in (f"{i}.png" for i in range(5))}) == 5
    assert read_raw_stock(tmp_path / "snapshot").empty


def test_shoppers_are_keyed_hashes(shop: CatalogSource, tmp_path: Path) -> None:
    users = {}
    for key in (b"one", b"two"):
        collect(shop, tmp_path / key.decode(), key=key)
        users[key] = read_raw_events(tmp_path / key.decode())["user_id"]
        assert not users[key].isin([f"u{i}" for i in range(3)]).any()
        assert users[key].nunique() == 3
    assert not users[b"one"].isin(users[b"two"]).any()


def test_a_second_run_and_a_second_place_give_the_same_bytes(shop: CatalogSource, tmp_path: Path) -> None:
    collect(shop, tmp_path / "a")
    before = tree_hash(tmp_path / "a")
    assert collect(shop, tmp_path / "a").unchanged
    assert tree_hash(tmp_path / "a") == before
    collect(shop, tmp_path / "b")
    assert tree_hash(tmp_path / "b") == before


def test_a_change_adds_a_delta_and_touches_no_shard(shop: CatalogSource, tmp_path: Path) -> None:
    place = tmp_path / "snapshot"
    collect(shop, place)
    old = {p: p.read_bytes() for p in place.rglob("*") if p.is_file() and p.suffix in (".parquet", ".tar")}
    rows = [product(0, title="new title"), *(product(i, photos=f"{i}.png") for i in range(1, 5)), product(9)]
    changed = write_catalogue(shop.folder, rows, [event(i) for i in range(7)], {"1.png": photo("white")})
    report = collect(changed, place)
    assert (report.added, report.changed, report.removed, report.media_added) == (1, 1, 1, 1)
    for path, data in old.items():
        if path.name != "index.parquet":
            assert path.read_bytes() == data
    assert min(p.name for p in (place / "products").iterdir()) == "delta-00002.parquet"
    delta = pd.read_parquet(place / "products" / "delta-00002.parquet")
    assert sorted(delta["product_id"] + " " + delta["_op"]) == ["p0 upsert", "p5 delete", "p9 upsert"]
    assert len(read_raw_events(place)) == 7
    assert titles(place) == {"p0": "new title", **{f"p{i}": f"product {i}" for i in (1, 2, 3, 4, 9)}}
    assert MediaStore.open(place).read("1.png") == photo("white")
    assert MediaStore.open(place).read("2.png") == photo("#000002")
    assert collect(changed, place).unchanged


def test_a_product_that_comes_back_is_there_again(shop: CatalogSource, tmp_path: Path) -> None:
    for rows in (range(6), range(5), range(6)):
        collect(write_catalogue(shop.folder, [product(i) for i in rows]), tmp_path / "s")
    assert list(titles(tmp_path / "s")) == [f"p{i}" for i in range(6)]


def test_repeated_ids_and_repeated_events_are_kept_as_they_came(tmp_path: Path) -> None:
    rows = [product(1), product(1, title="again"), product(1)]
    source = write_catalogue(tmp_path / "shop", rows, [event(1), event(1), event(2)])
    collect(source, tmp_path / "s")
    assert read_raw_products(tmp_path / "s")["title"].tolist() == ["product 1", "again", "product 1"]
    assert len(read_raw_events(tmp_path / "s")) == 3
    collect(write_catalogue(tmp_path / "shop", rows[:2], [event(1), event(2)]), tmp_path / "s")
    assert read_raw_products(tmp_path / "s")["title"].tolist() == ["product 1", "again"]
    assert len(read_raw_events(tmp_path / "s")) == 2


def test_a_source_that_would_remove_too_much_is_held(shop: CatalogSource, tmp_path: Path) -> None:
    place = tmp_path / "s"
    collect(shop, place)
    before = tree_hash(place)
    fewer = write_catalogue(shop.folder, [product(0), product(1)])
    held = collect(fewer, place)
    assert re.search(r"4 of 6 products gone.*max_delete_share", held.source_held)
    assert (held.unchanged, held.removed, held.rows) == (True, 0, 6)
    assert tree_hash(place) == before
    collect(fewer, place, settings=load_settings(overrides={"collection": {"max_delete_share": 0.7}}))
    assert len(titles(place)) == 2


def test_what_is_approved_of_the_source_goes_through_and_nothing_else(
    shop: CatalogSource, tmp_path: Path
) -> None:
    place = tmp_path / "s"
    collect(shop, place)
    held = collect(write_catalogue(shop.folder, [product(0), product(1)]), place)
    other = write_catalogue(shop.folder, [product(0)])
    approved = (held.source, 1)
    report = write_snapshot(other, place, SETTINGS, approved_source=approved, progress=False, user_key=b"k")
    assert "5 of 6" in report.source_held
    fewer = write_catalogue(shop.folder, [product(0), product(1)])
    report = write_snapshot(fewer, place, SETTINGS, approved_source=approved, progress=False, user_key=b"k")
    assert (report.source_held, report.removed) == ("", 4)


def test_a_row_cannot_reach_outside_the_media_root(shop: CatalogSource, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(photo("red"))
    rows = [product(0, photos="../../secret.png|" + "x" * 4000), product(1, photos="0.png")]
    report = collect(write_catalogue(shop.folder, rows), tmp_path / "s")
    assert MediaStore.open(tmp_path / "s").keys() == ["0.png"]
    assert report.missing_media == 2
    (shop.folder / "media" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(CatalogError, match="links included"):
        collect(write_catalogue(shop.folder, [product(0, photos="link.png")]), tmp_path / "t")


@pytest.mark.parametrize("writes", range(1, 15))
def test_a_run_killed_anywhere_is_repeated_with_the_same_bytes(
    shop: CatalogSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """The run stops before its n-th write, in the first run and in the one that adds a delta."""
    changed = [product(i, photos="1.png|new.png") for i in range(5)]
    settings = load_settings(overrides={"collection": {"shard_rows": 4, "quiet_seconds": 0}})

    def run(place: Path, stop: bool) -> None:
        workspace = Workspace(place, "shop")
        write_catalogue(shop.folder, [product(i, photos=f"{i}.png") for i in range(6)])
        again(lambda: collected(workspace, shop), stop)
        source = write_catalogue(shop.folder, changed, photos={"new.png": photo("white")})
        deliver(workspace.inbox, "a.jsonl", [{"product_id": "p0", "title": "delivered"}])
        again(lambda: collected(workspace, source), stop)
        assert titles(workspace.snapshot)["p0"] == "delivered"
        assert [entry.state for entry in read_ledger(workspace.state).entries.values()] == [State.TAKEN]
        assert (workspace.inbox / "done" / "a.jsonl").exists()

    def collected(workspace: Workspace, source: CatalogSource) -> SnapshotReport:
        found = collect_inbox(workspace, source, settings, progress=False)
        note_taken(workspace, found, tree_hash(workspace.snapshot))
        return found.report

    def again(work: Callable[[], SnapshotReport], stop: bool) -> None:
        if stop:
            left = iter(range(writes))
            with monkeypatch.context() as patch:
                for module, name in (
                    (shards, "write_table"),
                    (write, "write_sealed_json"),
                    (ledger, "write_sealed_json"),
                    (archive, "_move"),
                    (write.add_media.__globals__, "write_index"),
                    (write.add_media.__globals__, "write_shard"),
                ):
                    _interrupt(patch, module, name, left)
                with suppress(KeyboardInterrupt):
                    work()
        report = work()
        assert not report.unchanged or stop

    run(tmp_path / "whole", stop=False)
    run(tmp_path / "killed", stop=True)
    assert tree_hash(tmp_path / "killed" / "snapshot") == tree_hash(tmp_path / "whole" / "snapshot")


def _interrupt(patch: pytest.MonkeyPatch, place: object, name: str, left: object) -> None:
    original = place[name] if isinstance(place, dict) else getattr(place, name)

    def write(*args: object, **kwargs: object) -> object:
        if next(left, None) is None:  # type: ignore[call-overload]
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    if isinstance(place, dict):
        patch.setitem(place, name, write)
    else:
        patch.setattr(place, name, write)


def test_damage_and_other_formats_are_named(shop: CatalogSource, tmp_path: Path) -> None:
    place = tmp_path / "s"
    collect(shop, place)
    store = MediaStore.open(place)
    shard = place / "media" / "media-00000.tar"
    data = bytearray(shard.read_bytes())
    data[store.entry("2.png").offset] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"2\.png.*damaged"):
        store.read("2.png")
    assert store.read("1.png") == photo("#000001")
    with pytest.raises(ArtifactError, match="no media"):
        store.digest("none.png")
    (place / "products" / "part-00001.parquet").unlink()
    with pytest.raises(ArtifactError, match=r"part-00001\.parquet is missing"):
        read_raw_products(place)
    write_json(place / "manifest.json", {"format": 1})
    with pytest.raises(ArtifactError, match="collect again"):
        read_raw_products(place)


def test_a_large_catalogue_of_media_is_split_into_shards(tmp_path: Path) -> None:
    files = {f"{i}.png": bytes([i]) * 400_000 for i in range(6)}
    source = write_catalogue(
        tmp_path / "shop", [product(i, photos=f"{i}.png") for i in range(6)], photos=files
    )
    collect(
        source, tmp_path / "s", settings=load_settings(overrides={"collection": {"media_shard_megabytes": 1}})
    )
    store = MediaStore.open(tmp_path / "s")
    assert sorted(store.shards()) == ["media-00000.tar", "media-00001.tar"]
    assert all(store.read(key) == data for key, data in files.items())
