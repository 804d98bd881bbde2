"""What was erased: the service takes nothing of it, and answers with it no more."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from assets.lib.erasure.logs import erase_changes, hide
from catalog.erasure.tombstones import Tombstones
from catalog.interactions.reading import read_interactions
from catalog.snapshot.user_key import pseudonym, user_key
from shelfspace.workspace import Workspace
from tests.bentos.house import House, error_of
from tests.bentos.shop import Shop

WHEN = "2026-03-01T04:45:00+00:00"


@pytest.fixture
def house(shop: Shop, tmp_path: Path) -> Iterator[House]:
    root = tmp_path / shop.workspace.name
    shutil.copytree(shop.workspace.root, root)
    own = replace(shop, workspace=Workspace(root, shop.workspace.catalog))
    house = House(own, root)
    yield house
    house.application.close()


def event(**said: str) -> dict:
    return {"event_id": "e1", "session": "s", "kind": "click", "product_id": "P002", **said}


def test_nothing_of_what_was_erased_is_taken_and_no_refusal_keeps_its_name(house: House) -> None:
    root = house.application.config.releases
    assert root is not None
    stones = Tombstones.open(root / "state")
    stones.add("product", "P001", WHEN)
    stones.add("shopper", pseudonym("jane", user_key(root / "state")), WHEN)
    house.application.backend.refresh()
    client = house.client()
    put = client.post("/products/put", json={"item": {"product_id": "P001", "title": "back again"}})
    told = error_of(put, 410)
    assert told["field"] == "item.product_id"
    assert "it was erased on 2026-03-01 04:45 UTC" in told["remedy"]
    assert "P001" not in put.text
    for said, field in (({"product_id": "P001"}, "product_id"), ({"user_id": "jane"}, "user_id")):
        answer = client.post("/events", json={"event": event(**said)})
        assert error_of(answer, 410)["field"].endswith(field)
    assert client.post("/products/put", json={"item": {"product_id": "N1", "title": "another"}}).is_success
    kept, refused = read_interactions(house.live)
    assert kept.empty
    assert refused["field"].tolist() == ["product_id", "user_id"]
    for file in root.rglob("live/*"):
        if file.is_file():
            assert b"P001" not in file.read_bytes()
            assert b"jane" not in file.read_bytes()


def test_a_product_is_hidden_at_once_and_what_says_so_goes_later(house: House) -> None:
    root = house.application.config.releases
    assert root is not None
    workspace, client = Workspace(root, "shop"), house.client()
    assert client.post("/products/get", json={"product_id": "P001"}).status_code == 200
    assert hide(workspace, {"P001", "unknown"}) == 1
    assert client.post("/products/get", json={"product_id": "P001"}).status_code == 404
    stones = Tombstones.open(workspace.state)
    stones.add("product", "P001", WHEN)
    assert erase_changes(workspace, stones, but_deletions=True) == 0
    assert erase_changes(workspace, stones, but_deletions=False) == 1
    # The running service knows it still; one that starts then has a release without the product.
    assert client.post("/products/get", json={"product_id": "P001"}).status_code == 404
    assert not any(b"P001" in file.read_bytes() for file in (root / "delta").glob("*.log*"))


def test_an_id_column_of_any_table_is_known(tmp_path: Path) -> None:
    stones = Tombstones.open(tmp_path)
    stones.add("product", "P001", WHEN)
    table = pd.DataFrame({"product_id": ["a", "P001"], "other_id": ["P001", "b"], "title": ["P001", "x"]})
    assert stones.rows(table).tolist() == [True, True]
    assert not stones.rows(table[["title"]]).any()
