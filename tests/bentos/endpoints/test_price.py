"""/price over a real release: products with the price of now, listings, and what is refused or not known."""

import pytest
from starlette.testclient import TestClient

from tests.bentos.http.test_fast_path import error_of
from tests.bentos.market import Market


def asked(market_client: TestClient, **body: object) -> dict:
    answer = market_client.post("/price", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_a_product_is_priced_by_others_and_by_its_own_past(market_client: TestClient) -> None:
    found = asked(market_client, product_id="P003")
    assert found["low"] < found["suggested"] < found["high"]
    assert found["elasticity_of"] == "product"
    assert found["elasticity"] < -1
    assert found["best_for"] == "margin"
    assert 0.85 * found["price"] <= found["best"] <= 1.15 * found["price"]
    assert found["comparables"]
    assert all(one["product_id"] != "P003" and one["title"] for one in found["comparables"])


def test_the_price_of_now_counts(market_client: TestClient) -> None:
    before = asked(market_client, product_id="P003")
    dear = {"product_id": "P003", "price": 10 * before["high"]}
    assert market_client.post("/products/change", json={"change": dear}).status_code == 200
    after = asked(market_client, product_id="P003")
    assert (after["price"], after["place"]) == (dear["price"], "above")
    assert after["suggested"] == before["suggested"]
    assert after["best"] == pytest.approx(0.85 * dear["price"], rel=0.01)


def test_what_is_not_known_is_said(market_client: TestClient) -> None:
    still = asked(market_client, product_id="P004")
    assert still["elasticity_reason"] == "not enough evidence: no price is known of any week"
    free = asked(market_client, product_id="P001")
    assert (free["price"], free["best"], free["place"]) == (None, None, None)
    assert free["best_reason"] == "no price is known that could be changed"
    assert free["suggested"] > 0
    assert (
        market_client.post("/products/put", json={"item": {"product_id": "new", "title": "x"}}).status_code
        == 200
    )
    found = asked(market_client, product_id="new")
    assert (found["suggested"], found["reason"]) == (
        None, "it came after these suggestions; the next release knows it",
    )  # fmt: skip


def test_a_listing_that_is_not_there_yet_is_priced(market_client: TestClient, market: Market) -> None:
    row = market.products.iloc[6]
    listing = {name: row[name] for name in ("title", "description", "brand", "category")}
    found = asked(market_client, listing={**listing, "price": float(row["price"])}, cost=0.5)
    assert found["low"] < found["suggested"] < found["high"]
    assert (found["product_id"], found["currency"]) == ("", "EUR")
    assert found["comparables"][0]["likeness"] > 0.3
    silent = asked(market_client, listing={"title": "zzz qqq"})
    assert silent["suggested"] is None
    assert silent["reason"].startswith("not enough evidence")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"listing": {"title": "Lamp", "price": 5}, "cost": 6}, "cost"),
        ({"product_id": "P003", "cost": 1e6}, "cost"),
        ({"product_id": "P003", "cost": 0}, "cost"),
        ({"listing": {"title": "Lamp", "price": 0}}, "listing.price"),
        ({"listing": {"title": "Lamp", "currency": "USD"}}, "listing.currency"),
        ({"listing": {}}, "listing"),
        ({"listing": {"title": "Lamp"}, "product_id": "P003"}, "listing"),
        ({"cost": 3}, "product_id"),
    ],
)
def test_what_cannot_be_meant_is_refused(market_client: TestClient, body: dict, field: str) -> None:
    assert error_of(market_client.post("/price", json=body), 422)["field"] == field


def test_an_unknown_product_is_refused(market_client: TestClient) -> None:
    assert error_of(market_client.post("/price", json={"product_id": "nobody"}), 404)["field"] == "product_id"
