"""Of two statements about a product the later counts, whichever comes first; and what a put's price is in."""

from datetime import UTC, datetime, timedelta

from starlette.testclient import TestClient

from bentos.application import Application
from bentos.endpoints.writing import WriteAnswer
from releases import promote
from tests.bentos.endpoints.test_changes import (
    ITEM,
    application,
    client,
    found,
    opened,
    put,
    written,
)
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.shop import Shop

__all__ = ["application", "client"]

LONG_AGO = "2020-01-01T00:00:00Z"


def change(client: TestClient, product: str, time: str | None = None, **facts: float) -> WriteAnswer:
    body = {"product_id": product, **facts, "updated_at": time}
    return written(client.post("/products/change", json={"change": body}))


def delete(client: TestClient, product: str, time: str | None = None) -> WriteAnswer:
    return written(client.post("/products/delete", json={"product_id": product, "updated_at": time}))


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def test_an_older_price_that_comes_late_is_answered_and_passed_over(
    application: Application, client: TestClient, shop: Shop
) -> None:
    first = change(client, "P003", price=71)
    assert (first.applied, first.passed_over) == (True, [])
    late = change(client, "P003", LONG_AGO, price=5)
    assert (late.applied, late.sequence) == (False, first.sequence)
    assert [(one.product_id, one.fields) for one in late.passed_over] == [("P003", [])]
    assert "older than what is known" in late.passed_over[0].reason
    assert found(client, "shoe")["P003"]["price"] == 71
    again = client_of(opened(shop, application.config.releases, settings()))
    assert found(again, "shoe")["P003"]["price"] == 71
    assert not change(again, "P003", LONG_AGO, price=5).applied


def test_each_field_has_its_own_time(client: TestClient) -> None:
    change(client, "P003", ago(hours=1), price=71)
    both = change(client, "P003", ago(hours=2), price=5, on_hand=9)
    assert [one.fields for one in both.passed_over] == [["price"]]
    hit = found(client, "shoe")["P003"]
    assert (hit["price"], hit["on_hand"]) == (71, 9)


def test_a_put_that_comes_late_keeps_the_newer_price(
    application: Application, client: TestClient, shop: Shop
) -> None:
    put(client, {**ITEM, "updated_at": ago(hours=5)})
    change(client, "new-1", ago(hours=1), price=3)
    late = put(client, {**ITEM, "title": "violet silk umbrella", "on_hand": 4, "updated_at": ago(hours=2)})
    assert [one.fields for one in late.passed_over] == [["price"]]
    for one in (client, client_of(opened(shop, application.config.releases, settings()))):
        hit = found(one, "umbrella")["new-1"]
        assert (hit["title"], hit["price"], hit["on_hand"]) == ("violet silk umbrella", 3, 4)
        assert not put(one, {**ITEM, "updated_at": ago(hours=3)}).applied
        assert not change(one, "new-1", ago(minutes=90), price=7).applied
    change(client, "new-1", ago(minutes=30), price=2)
    assert found(client, "umbrella")["new-1"]["price"] == 2


def test_what_was_deleted_stays_deleted_for_older_news(
    application: Application, client: TestClient, shop: Shop
) -> None:
    put(client, ITEM)
    delete(client, "new-1")
    delete(client, "P002")
    stale = [{**ITEM, "product_id": product, "updated_at": LONG_AGO} for product in ("new-1", "P002")]
    assert not put(client, *stale).applied
    promote(application.config.releases, shop.second.id)
    assert application.engine.refresh()
    assert not put(client, *stale).applied
    assert not {"new-1", "P002"} & found(client, "shoe").keys()
    assert put(client, {**ITEM, "updated_at": ago(seconds=-5)}).applied
    assert "new-1" in found(client, "umbrella")


def test_an_older_delete_does_not_take_newer_news_away(client: TestClient) -> None:
    put(client, ITEM)
    change(client, "P003", price=71)
    for product in ("new-1", "P003"):
        assert not delete(client, product, LONG_AGO).applied
    assert found(client, "umbrella")["new-1"]
    assert found(client, "shoe")["P003"]["price"] == 71
    assert delete(client, "P003", ago(seconds=-5)).applied
    assert "P003" not in found(client, "shoe")


def test_of_equal_times_the_last_counts_and_without_a_time_it_is_now(client: TestClient) -> None:
    time = ago(minutes=5)
    change(client, "P003", time, price=1)
    assert change(client, "P003", time, price=2).applied
    ahead = ago(hours=-3)  # the shop's clock is ahead of this one
    assert change(client, "P003", ahead, price=3).applied
    assert change(client, "P003", price=4).applied
    assert found(client, "shoe")["P003"]["price"] == 4
    assert not change(client, "P003", ago(hours=-2), price=5).applied


REFUSED_TIMES = [
    (ago(days=-2), "a time that has come"),
    ("2126-01-01T00:00:00Z", "leave it out for now"),
    ("yesterday", "such as 2026-05-01T10:00:00Z"),
    ("", "such as 2026-05-01T10:00:00Z"),
    (20260501, "such as 2026-05-01T10:00:00Z"),
    ("20260501", "such as 2026-05-01T10:00:00Z"),
    ("2026-13-41T10:00:00Z", "datetime"),
    ("2026-05-01 10:00", "timezone"),
]


def test_a_time_that_cannot_be_is_refused(client: TestClient) -> None:
    for time, remedy in REFUSED_TIMES:
        for path, body, field in (
            ("put", {"item": {**ITEM, "updated_at": time}}, "item.updated_at"),
            (
                "change",
                {"change": {"product_id": "P003", "price": 1, "updated_at": time}},
                "change.updated_at",
            ),
            ("delete", {"product_id": "P003", "updated_at": time}, "updated_at"),
        ):
            error = error_of(client.post(f"/products/{path}", json=body), 422)
            assert error["field"] == field
            assert remedy in error["remedy"]
    assert "P003" in found(client, "shoe")
    assert "new-1" not in found(client, "umbrella")


def test_a_put_names_the_catalogues_currency_by_code_or_sign(client: TestClient) -> None:
    for said in ("EUR", "eur", " € ", "euro"):
        put(client, {**ITEM, "currency": said})
        assert found(client, "umbrella")["new-1"]["currency"] == "EUR"


def test_another_currency_and_no_price_are_refused(client: TestClient) -> None:
    for field, values in (("currency", ("USD", "$", "thalers")), ("price", (0, -3, 1e13))):
        for value in values:
            error = error_of(client.post("/products/put", json={"item": {**ITEM, field: value}}), 422)
            assert error["field"] == f"item.{field}"
    error = error_of(
        client.post("/products/change", json={"change": {"product_id": "P003", "price": 0}}), 422
    )
    assert error["field"] == "change.price"
    assert "new-1" not in found(client, "umbrella")
