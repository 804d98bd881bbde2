"""Earlier versions of the data that an erasure looks into: of an earlier version, and of other workspaces."""

from pathlib import Path

import pytest

from assets.lib import dvc
from assets.lib.dvc_fetch import fetch
from assets.lib.erasure.past import versions
from assets.lib.erasure.traces import traces_of
from assets.lib.erasure.versions import lost_rows, what_became_of
from assets.lib.erasure.work import Done, Work
from catalog.deliveries.collect import collect, note_taken
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot import orders, write
from catalog.snapshot.shards import read_raw_events, read_raw_products
from catalog.snapshot.user_key import order_pseudonym, user_key
from catalog.sources.base import CatalogSource
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import event, product, write_catalogue

GONE, SETTINGS = "sku-gone", load_settings()


def take(workspace: Workspace, source: CatalogSource) -> str:
    """What a collection does: the snapshot, known to DVC and to the ledger."""
    done = collect(workspace, source, SETTINGS, user_key=user_key(workspace.state), progress=False)
    version = dvc.add(workspace.snapshot, push_too=True)
    note_taken(workspace, done, version)
    return version


def bought(*numbers: int) -> list[dict[str, str]]:
    return [event(n, event="purchase", order_id=f"RG770{n}") for n in numbers]


def erase(workspace: Workspace, source: CatalogSource, *products: str) -> Done:
    """The step of an erasure that looks into earlier versions, as it stands after all others."""
    stones, key = Tombstones.open(workspace.state), user_key(workspace.state)
    for one in products:
        stones.add("product", one, "2026-03-01T00:00:00+00:00")
    traces = traces_of(workspace, source, stones, products, [], key)
    return versions(Work(workspace, source, SETTINGS, stones, traces, key, Done, list))


def test_order_ids_that_an_earlier_version_collected_become_keyed_hashes_in_every_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open("shop", tmp_path / "all")
    rows = [product(n) for n in range(4)]
    versions_before = []
    with monkeypatch.context() as patch:
        patch.setattr(write, "hashed_orders", lambda column, key: column)
        patch.setattr(write, "with_keyed_orders", lambda directory, manifest, key: manifest)
        for some in ([*rows, product(9, product_id=GONE)], rows):
            source = write_catalogue(tmp_path / "shop", some, bought(0, 1, 2))
            versions_before.append(take(workspace, source))
    now = take(workspace, source)
    places = [tmp_path / "all" / name for name in (".dvc", ".dvc-remote")]

    def raw() -> list[Path]:
        files = [file for place in places for file in place.rglob("*") if file.is_file()]
        return [file for file in files if b"PAR1" in file.read_bytes()[:4] and orders.holds_orders(file)]

    assert raw()
    done = erase(workspace, source, GONE)
    assert not raw()
    with_gone, without = versions_before
    assert not lost_rows(workspace, without), "its rows are all there: what was made of it can be made again"
    assert lost_rows(workspace, with_gone)
    key, home = user_key(workspace.state), tmp_path / "all"
    for version in versions_before:
        fetch(home, what_became_of(workspace, version), tmp_path / "again" / "snapshot")
        kept = read_raw_events(tmp_path / "again" / "snapshot")["order_id"].tolist()
        assert kept == [order_pseudonym(f"RG770{n}", key) for n in range(3)]
        assert len(read_raw_products(tmp_path / "again" / "snapshot")) == 4
    assert dvc.pointer_hash(workspace.snapshot) == now
    assert any("keyed hashes of orders" in sentence for sentence in done.said)
    assert erase(workspace, source).said == ()


def test_another_workspaces_product_of_the_same_id_stays_in_its_earlier_versions(tmp_path: Path) -> None:
    rows, before = [product(n) for n in range(4)], {}
    for name in ("mine", "other"):
        workspace = Workspace.open(name, tmp_path / "all")
        source = write_catalogue(tmp_path / name, [*rows, product(9, product_id=GONE, title=name)])
        before[name] = take(workspace, source)
        take(workspace, write_catalogue(tmp_path / name, rows))
    mine, other = (Workspace.open(name, tmp_path / "all") for name in ("mine", "other"))
    erase(mine, write_catalogue(tmp_path / "mine", rows), GONE)
    assert lost_rows(mine, before["mine"])
    assert not lost_rows(other, before["other"])
    assert fetch(tmp_path / "all", before["other"], tmp_path / "again" / "snapshot") == "cache"
    assert GONE in set(read_raw_products(tmp_path / "again" / "snapshot")["product_id"])
