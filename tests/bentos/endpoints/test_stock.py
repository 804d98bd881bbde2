"""/stock over a real release: advice with the stock of now, options, and what is not known."""

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from bentos.endpoints.stock_plan import sheet
from tests.bentos.http.test_fast_path import error_of


def asked(market_client: TestClient, **body: object) -> dict:
    answer = market_client.post("/stock", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_advice_goes_by_the_stock_of_now(market_client: TestClient) -> None:
    before = asked(market_client, product_id="P003")
    assert (before["state"], before["on_hand"], before["order_up_to"]) == ("likely stock-out", 3, 14)
    assert before["order_now"] == 11
    assert before["evidence"] == "own sales"
    assert [week["q50"] for week in before["forecast"]] == [3.0]
    change = market_client.post("/products/change", json={"change": {"product_id": "P003", "on_hand": 40}})
    assert change.status_code == 200, change.text
    after = asked(market_client, product_id="P003")
    assert (after["state"], after["on_hand"], after["order_now"]) == ("enough", 40, 0)


def test_another_service_level_and_lead_time_may_be_asked_for(market_client: TestClient) -> None:
    plain, sure, slow = (
        asked(market_client, product_id="P004", service_level=level, lead_time_days=days)
        for level, days in ((0.8, 7), (0.99, 7), (0.99, 70))
    )
    assert plain["order_up_to"] < sure["order_up_to"] < slow["order_up_to"]
    assert slow["lead_time_days"] == 70
    assert "an order takes 70 days" in slow["reason"]
    assert "(assumed)" not in slow["reason"]


def test_what_is_not_known_is_said(market_client: TestClient) -> None:
    found = asked(market_client, product_id="P020")
    assert (found["state"], found["order_up_to"], found["forecast"]) == ("not enough evidence", None, [])
    assert found["reason"].startswith("sold in 1 of 26 weeks")
    new = {"product_id": "new", "title": "violet umbrella", "on_hand": 3}
    assert market_client.post("/products/put", json={"item": new}).status_code == 200
    found = asked(market_client, product_id="new")
    assert (found["state"], found["reason"]) == (
        "not enough evidence", "it came after this plan; the next release knows it",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"product_id": "P003", "lead_time_days": 0}, "lead_time_days"),
        ({"product_id": "P003", "service_level": 1}, "service_level"),
        ({"product_id": "P003", "service_level": 95}, "service_level"),
    ],
)
def test_impossible_options_are_refused(market_client: TestClient, body: dict, field: str) -> None:
    assert error_of(market_client.post("/stock", json=body), 422)["field"] == field


def test_an_unknown_product_is_refused(market_client: TestClient) -> None:
    assert error_of(market_client.post("/stock", json={"product_id": "nobody"}), 404)["field"] == "product_id"


def test_the_page_orders_what_is_most_pressing_first(market_client: TestClient) -> None:
    answer = market_client.get("/insights/stock-plan")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["until"], page["lacks"]) == ("2026-01-04", None)
    order, overstock, every = page["tables"]
    assert order["rows"][0][1]["en"] == "Sold out"
    assert {row[1]["zh"] for row in order["rows"]} == {"已售罄", "可能缺货"}
    assert (overstock["total"], every["total"]) == (0, 60)
    assert every["rows"][-1][1]["en"] == "Not enough evidence"
    told = market_client.get("/insights/stock-plan/order.csv?language=zh").content.decode("utf-8-sig")
    assert told.splitlines()[0].startswith("商品,标题,状态")
    assert len(told.splitlines()) == 1 + order["total"]


def test_a_page_without_any_evidence_is_one_sentence() -> None:
    told = {
        "product_id": "a",
        "state": "not enough evidence",
        "reason": "r",
        "reason_zh": "r",
        "weekly_demand": 0.0,
    }
    plan = SimpleNamespace(plan=pd.DataFrame(index=["a"]), advise=lambda _: [told], until="")
    nowhere = SimpleNamespace(position_of=lambda _: None)
    loaded: Any = SimpleNamespace(application=lambda _: plan, catalogue=lambda: nowhere, unserved={})
    found = sheet(loaded)
    assert found.lacks is not None
    assert found.lacks.en.startswith("No product sold in two weeks or more")
    assert not found.tables
