"""Writes between releases: in the very next answer, on the disk, and over the next release."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.endpoints.writing import WriteAnswer
from releases import promote
from shelfspace.settings import Settings
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.shop import Shop

SearchAnswer = ENDPOINTS["search"].answer_model
SimilarAnswer = ENDPOINTS["similar"].answer_model

ITEM = {"product_id": "new-1", "title": "violet paper umbrella", "price": 12.5, "category": "Umbrellas"}


@pytest.fixture
def application(shop: Shop, tmp_path: Path) -> Iterator[Application]:
    """A service on a workspace of its own with the shop's two releases."""
    app = opened(shop, workspace_of(shop, tmp_path), settings())
    yield app
    app.close()


def workspace_of(shop: Shop, folder: Path) -> Path:
    """A workspace folder with links to the shop's releases; the first is current."""
    releases = folder / "shop" / "releases"
    releases.mkdir(parents=True)
    for release in (shop.first, shop.second):
        (releases / release.id).symlink_to(release.folder)
    promote(folder / "shop", shop.first.id)
    return folder / "shop"


def opened(shop: Shop, workspace: Path, chosen: Settings) -> Application:
    app = Application(ServiceConfig(chosen, releases=workspace))
    assert app.engine.refresh()
    return app


@pytest.fixture
def client(application: Application) -> TestClient:
    return client_of(application)


def put(client: TestClient, *items: dict) -> WriteAnswer:
    return written(client.post("/products/put", json={"items": list(items)}))


def written(response: object) -> WriteAnswer:
    assert response.status_code == 200, response.text
    return WriteAnswer.model_validate(response.json())


def found(client: TestClient, text: str, k: int = 100) -> dict[str, dict]:
    answer = SearchAnswer.model_validate(
        client.post("/search", json={"query": {"text": text}, "k": k}).json()
    )
    assert answer.result is not None
    return {hit.product_id: hit.model_dump() for hit in answer.result.hits}


def test_a_new_product_is_in_the_next_answer(client: TestClient, shop: Shop) -> None:
    before = client.post("/search", json={"query": {"text": "shoe"}}).json()
    assert before["sequence"] == 0
    answer = put(client, {**ITEM, "on_hand": 3})
    assert (answer.release, answer.sequence, answer.product_ids) == (shop.first.id, 1, ["new-1"])
    response = client.post("/search", json={"query": {"text": ITEM["title"]}, "k": 100}).json()
    assert response["sequence"] == 1
    hits = response["result"]["hits"]
    assert len(hits) == len(shop.first.product_ids) + 1
    hit = next(hit for hit in hits if hit["product_id"] == "new-1")
    wanted = {"title": ITEM["title"], "category": "Umbrellas", "price": 12.5, "on_hand": 3.0, "photo": ""}
    assert {name: hit[name] for name in wanted} == wanted
    # Three words that nothing else has: the only hit with a word, and first.
    assert hit == hits[0]
    assert hit["why"]["words"] == ["violet", "paper", "umbrella"]


def test_a_new_product_has_neighbours_and_is_one(client: TestClient, shop: Shop) -> None:
    twin = {**shop.items[4], "photos": [base64.b64encode(shop.photos[4]).decode()]}
    put(client, {**twin, "product_id": "twin"})
    near = client.post("/similar", json={"product_id": "twin", "k": 3}).json()
    result = SimilarAnswer.model_validate(near).result
    assert result is not None
    assert result.product_id == "twin"
    assert "twin" not in [hit.product_id for hit in result.hits]
    original = client.post("/similar", json={"product_id": shop.items[4]["product_id"], "k": 100}).json()
    assert "twin" in [hit["product_id"] for hit in original["result"]["hits"]]


def test_price_and_stock_change_at_once_and_nothing_else(client: TestClient) -> None:
    before = found(client, "shoe")["P003"]
    answer = written(client.post("/products/change", json={"change": {"product_id": "P003", "price": 1.25}}))
    assert found(client, "shoe")["P003"] == {**before, "price": 1.25}
    changes = [{"product_id": "P003", "on_hand": 0}, {"product_id": "P004", "price": 2, "on_hand": 7}]
    later = written(client.post("/products/change", json={"changes": changes}))
    assert later.sequence == answer.sequence + 2
    after = found(client, "shoe")
    assert after["P003"] == {**before, "price": 1.25, "on_hand": 0.0}
    assert (after["P004"]["price"], after["P004"]["on_hand"]) == (2.0, 7.0)


def test_a_deleted_product_is_gone_from_every_answer(client: TestClient, shop: Shop) -> None:
    put(client, ITEM)
    written(client.post("/products/delete", json={"product_ids": ["P002", "new-1"]}))
    hits = found(client, "shoe")
    assert len(hits) == len(shop.first.product_ids) - 1
    assert not {"P002", "new-1"} & hits.keys()
    for path, body in (
        ("/similar", {"product_id": "P002"}),
        ("/products/delete", {"product_id": "P002"}),
        ("/products/change", {"change": {"product_id": "new-1", "price": 3}}),
    ):
        error = error_of(client.post(path, json=body), 404)
        assert error["field"].endswith("product_id")
    put(client, {**ITEM, "product_id": "P002"})
    assert found(client, "shoe")["P002"]["title"] == ITEM["title"]


def test_replacing_a_product_of_the_release_replaces_all_of_it(client: TestClient) -> None:
    before = found(client, ITEM["title"])["P005"]
    put(client, {**ITEM, "product_id": "P005"})
    after = found(client, ITEM["title"])
    assert after["P005"]["score"] > before["score"]
    assert (after["P005"]["title"], after["P005"]["currency"]) == (ITEM["title"], "")
    assert len(after) == 60


def test_a_photo_comes_in_a_form(client: TestClient, shop: Shop) -> None:
    fields = {"product_id": "form", "title": "Photo shoe", "price": "30", "on_hand": "4"}
    response = client.post("/products/put", data=fields, files={"photo": ("a.jpg", shop.photo)})
    assert written(response).product_ids == ["form"]
    assert found(client, "shoe")["form"]["on_hand"] == 4.0


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("put", {"item": {"title": "no id"}}, 422, "item.product_id"),
        ("put", {"item": {"product_id": "x"}}, 422, "item"),
        ("put", {"item": {**ITEM, "on_hand": -1}}, 422, "item.on_hand"),
        ("put", {"item": {**ITEM, "updated_at": "2026-05-01T10:00:00"}}, 422, "item.updated_at"),
        ("put", {"item": {**ITEM, "photos": ["bm90IGEgcGhvdG8="]}}, 422, "item.photo.format"),
        ("put", {"items": [{**ITEM, "product_id": f"x{n}"} for n in range(9)]}, 413, "items"),
        ("change", {"change": {"product_id": "P001"}}, 422, "change"),
        ("change", {"change": {"product_id": "P001", "price": "cheap"}}, 422, "change.price"),
        ("change", {"change": {"product_id": "P001", "title": "x"}}, 422, "change.title"),
        ("change", {"changes": [{"product_id": "nope", "price": 1}]}, 404, "changes[0].product_id"),
        ("delete", {"product_id": ""}, 422, "product_id"),
        ("delete", {"product_ids": []}, 422, "product_ids"),
        ("delete", {"product_ids": ["P001", "nope"]}, 404, "product_ids[1]"),
        ("delete", [], 422, "body"),
    ],
)
def test_bad_writes_are_refused_and_change_nothing(
    client: TestClient, path: str, body: object, status: int, field: str
) -> None:
    before = found(client, "shoe")
    error = error_of(client.post(f"/products/{path}", json=body), status)
    assert error["field"].startswith(field)
    assert found(client, "shoe") == before
    assert client.post("/search", json={"query": {"text": "a"}}).json()["sequence"] == 0


def test_only_post_writes(client: TestClient) -> None:
    assert client.get("/products/put").status_code == 405


def test_a_full_log_says_to_refresh(shop: Shop, tmp_path: Path) -> None:
    app = opened(shop, workspace_of(shop, tmp_path), settings(delta_products=2))
    client = client_of(app)
    put(client, ITEM, {**ITEM, "product_id": "new-2"})
    error = error_of(client.post("/products/put", json={"item": {**ITEM, "product_id": "new-3"}}), 409)
    assert "run refresh" in error["remedy"]
    assert "new-3" not in found(client, "umbrella")
    app.close()


def test_without_a_workspace_writes_are_refused(shop: Shop) -> None:
    app = Application(ServiceConfig(settings(), baked_release=shop.first.folder))
    assert app.engine.refresh()
    client = client_of(app)
    error = error_of(client.post("/products/put", json={"item": ITEM}), 409)
    assert "SHELFSPACE_RELEASES" in error["remedy"]
    assert len(found(client, "shoe")) == 60
    app.close()


def test_a_restart_and_a_second_process_know_of_every_write(
    application: Application, client: TestClient, shop: Shop
) -> None:
    put(client, ITEM)
    written(client.post("/products/delete", json={"product_id": "P001"}))
    second = opened(shop, application.config.releases, settings())
    other = client_of(second)
    assert found(other, "umbrella") == found(client, "umbrella")
    written(other.post("/products/change", json={"change": {"product_id": "new-1", "price": 9}}))
    assert found(client, "umbrella")["new-1"]["price"] == 9.0
    second.close()


def test_changes_go_over_to_the_next_release_and_back(
    application: Application, client: TestClient, shop: Shop
) -> None:
    root = application.config.releases
    put(client, ITEM)
    written(client.post("/products/delete", json={"product_id": "P001"}))
    written(client.post("/products/change", json={"change": {"product_id": "P002", "price": 5}}))
    last = written(client.post("/products/change", json={"change": {"product_id": "P055", "price": 6}}))
    promote(root, shop.second.id)
    assert application.engine.refresh()
    after = client.post("/search", json={"query": {"text": "shoe"}, "k": 100}).json()
    assert (after["release"], after["sequence"]) == (shop.second.id, last.sequence)
    hits = {hit["product_id"]: hit for hit in after["result"]["hits"]}
    # The second release holds ten products fewer, and the changed one among those is not revived.
    assert len(hits) == len(shop.second.product_ids)
    assert hits["P002"]["price"] == 5.0
    assert "new-1" in hits
    assert not {"P001", "P055"} & hits.keys()
    put(client, {**ITEM, "product_id": "new-2"})
    promote(root, shop.first.id)
    assert application.engine.refresh()
    back = found(client, "shoe")
    assert {"new-1", "new-2", "P055"} <= back.keys()
    assert (back["P055"]["price"], back["P002"]["price"]) == (6.0, 5.0)
    assert "P001" not in back


def test_a_write_that_meets_a_swap_lands_on_the_new_release(
    application: Application, client: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, first = application.engine, application.engine.loaded
    real = engine.write

    def swapped_first(loaded: object, records: list) -> int | None:
        if engine.loaded is first:
            promote(application.config.releases, shop.second.id)
            assert engine.refresh()
        return real(loaded, records)

    monkeypatch.setattr(engine, "write", swapped_first)
    assert put(client, ITEM).release == shop.second.id
    assert "new-1" in found(client, "umbrella")


def test_writers_and_readers_at_once_see_whole_states(application: Application, client: TestClient) -> None:
    problems: list[str] = []
    done = threading.Event()

    def read() -> None:
        sequence = 0
        while not done.is_set():
            answer = client.post("/search", json={"query": {"text": "umbrella"}, "k": 100}).json()
            names = {hit["product_id"] for hit in answer["result"]["hits"]}
            if len({"a", "b"} & names) == 1:
                problems.append(f"half a write in {answer['sequence']}")
            if answer["sequence"] < sequence:
                problems.append("the sequence went back")
            sequence = answer["sequence"]

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(15):
        put(client, {**ITEM, "product_id": "a"}, {**ITEM, "product_id": "b"})
        written(client.post("/products/delete", json={"product_ids": ["a", "b"]}))
    done.set()
    reader.join()
    assert not problems


def test_a_damaged_log_is_not_served_over(application: Application, client: TestClient, shop: Shop) -> None:
    put(client, ITEM)
    put(client, {**ITEM, "product_id": "new-2"})
    application.close()
    path = application.config.releases / "delta" / f"{shop.first.id}.log"
    data = bytearray(path.read_bytes())
    data[data.index(b"new-2")] ^= 0xFF
    path.write_bytes(data)
    again = Application(replace(application.config))
    assert not again.engine.refresh()
    assert f"the log {path} cannot be read" in again.engine.problem
    again.close()
