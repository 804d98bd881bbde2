"""/stock over a real release: advice with the stock of now, options, and what is not known."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints.stock_plan import sheet
from releases import promote
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.market import Market


@pytest.fixture
def client(market: Market, tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / market.release.id).symlink_to(market.release.folder)
    promote(tmp_path, market.release.id)
    app = Application(ServiceConfig(settings(), releases=tmp_path))
    assert app.engine.refresh()
    yield client_of(app)
    app.close()


def asked(client: TestClient, **body: object) -> dict:
    answer = client.post("/stock", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_advice_goes_by_the_stock_of_now(client: TestClient) -> None:
    before = asked(client, product_id="P003")
    assert (before["state"], before["on_hand"], before["order_up_to"]) == ("likely stock-out", 3, 14)
    assert before["order_now"] == 11
    assert before["evidence"] == "own sales"
    assert [week["q50"] for week in before["forecast"]] == [3.0]
    change = client.post("/products/change", json={"change": {"product_id": "P003", "on_hand": 40}})
    assert change.status_code == 200, change.text
    after = asked(client, product_id="P003")
    assert (after["state"], after["on_hand"], after["order_now"]) == ("enough", 40, 0)


def test_another_service_level_and_lead_time_may_be_asked_for(client: TestClient) -> None:
    plain, sure, slow = (
        asked(client, product_id="P004", service_level=level, lead_time_days=days)
        for level, days in ((0.8, 7), (0.99, 7), (0.99, 70))
    )
    assert plain["order_up_to"] < sure["order_up_to"] < slow["order_up_to"]
    assert slow["lead_time_days"] == 70
    assert "an order takes 70 days" in slow["reason"]
    assert "(assumed)" not in slow["reason"]


def test_what_is_not_known_is_said(client: TestClient) -> None:
    found = asked(client, product_id="P020")
    assert (found["state"], found["order_up_to"], found["forecast"]) == ("not enough evidence", None, [])
    assert found["reason"].startswith("sold in 1 of 26 weeks")
    new = {"product_id": "new", "title": "violet umbrella", "on_hand": 3}
    assert client.post("/products/put", json={"item": new}).status_code == 200
    found = asked(client, product_id="new")
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
def test_impossible_options_are_refused(client: TestClient, body: dict, field: str) -> None:
    assert error_of(client.post("/stock", json=body), 422)["field"] == field


def test_an_unknown_product_is_refused(client: TestClient) -> None:
    assert error_of(client.post("/stock", json={"product_id": "nobody"}), 404)["field"] == "product_id"


def test_the_page_orders_what_is_most_pressing_first(client: TestClient) -> None:
    answer = client.get("/insights/stock-plan")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert (page["until"], page["lacks"]) == ("2026-01-04", None)
    order, overstock, every = page["tables"]
    assert order["rows"][0][1]["en"] == "Sold out"
    assert {row[1]["zh"] for row in order["rows"]} == {"已售罄", "可能缺货"}
    assert (overstock["total"], every["total"]) == (0, 60)
    assert every["rows"][-1][1]["en"] == "Not enough evidence"
    told = client.get("/insights/stock-plan/order.csv?language=zh").content.decode("utf-8-sig")
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
