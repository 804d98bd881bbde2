"""Prices and stock in the words of a query, as /search answers them and says so."""

import base64
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from releases.opened import open_release
from tests.bentos.endpoints.test_search import asked
from tests.bentos.http.test_fast_path import client_of, settings
from tests.bentos.market import Market
from tests.bentos.shop import Shop


@pytest.fixture(scope="module")
def client(market: Market) -> Iterator[TestClient]:
    app = Application(ServiceConfig(settings(), releases=market.root))
    assert app.engine.refresh()
    yield client_of(app)
    app.close()


def whole(client: TestClient, text: str, **more: object) -> dict:
    return asked(client, query={"text": text, **more}, k=100)


def test_a_price_in_the_words_is_obeyed_and_said(client: TestClient) -> None:
    found = whole(client, "red shoe under 30")
    plain = asked(client, query={"text": "red shoe"}, k=100, filters={"price_to": 30})
    assert found["hits"] == plain["hits"]
    assert found["total"] == plain["total"] > 0
    assert all(hit["price"] <= 30 for hit in found["hits"])
    assert not any("30" in hit["why"]["words"] for hit in found["hits"])
    (said,) = found["understood"]
    assert (said["kind"], said["text"], said["filters"]) == ("price", "under 30", {"price_to": 30})
    assert plain["understood"] == []


def test_the_same_again_and_beside_others(client: TestClient) -> None:
    one = whole(client, "red shoe under 30")
    for _ in range(2):
        assert whole(client, "red shoe under 30") == one
    both = client.post(
        "/search",
        json={"queries": [{"text": "red shoe under 30"}, {"text": "lamp"}, {"text": "under 30"}], "k": 100},
    ).json()["results"]
    for beside, alone in zip(both, (one, whole(client, "lamp"), whole(client, "under 30")), strict=True):
        # Queries encoded together differ from one alone in the last digits of floats.
        scores = [[hit.pop("score") for hit in answer["hits"]] for answer in (beside, alone)]
        assert scores[0] == pytest.approx(scores[1], abs=2e-6)
        assert beside == alone


def test_taken_back_or_taken_literally(client: TestClient) -> None:
    ignored = whole(client, "red shoe under 30", ignore=["under 30"])
    assert ignored == whole(client, "red shoe")
    literal = whole(client, "red shoe under 30", literal=True)
    assert literal["understood"] == []
    assert max(hit["price"] or 0 for hit in literal["hits"]) > 30
    # What was read literally is not what the next shopper gets.
    assert whole(client, "red shoe under 30")["understood"]


def test_words_that_are_all_understood_browse(client: TestClient, market: Market) -> None:
    found = whole(client, "20-30")
    prices = {row.product_id: row.price for row in market.products.itertuples()}
    wanted = [product for product, price in prices.items() if 20 <= price <= 30]
    assert sorted(hit["product_id"] for hit in found["hits"]) == wanted
    assert found["understood"][0]["filters"] == {"price_from": 20, "price_to": 30}
    by_price = asked(client, query={"text": "in stock"}, sort="price_up", facets=True)
    assert by_price["total"] == int((market.products["on_hand"] > 0).sum())


def test_cheap_is_the_lowest_third_of_what_is_found(client: TestClient) -> None:
    every = asked(client, query={"text": "shoe"}, sort="price_up", k=100)["hits"]
    prices = [hit["price"] for hit in every if hit["price"] is not None]
    found = asked(client, query={"text": "cheap shoe"}, sort="price_up", k=100, facets=True)
    assert [hit["price"] for hit in found["hits"]] == prices[: math.ceil(len(prices) / 3)]
    (said,) = found["understood"]
    assert said["filters"] == {"price_to": prices[math.ceil(len(prices) / 3) - 1]}
    assert "lowest third" in said["meaning"]
    # Nothing is sorted unsaid: the order is that of relevance.
    ranked = asked(client, query={"text": "cheap shoe"}, k=100)["hits"]
    assert [hit["score"] for hit in ranked] == sorted((hit["score"] for hit in ranked), reverse=True)
    browsed = whole(client, "cheap")
    assert browsed["understood"][0]["filters"] == {"price_to": 30.0}


def test_another_currency_limits_nothing(client: TestClient) -> None:
    found = whole(client, "red shoe under 30 dollars")
    assert found["hits"] == whole(client, "red shoe")["hits"]
    assert [(one["kind"], one["filters"]) for one in found["understood"]] == [("currency", None)]


def test_cheaper_beside_a_product(client: TestClient) -> None:
    found = asked(client, query={"text": "cheaper", "product_id": "P030"}, k=100)
    assert found["hits"]
    assert all(hit["price"] < 40 for hit in found["hits"])
    plain = asked(client, query={"product_id": "P030"}, k=100, filters={"price_to": 39.99})
    assert found["hits"] == plain["hits"]
    red = asked(client, query={"text": "red, cheaper than this", "product_id": "P030"}, k=100)
    assert max(hit["price"] for hit in red["hits"]) < 40
    assert asked(client, query={"text": "cheaper", "product_id": "P001"})["understood"][0]["filters"] is None


def test_a_photo_with_a_price(client: TestClient, shop: Shop) -> None:
    photo = base64.b64encode(shop.photos[2]).decode()
    found = asked(client, query={"text": "under 30", "photo": photo}, k=100)
    plain = asked(client, query={"photo": photo}, k=100, filters={"price_to": 30})
    assert found["hits"] == plain["hits"]
    mixed = asked(client, query={"text": "red under 30", "photo": photo}, k=100)
    assert mixed["hits"] == asked(
        client, query={"text": "red", "photo": photo}, k=100, filters={"price_to": 30}
    )["hits"]  # fmt: skip


def test_a_colour_beside_a_photo_is_one_in_both_languages(client: TestClient, shop: Shop) -> None:
    photo = base64.b64encode(shop.photos[2]).decode()
    red = {}
    for word, other in (("red", "红色"), ("红色", "red")):
        found = asked(client, query={"text": word, "photo": photo}, k=100)
        assert [one["meaning"] for one in found["understood"]] == [f"looking for {other} too"]
        red[word] = {hit["product_id"] for hit in found["hits"] if hit["why"]["words"]}
        shown = {said for hit in found["hits"] for said in hit["why"]["words"]}
        assert shown == {"red", "红色"}
        plain = asked(client, query={"text": word, "photo": photo, "literal": True}, k=100)
        assert plain == asked(client, query={"text": word, "photo": photo, "ignore": [word]}, k=100)
        assert plain["understood"] == whole(client, word)["understood"] == []  # words alone stay as they are
    assert red["red"] == red["红色"]


def test_a_title_is_taken_as_it_is(client: TestClient) -> None:
    put = {"product_id": "N1", "title": "Lamp under 30", "price": 99}
    assert client.post("/products/put", json={"item": put}).status_code == 200
    assert whole(client, "lamp under 30")["hits"][0]["product_id"] == "N1"
    assert whole(client, "lamp under 30")["understood"] == []
    assert whole(client, "desk lamp under 30")["understood"]
    client.post("/products/delete", json={"product_id": "N1"})


def test_typing_errors_are_put_right_beside_prices(client: TestClient) -> None:
    found = whole(client, "lether boot under 40")
    assert found["hits"] == whole(client, "leather boot under 40")["hits"]
    assert [(one["kind"], one["text"]) for one in found["understood"]] == [
        ("price", "under 40"), ("spelling", "lether"),
    ]  # fmt: skip
    again = whole(client, "lether boot under 40", ignore=["lether"])
    assert [one["kind"] for one in again["understood"]] == ["price"]
    assert whole(client, "lether boot", literal=True)["understood"] == []
    assert whole(client, "lether boot")["understood"][0]["meaning"] == "showing leather for lether"


def test_a_notebook_gets_the_same(client: TestClient, market: Market) -> None:
    shop = open_release(market.root)
    for text in ("red shoe under 30", "cheap shoe", "20-30", "lether boot"):
        found = whole(client, text)
        table = shop.search(text, k=100)
        assert table["product_id"].tolist() == [hit["product_id"] for hit in found["hits"]]
        assert table.attrs["understood"] == found["understood"]


def test_a_typing_error_is_put_right_for_words_and_encoder_and_said(client: TestClient) -> None:
    right, typed = whole(client, "red shoe"), whole(client, "rde sheo")
    assert typed["hits"] == whole(client, "rde shoe")["hits"]  # rde is too short to tell
    assert [(one["kind"], one["text"]) for one in typed["understood"]] == [("spelling", "sheo")]
    assert typed["understood"][0]["meaning"] == "showing shoe for sheo"
    assert whole(client, "sheo")["hits"] == whole(client, "shoe")["hits"]
    assert right["understood"] == []
    taken_back = whole(client, "sheo", ignore=["sheo"])
    assert taken_back["understood"] == whole(client, "sheo", literal=True)["understood"] == []
    assert taken_back["hits"] == whole(client, "sheo", literal=True)["hits"] != whole(client, "sheo")["hits"]
    both = whole(client, "red sheo under 30")
    assert both["hits"] == whole(client, "red shoe under 30")["hits"]
    assert [one["kind"] for one in both["understood"]] == ["price", "spelling"]


def test_words_of_the_query_are_marked_in_titles_and_nowhere_else(client: TestClient) -> None:
    found = whole(client, "red sheo")
    marked = 0
    for hit in found["hits"]:
        parts = [hit["title"][start:end].lower() for start, end in hit["marks"]]
        assert set(parts) <= {"red", "shoe", "shoes"}
        marked += bool(parts)
        assert bool(parts) or not {"red", "shoe", "shoes"} & set(hit["title"].lower().split())
    assert marked


def test_synonyms_of_a_file_hold_from_when_it_is_written(market: Market, tmp_path: Path) -> None:
    file = tmp_path / "synonyms.yaml"
    app = Application(ServiceConfig(settings(), releases=market.root, synonyms=file))
    assert app.engine.refresh()
    client = client_of(app)
    before = [whole(client, text) for text in ("shoe", "moccasin")]
    assert not any(one["understood"] for one in before)
    file.write_text("synonyms: [[shoe, moccasin], [lamp, shoe]]\n")
    app.backend.refresh()
    assert client.get("/release").json()["synonyms"] == 3
    typed = whole(client, "red moccasin")
    (said,) = typed["understood"]
    assert (said["kind"], said["meaning"]) == ("synonym", "showing shoe for moccasin")
    assert whole(client, "moccasin")["hits"] == before[0]["hits"]
    both = whole(client, "shoe")
    assert both["understood"][0]["meaning"] == "looking for lamp too"
    assert {"lamp"} in [set(hit["why"]["words"]) for hit in both["hits"]]
    assert whole(client, "shoe", ignore=["shoe"])["hits"] == before[0]["hits"]
    file.write_text("synonyms: [[shoe]]\n")
    app.backend.refresh()
    problem = client.get("/release").json()["problem"]
    assert "synonyms[1]" in problem
    assert "before it stay in force" in problem
    assert whole(client, "red moccasin") == typed
    app.close()
