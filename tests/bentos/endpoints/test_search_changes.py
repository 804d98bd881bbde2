"""Products put, changed and deleted since the release, and changed rules, count in the next answer."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from tests.bentos.endpoints.test_search import asked, ids
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.market import Market
from tests.bentos.shop import Shop

ITEM = {
    "product_id": "new-1",
    "title": "violet paper umbrella",
    "description": "Keeps <b>drizzle</b> off.",
    "brand": "Rainmakers",
    "attributes": {"handle": "bamboo"},
    "category": "Umbrellas > Paper",
    "price": 12.5,
    "currency": "EUR",
    "on_hand": 3,
}


@pytest.fixture
def application(market_workspace: Path) -> Iterator[Application]:
    app = Application(
        ServiceConfig(settings(), releases=market_workspace, rules=market_workspace / "rules.yaml")
    )
    assert app.engine.refresh()
    yield app
    app.close()


@pytest.fixture
def client(application: Application) -> TestClient:
    return client_of(application)


def sent(client: TestClient, path: str, **body: object) -> dict:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("words", ["umbrella", "drizzle", "rainmakers", "bamboo", "paper"])
def test_a_new_product_is_found_by_words_that_only_it_has(client: TestClient, words: str) -> None:
    assert "new-1" not in ids(asked(client, query={"text": words}, k=100))
    sent(client, "/products/put", item=ITEM)
    hits = asked(client, query={"text": words})["hits"]
    assert hits[0]["product_id"] == "new-1"
    assert hits[0]["why"] == {"words": [words], "modality": "text"}
    assert (hits[0]["brand"], hits[0]["category"]) == ("Rainmakers", "Umbrellas > Paper")


def test_a_new_product_is_filtered_counted_sorted_and_shown(client: TestClient, shop: Shop) -> None:
    photo = base64.b64encode(shop.photos[2]).decode()
    sent(client, "/products/put", item={**ITEM, "price": 1.5, "photos": [photo]})
    for filters in ({"category": ["Umbrellas"]}, {"brand": ["rainmakers"]}, {"price_to": 2}):
        for extra in ({}, {"has_photo": True}, {"in_stock": True}, {"language": ["en"]}):
            for body in ({"query": {"text": "lamp"}}, {}):
                assert ids(asked(client, **body, filters={**filters, **extra})) == ["new-1"]
        assert asked(client, filters={**filters, "has_photo": False})["total"] == 0
    assert ids(asked(client, filters={}, sort="price_up"))[0] == "new-1"
    browsed = ids(asked(client, filters={}, k=100))
    # It has a photo and stock, and nobody bought it: behind all of those, before what lacks either.
    assert browsed[browsed.index("new-1") - 1] > browsed[browsed.index("new-1") + 1]
    facets = asked(client, filters={}, facets=True)["facets"]
    assert facets["category"]["Umbrellas"] == facets["brand"]["Rainmakers"] == 1
    page = sent(client, "/products/get", product_id="new-1")["result"]
    assert page["attributes"] == {"handle": "bamboo"}
    assert page["language"] == "en"
    assert page["modalities"] == ["image", "text"]
    assert page["guess"]["labels"]
    assert "new-1" in ids(sent(client, "/similar", product_id="P002", modality="image", k=5)["result"])
    near = sent(client, "/similar", product_id="new-1", modality="image", k=3)["result"]
    assert "P002" in ids(near)  # the same photo


def test_a_category_that_is_named_is_found_though_no_listing_has_every_word(client: TestClient) -> None:
    item = {**ITEM, "title": "violet drizzle roof", "category": "Rain > Umbrellas"}
    sent(client, "/products/put", item=item)
    for words in ("umbrellas zzgrandmother", "zzgrandmother umbrella"):
        found = asked(client, query={"text": words}, k=100, facets=True)
        assert ids(found)[0] == "new-1"
        assert found["facets"]["category"]["Rain > Umbrellas"] == 1
    sent(client, "/products/delete", product_id="new-1")
    assert "new-1" not in ids(asked(client, query={"text": "umbrellas zzgrandmother"}, k=100))


def test_a_replaced_product_answers_to_its_new_words_only(client: TestClient) -> None:
    old = asked(client, query={"text": "P003 台灯"})["hits"][0]
    assert (old["product_id"], old["why"]["words"]) == ("P003", ["台灯"])
    sent(client, "/products/put", item={"product_id": "P003", "title": "绿色雨伞", "price": 3})
    hits = {hit["product_id"]: hit for hit in asked(client, query={"text": "台灯"}, k=100)["hits"]}
    assert hits["P003"]["why"]["words"] == []
    assert asked(client, query={"text": "雨伞"})["hits"][0]["product_id"] == "P003"
    for filters in ({"language": ["zh"]}, {"price_to": 4}):
        assert "P003" in ids(asked(client, filters=filters))
    assert "P003" not in ids(asked(client, filters={"category": ["Bags"]}, k=100))
    said = {**ITEM, "product_id": "P003", "language": "fr"}
    sent(client, "/products/put", item=said)
    assert ids(asked(client, filters={"language": ["fr"]})) == ["P003"]
    assert asked(client, filters={}, k=100)["total"] == 60


def test_names_follow_the_changes(client: TestClient, market: Market) -> None:
    old = market.products["title"][4]
    sent(client, "/products/put", items=[{**ITEM, "product_id": "P004"}, {"product_id": "sku-9", "price": 1}])
    first = asked(client, query={"text": "Violet Paper Umbrella"})["hits"][0]
    assert (first["product_id"], first["score"]) == ("P004", 1.0)
    assert asked(client, query={"text": "SKU-9"})["hits"][0]["product_id"] == "sku-9"
    assert asked(client, query={"text": old})["hits"][0]["product_id"] != "P004"
    sent(client, "/products/delete", product_id="sku-9")
    assert "sku-9" not in ids(asked(client, query={"text": "sku-9"}, k=100))


def test_a_changed_price_or_stock_moves_filters_order_and_facets(client: TestClient) -> None:
    before = asked(client, filters={}, facets=True)["facets"]
    sent(client, "/products/change", changes=[{"product_id": "P001", "price": 0.5, "on_hand": 9},
                                              {"product_id": "P002", "on_hand": 0}])  # fmt: skip
    assert ids(asked(client, filters={}, sort="price_up"))[0] == "P001"
    bags = ids(asked(client, query={"text": "bag"}, sort="price_up"))
    sent(client, "/products/change", change={"product_id": bags[-1], "price": 0.25})
    assert ids(asked(client, query={"text": "bag"}, sort="price_up")) == [bags[-1], *bags[:-1]]
    sent(client, "/products/change", change={"product_id": bags[-1], "price": 60.0})
    assert ids(asked(client, filters={"price_to": 1})) == ["P001"]
    after = asked(client, filters={}, facets=True)["facets"]
    assert after["in_stock"] == before["in_stock"] - 1
    first = after["price"][0]
    assert first["from"] == 0 < before["price"][0]["from"]
    assert first["count"] == asked(client, filters={"price_to": first["to"]})["total"]
    hits = {hit["product_id"]: hit for hit in asked(client, query={"text": "bag"}, k=100)["hits"]}
    assert (hits["P001"]["price"], hits["P001"]["on_hand"], hits["P002"]["on_hand"]) == (0.5, 9.0, 0.0)
    assert "P002" not in ids(asked(client, query={"text": "bag"}, filters={"in_stock": True}, k=100))
    assert sent(client, "/products/get", product_id="P001")["result"]["price"] == 0.5


def test_a_deleted_product_is_nowhere(client: TestClient) -> None:
    sent(client, "/products/put", item=ITEM)
    sent(client, "/products/delete", product_ids=["P001", "new-1"])
    for body in (
        {"query": {"text": "umbrella number 1"}},
        {"filters": {}},
        {"query": {"product_id": "P002"}},
    ):
        assert not {"P001", "new-1"} & set(ids(asked(client, **body, k=100)))
    assert asked(client, filters={})["total"] == 59
    facets = asked(client, filters={}, facets=True)["facets"]
    assert "Umbrellas" not in facets["category"]
    assert sum(facets["language"].values()) == 59
    assert asked(client, query={"text": "umbrella"})["hits"][0]["why"]["words"] == []
    assert error_of(client.post("/products/get", json={"product_id": "P001"}), 404)["value"] == "'P001'"
    together = sent(client, "/products/get", product_id="P004")["result"]["bought_together"]
    assert together == []
    near = sent(client, "/similar", product_id="P002", modality="text", k=100)["result"]
    assert not {"P001", "new-1"} & set(ids(near))
    sent(client, "/products/put", item={**ITEM, "product_id": "P001"})
    assert asked(client, filters={})["total"] == 60
    assert asked(client, query={"text": "umbrella"})["hits"][0]["product_id"] == "P001"


def test_changes_outlive_a_restart(client: TestClient, market_workspace: Path) -> None:
    sent(client, "/products/put", item=ITEM)
    sent(client, "/products/change", change={"product_id": "new-1", "price": 3})
    hits = asked(client, query={"text": "bamboo"}, k=5)["hits"]
    again = Application(ServiceConfig(settings(), releases=market_workspace))
    assert again.engine.refresh()
    assert asked(client_of(again), query={"text": "bamboo"}, k=5)["hits"] == hits
    assert hits[0]["price"] == 3
    again.close()


RULES = """
rules:
  - {why: campaign, query: lamp, pin: [P004, P008]}
  - {why: recalled, ban: [P010]}
  - {why: own brand, category: Shoes, boost: {factor: 50, brand: brand3}}
"""


def test_rules_count_once_their_file_is_there(
    application: Application, client: TestClient, market_workspace: Path
) -> None:
    file = market_workspace / "rules.yaml"
    before = asked(client, query={"text": "a desk lamp"}, k=100)
    assert "P010" in ids(before)
    file.write_text(RULES)
    application.backend.rules_file.refresh()
    after = asked(client, query={"text": "a desk lamp"}, k=100)
    assert ids(after)[:2] == ["P004", "P008"]
    assert [hit["pinned"] for hit in after["hits"][:3]] == [True, True, False]
    assert "P010" not in ids(after)
    assert after["total"] == before["total"] - 1
    second = asked(client, query={"text": "a desk lamp"}, k=1, page=2)
    assert (ids(second), second["hits"][0]["pinned"]) == (["P008"], True)
    # By price the shopper asked for another order: bans hold, pins do not.
    cheap = asked(client, query={"text": "a desk lamp"}, k=100, sort="price_up")
    assert not any(hit["pinned"] for hit in cheap["hits"])
    assert "P010" not in ids(cheap)
    shoes = asked(client, query={"text": "blue"}, filters={"category": ["Shoes"]}, k=5)["hits"]
    assert {hit["brand"] for hit in shoes} == {"brand3"}
    assert max(hit["score"] for hit in shoes) <= 1
    for path, body in (("/search", {"filters": {}, "k": 100}), ("/similar", {"product_id": "P013", "k": 59}),
                       ("/similar", {"product_id": "P013", "k": 59, "modality": "text"})):  # fmt: skip
        assert "P010" not in ids(sent(client, path, **body)["result"])
    browsed = asked(client, filters={}, k=1, facets=True)
    assert browsed["total"] == sum(browsed["facets"]["language"].values()) == 59
    assert client.get("/release").json()["rules"] == {"rules": 3, "unknown_products": []}


def test_a_broken_file_leaves_the_rules_before_it(
    application: Application, client: TestClient, market_workspace: Path
) -> None:
    file = market_workspace / "rules.yaml"
    file.write_text(RULES)
    application.backend.rules_file.refresh()
    file.write_text("rules:\n  - {why: nothing}\n")
    application.backend.rules_file.refresh()
    assert ids(asked(client, query={"text": "lamp"}))[:2] == ["P004", "P008"]
    problem = client.get("/release").json()["problem"]
    assert "rules[1]" in problem
    assert "pin, boost or ban something" in problem
    file.write_text("rules:\n  - {why: other, query: lamp, pin: [gone-1, P006]}\n")
    application.backend.rules_file.refresh()
    assert ids(asked(client, query={"text": "lamp"}))[0] == "P006"
    said = client.get("/release").json()
    assert (said["problem"], said["rules"]["unknown_products"]) == ("", ["gone-1"])
    file.unlink()
    application.backend.rules_file.refresh()
    assert not asked(client, query={"text": "lamp"})["hits"][0]["pinned"]


def test_the_running_service_sees_a_changed_file(market_workspace: Path) -> None:
    from tests.waiting import wait_for

    config = ServiceConfig(
        settings(), releases=market_workspace, rules=market_workspace / "rules.yaml", poll_seconds=0.05
    )
    app = Application(config)
    app.start()
    try:
        wait_for(lambda: app.ready, 60, pause=0.05)
        (market_workspace / "rules.yaml").write_text(RULES)
        wait_for(lambda: len(app.backend.rules.rules) == 3, 10, pause=0.05)
    finally:
        app.close()
