"""Another release answers on the side: the live answers stay as they are, whatever becomes of it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bentos.api.limits import Limits
from bentos.api.parsing import ParsedRequest, read_call
from bentos.endpoints import ENDPOINTS
from bentos.serving.shadow import side
from bentos.serving.shadow.sampling import eligible, kind_of, question, sampled, shown
from releases import promote
from releases.shadow import order_shadow
from releases.shadow.kept import FOLDER, PAGE, read_rows, read_status
from shelfspace.files import write_text
from shelfspace.settings import Settings
from shelfspace.workspace import REQUEST_LOG
from tests.bentos.house import House
from tests.bentos.shop import Shop
from tests.waiting import wait_for

ASKED: list[tuple[str, dict[str, Any]]] = [
    *(("/search", {"query": {"text": f"{colour} shoe"}, "k": 10}) for colour in ("blue", "red", "green")),
    ("/similar", {"product_id": "P003", "k": 10}),
    ("/classify", {"items": [{"title": "leather bag"}, {"title": "desk lamp"}]}),
]


@pytest.fixture
def house(shop: Shop, tmp_path: Path) -> Iterator[House]:
    """The first release live, the second on the side of all requests."""
    promote(shop.workspace.root, shop.first.id)
    house = House(shop, tmp_path, log_every_seconds=0.1)
    order_shadow(shop.workspace, shop.second.id, 1.0, "Kim")
    yield house
    house.application.close()
    (shop.workspace.releases / "shadow.json").unlink(missing_ok=True)


def started(house: House) -> None:
    house.application.shadow.start()
    wait_for(lambda: house.application.shadow.status().state in {"answering", "failed"}, 120, pause=0.05)


def answers(client: TestClient) -> list[Any]:
    return [client.post(path, json=body).json() for path, body in ASKED]


def call(path: str, body: dict[str, Any]) -> ParsedRequest:
    return read_call(ENDPOINTS[path], body, Limits.of(Settings()))


def test_live_answers_are_the_same_and_a_stopped_or_dead_process_harms_none(
    house: House, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, shadow = house.client(), house.application.shadow
    without = answers(client)
    started(house)
    assert answers(client) == without
    photo = {"files": {"photo": ("a.jpg", shop.photo)}, "data": {"k": "5"}}
    assert client.post("/search", **photo).status_code == 200
    # A product that the second release does not hold: a refusal on the side, no failure.
    assert client.post("/similar", json={"product_id": "P055"}).status_code == 200
    assert client.post("/search", json={"filters": {"price_to": 20}}).status_code == 200
    personal = {"query": {"text": "bag"}, "events": [{"product_id": "P003", "time": "2026-05-01T10:00:00Z"}]}
    assert client.post("/search", json=personal).status_code == 200
    wait_for(lambda: shadow.status().counts["answered"] == 6, 60, pause=0.05)
    counts = shadow.status().counts
    assert (counts["sampled"], counts["refused"], counts["failed"], counts["dropped"]) == (7, 1, 0, 0)
    wait_for(lambda: len(read_rows(house.live)) == 7, 60, pause=0.05)
    rows = read_rows(house.live)
    assert {row["kind"] for row in rows} == {"words", "similar", "classify", "photo"}
    assert {(row["live"], row["shadow"]) for row in rows} == {(shop.first.id, shop.second.id)}
    first = next(row for row in rows if row["kind"] == "similar")
    assert [product for product, _ in first["live_answer"]["hits"]] == [
        hit["product_id"] for hit in without[3]["result"]["hits"]
    ]
    held = set(shop.second.product_ids)
    assert all(product in held for row in rows for product, _ in row["shadow_answer"].get("hits", []))
    log = (house.live / FOLDER / REQUEST_LOG).read_bytes()
    assert b"blue shoe" not in log, "words are kept only where service.log_query_text allows"
    assert b"leather bag" not in log

    shown = client.get("/release").json()["shadow"]
    assert (shown["release"], shown["state"]) == (shop.second.id, "answering")

    overview = client.get("/release/overview").json()["shadow"]
    said = {"release": shop.second.id, "share": 1.0, "state": "answering", "problem": "", "answered": 6}
    assert overview == said | {"page": False}
    assert client.get("/insights/shadow.html").status_code == 404
    page = shop.workspace.root / PAGE
    page.write_text("<!doctype html><title>told</title>")
    answer = client.get("/insights/shadow.html")
    page.unlink()
    assert answer.text.endswith("<title>told</title>")
    assert "script-src" not in answer.headers["content-security-policy"], "it runs nothing"

    # It hangs: the queue is short, the rest is dropped and counted, and nobody waits.
    pid = shadow._worker.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    begin = time.perf_counter()
    for number in range(side.WAITING + 20):
        assert client.post("/similar", json={"product_id": f"P{number % 50:03}"}).status_code == 200
    assert time.perf_counter() - begin < 20
    assert shadow.status().counts["dropped"] >= 15

    # It dies: one failure is enough here.
    monkeypatch.setattr(side, "FAILURES", 1)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: shadow.status().state == "failed", 60, pause=0.05)
    assert answers(client) == without
    status = read_status(house.live)
    assert status is not None
    assert "ended with status -9" in status.problem
    assert not (house.live / FOLDER / "side").exists()


def test_a_release_that_cannot_be_loaded_is_said_and_leaves_the_live_one_alone(
    house: House, shop: Shop, tmp_path: Path
) -> None:
    copy = shop.workspace.releases / "000009-deadbeef"
    copy.mkdir()
    try:
        write_text(copy / "release.json", '{"format": 1, "files": {"a": "b"}, "id": "000009-deadbeef"}')
        order_shadow(shop.workspace, copy.name, 1.0, "Kim")
        started(house)
    finally:
        (copy / "release.json").unlink()
        copy.rmdir()
    status = house.application.shadow.status()
    assert status.state == "failed"
    assert "damaged" in status.problem
    assert house.client().post("/search", json={"query": {"text": "shoe"}}).status_code == 200


def test_the_same_questions_are_sampled_whoever_asks_and_whichever_is_live() -> None:
    asked = [call("search", {"query": {"text": f"shoe {n}"}, "k": 5}) for n in range(2000)]
    chosen = [sampled(one, 0.1) for one in asked]
    assert 140 <= sum(chosen) <= 260, "about a tenth"
    assert chosen == [
        sampled(call("search", {"query": {"text": f"shoe {n}"}, "k": 24}), 0.1) for n in range(2000)
    ]
    assert all(sampled(one, 0.5) for one, was in zip(asked, chosen, strict=True) if was)
    assert all(sampled(one, 1.0) for one in asked)
    assert len({question(one, 0) for one in asked}) == 2000
    titles = [call("classify", {"item": {"title": "a", "brand": b}}) for b in ("x", "y")]
    assert question(titles[0], 0) != question(titles[1], 0)


def test_what_is_left_out_and_what_people_read_of_a_question() -> None:
    words, product = call("search", {"query": {"text": "blue shoe"}}), call("similar", {"product_id": "P1"})
    both = call("search", {"query": {"text": "red", "product_id": "P1"}})
    assert [kind_of(one, 0) for one in (words, product, both)] == ["words", "similar", "mixed"]
    assert [shown(one, 0, texts=False) for one in (words, product, both)] == ["", "P1", "P1"]
    assert [shown(one, 0, texts=True) for one in (words, product, both)] == ["blue shoe", "P1", "red, P1"]
    assert eligible(words)
    assert not eligible(call("search", {"filters": {"in_stock": True}}))
    assert not eligible(call("embed", {"item": {"title": "a"}}))
    assert not eligible(call("search", {"query": {"text": "a"}, "shopper": "s1"}))
    assert not eligible(call("classify", {"items": [{"title": str(n)} for n in range(17)]}))
