"""Requests: what is read, what is refused, and that every refusal names the place."""

import base64

import orjson
import pytest

from bentos.api.limits import Admission, Limits
from bentos.api.parsing import Files, parse_json, read_call
from bentos.endpoints import ENDPOINTS
from bentos.errors import RequestError

LIMITS = Limits(
    body_bytes=10_000,
    items=4,
    results=20,
    concurrency=2,
    text_characters=100,
    photo_bytes=300,
    sound_bytes=300,
    attributes=3,
    media_per_item=2,
)
PHOTO = base64.b64encode(b"not really a photo").decode()


def refused(endpoint: str, body: object, files: Files | None = None) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_call(ENDPOINTS[endpoint], body, LIMITS, files)
    return caught.value


def test_one_item_and_several() -> None:
    one = read_call(ENDPOINTS["embed"], {"item": {"title": "Shoe", "price": 3, "product_id": "p1"}}, LIMITS)
    assert (one.single, one.product_ids, one.items[0].price, one.k) == (True, ("p1",), 3.0, 0)
    many = read_call(ENDPOINTS["classify"], {"items": [{"title": "a"}, {"photos": [PHOTO]}]}, LIMITS)
    assert (many.single, many.product_ids) == (False, ("", ""))
    assert many.items[1].photos == (b"not really a photo",)


def test_null_and_absent_are_the_same() -> None:
    body = {"items": None, "item": {"title": "Shoe", "brand": None, "price": None, "photos": None}}
    assert (
        read_call(ENDPOINTS["embed"], body, LIMITS).items
        == read_call(ENDPOINTS["embed"], {"item": {"title": "Shoe"}}, LIMITS).items
    )


def test_attributes_may_be_numbers() -> None:
    item = {"title": "Shoe", "attributes": {"size": 42, "new": True, "colour": "blue"}}
    attributes = read_call(ENDPOINTS["embed"], {"item": item}, LIMITS).items[0].attributes
    assert attributes == {"size": "42", "new": "True", "colour": "blue"}


def test_base64_with_line_breaks_and_data_urls() -> None:
    wrapped = PHOTO[:10] + "\n" + PHOTO[10:] + "\r\n"
    for value in (wrapped, f"data:image/png;base64,{PHOTO}"):
        call = read_call(ENDPOINTS["search"], {"query": {"photo": value}}, LIMITS)
        assert call.items[0].photos == (b"not really a photo",)
        assert call.k == 10


def test_files_of_a_form_join_the_item() -> None:
    call = read_call(ENDPOINTS["search"], {"query": {}}, LIMITS, Files(photos=(b"x",), sounds=(b"y",)))
    assert (call.items[0].photos, call.items[0].sounds) == ((b"x",), (b"y",))


@pytest.mark.parametrize(
    ("endpoint", "body", "status", "field"),
    [
        ("embed", [], 422, "body"),
        ("embed", "text", 422, "body"),
        ("embed", None, 422, "body"),
        ("embed", {}, 422, "item"),
        ("embed", {"item": {"title": "a"}, "items": [{"title": "a"}]}, 422, "item"),
        ("embed", {"items": []}, 422, "items"),
        ("embed", {"items": [{"title": "a"}] * 5}, 413, "items"),
        ("embed", {"items": {"title": "a"}}, 422, "items"),
        ("embed", {"item": {}}, 422, "item"),
        ("embed", {"items": [{"title": "a"}, {"product_id": "p"}]}, 422, "items[1]"),
        ("embed", {"item": {"titel": "a"}}, 422, "item.titel"),
        ("embed", {"item": {"title": 5}}, 422, "item.title"),
        ("embed", {"item": {"title": "a" * 101}}, 422, "item.title"),
        ("embed", {"item": {"title": "a", "product_id": "p" * 201}}, 422, "item.product_id"),
        ("embed", {"item": {"price": "cheap"}}, 422, "item.price"),
        ("embed", {"item": {"price": True}}, 422, "item.price"),
        ("embed", {"item": {"price": -1}}, 422, "item.price"),
        ("embed", {"item": {"price": float("inf")}}, 422, "item.price"),
        ("embed", {"item": {"price": float("nan")}}, 422, "item.price"),
        ("embed", {"item": {"attributes": {"a": [1]}}}, 422, "item.attributes.a"),
        ("embed", {"item": {"attributes": {"a": "b" * 101}}}, 422, "item.attributes.a"),
        ("embed", {"item": {"attributes": dict.fromkeys("abcd", "x")}}, 422, "attributes"),
        ("embed", {"item": {f"x{n}": 1 for n in range(1000)}}, 422, "fields"),
        ("embed", {"item": {"photos": "abc"}}, 422, "item.photos"),
        ("embed", {"item": {"photos": [PHOTO] * 3}}, 422, "photos"),
        ("embed", {"item": {"photos": ["@@@"]}}, 422, "item.photos[0]"),
        ("embed", {"item": {"photos": [PHOTO, "é"]}}, 422, "item.photos[1]"),
        ("embed", {"item": {"photos": [""]}}, 422, "item.photos[0]"),
        ("embed", {"item": {"photos": [base64.b64encode(b"x" * 301).decode()]}}, 413, "item.photos[0]"),
        ("embed", {"item": {"sounds": ["A" * 9000]}}, 413, "item.sounds[0]"),
        ("embed", {"item": {"photos": ["https://example.org/a.jpg"]}}, 422, "item.photos[0]"),
        ("embed", {"item": {"photos": ["data:image/png,abc"]}}, 422, "item.photos[0]"),
        ("embed", {"item": {"title": "a"}, "k": 3}, 422, "k"),
        ("search", {"query": {"text": "a"}, "k": 21}, 422, "k"),
        ("search", {"query": {"text": "a"}, "k": 0}, 422, "k"),
        ("search", {"query": {"text": "a"}, "k": 10**30}, 422, "k"),
        ("search", {"query": {"text": "a"}, "k": 1.5}, 422, "k"),
        ("search", {"query": {"text": "a"}, "k": True}, 422, "k"),
        ("search", {"query": "shoe"}, 422, "query"),
        ("search", {"queries": ["shoe"]}, 422, "queries[0]"),
        ("search", {"queries": [{"text": "a"}, {}]}, 422, "queries[1]"),
        ("similar", {"product_id": 7}, 422, "product_id"),
        ("similar", {"product_ids": ["a", 7]}, 422, "product_ids[1]"),
        ("similar", {"product_ids": ["a"] * 5}, 413, "product_ids"),
        ("similar", {"product_id": "a", "product_ids": ["a"]}, 422, "product_id"),
    ],
)
def test_refusals_name_field_value_and_remedy(endpoint: str, body: object, status: int, field: str) -> None:
    refusal = refused(endpoint, body)
    assert (refusal.status, refusal.field) == (status, field)
    detail = refusal.body()["error"]
    assert detail["remedy"]
    assert detail["field"] == field
    assert len(detail["value"]) <= 80
    assert len(detail["message"]) < 400
    orjson.dumps(detail)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b'{"item": {"price": NaN}}',
        b'{"a": Infinity}',
        b"\xff\xfe",
        b"[" * 5000,
        b'"\\ud800"',
    ],
)
def test_what_is_no_json_is_400(data: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        parse_json(data)
    assert caught.value.status == 400


def test_admission_counts_requests_and_bytes() -> None:
    admission = Admission(LIMITS)
    with admission.request() as first, admission.request() as second:
        with pytest.raises(RequestError) as caught, admission.request():
            pass
        assert (caught.value.status, caught.value.retry_after) == (429, 1)
        first.hold(40_000)
        first.hold(30_000)  # never shrinks, never counts twice
        assert admission.bytes == 40_000
        with pytest.raises(RequestError) as caught:
            second.hold(50_000)
        assert (caught.value.status, caught.value.retry_after) == (503, 1)
    assert (admission.requests, admission.bytes) == (0, 0)
