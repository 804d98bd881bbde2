"""/recommend over a real release: what may be shown, in which order, and why."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from insights.recommendation.serve import Recommender
from retrieval.catalogue.variants import ALONE
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.rules import Boost, Rule, Rules
from tests.bentos.house import House, error_of
from tests.bentos.market import Market
from tests.bentos.shop import Shop

TO_COME = (datetime.now(UTC) + timedelta(days=3)).isoformat()


def house_of(market: Market, folder: Path, state: Path | None = None, keyed: bool = False) -> House:
    """A service over the market; its key of shopper ids lies in `state`."""
    place = SimpleNamespace(root=market.root, state=state or market.root / "state")
    return House(cast(Shop, SimpleNamespace(workspace=place)), folder, keyed=keyed)


@pytest.fixture
def house(market: Market, tmp_path: Path) -> Iterator[House]:
    made = house_of(market, tmp_path)
    yield made
    made.application.close()


def told(house: House, basis: dict, **more: object) -> dict:
    answer = house.client().post("/recommend", json={"basis": basis, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def ids(found: dict) -> list[str]:
    return [hit["product_id"] for hit in found["hits"]]


def rule(house: House, **said: Any) -> None:
    house.application.backend.rules_file.content = Rules((Rule(why="a test", **said),))


def test_a_cart_is_answered_by_what_was_bought_with_it_and_says_so(house: House) -> None:
    found = told(house, {"cart": ["P001"]}, k=5)
    # P002 stands in three baskets with P001, P004 in two; both are known to be in stock.
    assert ids(found)[:2] == ["P002", "P004"]
    first = found["hits"][0]["reason"]
    title = house.application.engine.require().release.products["title"][1]
    assert (first["kind"], first["product_id"], first["title"]) == ("together", "P001", title)
    assert first["text"] == f"bought together with {title}"
    assert "P001" not in ids(found)
    assert found["hits"][0]["score"] >= found["hits"][1]["score"] > found["hits"][2]["score"]


def test_a_product_without_any_event_is_reached_by_its_vector(house: House) -> None:
    found = told(house, {"product_id": "P030"}, k=60)
    kinds = {hit["reason"]["kind"] for hit in found["hits"]}
    assert kinds <= {"beside", "like"}
    assert any(
        hit["reason"]["product_id"] == "P030" for hit in found["hits"] if hit["reason"]["kind"] == "like"
    )
    alone = told(house, {"product_id": "P030"}, k=60, goes_with=True)
    assert {hit["reason"]["kind"] for hit in alone["hits"]} <= {"beside"}


def test_what_cannot_be_bought_or_may_not_be_shown_is_left_out(house: House, market: Market) -> None:
    gone = set(market.products.loc[market.products["on_hand"] == 0, "product_id"])
    assert gone
    assert not gone & set(ids(told(house, {}, k=60)))
    rule(house, ban=("P002",))
    assert "P002" not in ids(told(house, {"cart": ["P001"]}, k=60))


def test_rules_boost_and_pin(house: House) -> None:
    rule(house, boost=Boost(factor=50, products=("P004",)))
    assert ids(told(house, {"cart": ["P001"]}, k=3))[0] == "P004"
    category = house.application.engine.require().catalogue().hit(7)["category"]
    rule(house, category=category, pin=("P007",))
    first = told(house, {"cart": ["P001"]}, k=3, category=[category])["hits"][0]
    assert (first["product_id"], first["pinned"], first["reason"]["kind"]) == ("P007", True, "chosen")


def test_somebody_new_sees_what_is_popular_and_no_category_fills_the_list(house: House) -> None:
    found = told(house, {}, k=8)
    assert found["by"] == "popularity"
    assert ids(found)[0] == "P001"
    assert found["hits"][0]["reason"] == {
        "kind": "popular", "text": "bought by 3 shoppers in the last 28 days", "product_id": "", "title": "",
        "number": 3,
    }  # fmt: skip
    categories = [hit["category"] for hit in found["hits"]]
    assert max(categories.count(one) for one in categories) <= 2


def test_only_the_category_asked_for_is_shown(house: House) -> None:
    found = told(house, {"cart": ["P001"]}, k=10, category=["Bags"])
    assert found["hits"]
    assert all(hit["category"].startswith("Bags") for hit in found["hits"])


def test_variants_are_one_and_none_of_what_is_in_the_cart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = np.full(60, ALONE)
    groups[[1, 6, 11]], groups[[2, 4]] = 1, 2
    monkeypatch.setattr(CatalogueView, "variants", property(lambda _: groups))
    found = ids(told(house, {"cart": ["P001"]}, k=60))
    assert found[0] == "P002"
    assert not {"P001", "P004", "P006", "P011"} & set(found)


def test_a_shopper_is_known_by_the_pseudonym(house: House) -> None:
    found = told(house, {"shopper": "u0"}, k=3)
    assert found["note"].startswith("not enough evidence: 3 shoppers bought something, 30 are needed")
    answer = house.client().post("/recommend", json={"basis": {"shopper": "nobody"}})
    error = error_of(answer, 404)
    assert error["field"] == "basis.shopper"
    assert "give `events`" in error["remedy"]
    assert "nobody" not in answer.text


def test_a_shopper_needs_the_key_of_ids_and_the_scope(market: Market, tmp_path: Path) -> None:
    house = house_of(market, tmp_path, keyed=True)
    asked = {"basis": {"shopper": "u0"}}
    try:
        assert error_of(house.client("read").post("/recommend", json=asked), 403)["value"] == "'shopper'"
        assert house.client("read").post("/recommend", json={"basis": {}}).status_code == 200
    finally:
        house.application.close()
    house = house_of(market, tmp_path / "other", state=tmp_path / "other")
    try:
        error = error_of(house.client().post("/recommend", json=asked), 400)
        assert error["field"] == "basis.shopper"
        assert "service.user_key_file" in error["remedy"]
    finally:
        house.application.close()


def test_events_are_taken_in_the_request(house: House) -> None:
    bought = [
        {"product_id": "P001", "time": "2025-12-01T10:00:00Z"},
        {"product_id": "P001", "time": "2025-11-01T10:00:00Z"},
    ]
    found = told(house, {"events": bought}, k=60)
    again = next(hit for hit in found["hits"] if hit["product_id"] == "P001")
    assert again["reason"]["text"] == "you buy this about every 30 days"
    seen = told(house, {"events": [{"product_id": "P001", "kind": "view"}]}, k=3)
    assert ids(seen)[:2] == ["P002", "P004"]
    assert seen["note"].startswith("not enough evidence: none of the events is a purchase")


def test_only_what_is_new_is_shown_where_that_is_asked_for(house: House) -> None:
    bought = [{"product_id": "P001", "time": "2025-12-01T10:00:00Z"}]
    found = told(house, {"events": bought}, k=60, new=True)
    assert "P001" not in ids(found)  # five orders held it
    assert {hit["reason"]["kind"] for hit in found["hits"]} <= {"like", "new"}
    assert found["by"] == "popularity"


def test_ten_thousand_events_are_answered_in_time(house: House) -> None:
    events = [{"product_id": f"P{n % 50:03}", "order_id": str(n // 5)} for n in range(10_000)]
    begin = time.process_time()
    assert len(told(house, {"events": events}, k=10)["hits"]) == 10
    assert time.process_time() - begin < 3
    answer = house.client().post("/recommend", json={"basis": {"events": [*events, events[0]]}})
    assert error_of(answer, 422)["field"] == "basis.events"


@pytest.mark.parametrize(
    ("basis", "status", "field"),
    [
        ({"cart": ["P001", "X1"]}, 404, "basis.cart"),
        ({"product_id": "X1"}, 404, "basis.product_id"),
        ({"events": [{"product_id": "X1"}]}, 404, "basis.events[0].product_id"),
        ({"cart": ["P001"], "product_id": "P002"}, 422, "basis"),
        ({"events": [{"product_id": "P001", "time": TO_COME}]}, 422, "basis.events[0].time"),
        ({"events": [{"product_id": "P001", "time": "1971-01-01T00:00:00Z"}]}, 422, "basis.events[0].time"),
        ({"cart": ["P001"] * 101}, 422, "basis.cart"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(house: House, basis: dict, status: int, field: str) -> None:
    assert error_of(house.client().post("/recommend", json={"basis": basis}), status)["field"] == field


def test_a_release_without_recommendations_goes_by_vectors_and_says_so(shop: Shop, tmp_path: Path) -> None:
    house = House(shop, tmp_path)
    try:
        nobody = told(house, {}, k=3)
        assert "not enough evidence: no purchases are known to this release" in nobody["note"]
        assert {hit["reason"]["number"] for hit in nobody["hits"]} == {0}
        product = told(house, {"product_id": "P001"}, k=3)
        assert {hit["reason"]["kind"] for hit in product["hits"]} == {"like"}
        assert told(house, {"product_id": "P001"}, k=3, goes_with=True)["hits"] == []
    finally:
        house.application.close()


def test_an_answer_takes_little_time(house: House) -> None:
    loaded = house.application.engine.require()
    recommender: Recommender = loaded.application("recommendation")
    (row,) = [loaded.release.rows["P001"]]
    vectors = np.asarray(loaded.vectors[[row]])
    begin = time.process_time()
    for _ in range(20):
        recommender.for_products(["P001"], vectors, False)
    assert (time.process_time() - begin) / 20 < 0.025


def test_a_search_without_a_history_is_as_it_was(house: House) -> None:
    asked = {"query": {"text": "lamp"}, "k": 8}
    plain = house.client().post("/search", json=asked).json()
    unknown = {**asked, "shopper": "nobody"}
    assert house.client().post("/search", json=unknown).json() == plain
    strange = {**asked, "events": [{"product_id": "P030"}]}
    assert house.client().post("/search", json=strange).json() == plain  # nobody else bought it


def test_a_history_changes_places_among_hits_that_say_as_much(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"query": {"text": "lamp"}, "k": 4}
    plain = house.client().post("/search", json=asked).json()["result"]
    favourite = ids(plain)[2]
    recommender = house.application.engine.require().application("recommendation")
    leaning = np.zeros(60)
    leaning[recommender.rows[favourite]] = 1
    monkeypatch.setattr(Recommender, "leaning", lambda *_: leaning)
    asked["shopper"] = "u0"
    monkeypatch.setattr("bentos.serving.leaning.LEANING", 100)
    found = house.client().post("/search", json=asked).json()["result"]
    assert ids(found)[0] == favourite
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert found["total"] == plain["total"]
    second = house.client().post("/search", json={**asked, "k": 2, "page": 2}).json()["result"]
    assert ids(second) == ids(found)[2:4]


def test_the_whole_name_of_a_product_finds_it_whoever_asks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = house.application.engine.require().release.products["title"][20]
    monkeypatch.setattr(Recommender, "leaning", lambda *_: np.where(np.arange(60) == 20, 0.0, 1.0))
    monkeypatch.setattr("bentos.serving.leaning.LEANING", 100)
    answer = house.client().post("/search", json={"query": {"text": title}, "shopper": "u0", "k": 3})
    assert ids(answer.json()["result"])[0] == "P020"


def test_a_search_by_a_shopper_needs_the_scope(market: Market, tmp_path: Path) -> None:
    house = house_of(market, tmp_path, keyed=True)
    try:
        answer = house.client("read").post("/search", json={"query": {"text": "lamp"}, "shopper": "u0"})
        assert error_of(answer, 403)["value"] == "'shopper'"
    finally:
        house.application.close()
