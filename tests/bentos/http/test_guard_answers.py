"""What the outermost layer adds to answers, headers and their policy, and the access log."""

import json
from pathlib import Path

from bentos.http.guard import route_of
from bentos.http.storefront import read_static
from tests.bentos.house import SEARCH, House, error_of
from tests.bentos.shop import Shop


def test_a_page_that_has_not_changed_keeps_its_policy(opened: House) -> None:
    client = opened.client()
    page = client.get("/")
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304
    assert again.headers.get("content-security-policy") in (None, page.headers["content-security-policy"])


def test_pages_and_data_have_their_headers(opened: House) -> None:
    client = opened.client()
    page = client.get("/").headers
    policy = dict(part.split(" ", 1) for part in page["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
    assert (policy["img-src"], policy["media-src"]) == ("'self' blob: data:", "'self' blob:")
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == (
        "'none'",
        "'none'",
        "'self'",
    )
    assert "microphone=(self)" in page["permissions-policy"]
    for answer in (client.get("/"), client.post("/search", json=SEARCH), client.get("/nothing"),
                   client.post("/search", content=b"{"), client.get("/metrics")):  # fmt: skip
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers.get_list("content-security-policy") != []
        assert len(headers.get_list("x-content-type-options")) == 1
    assert (
        client.post("/search", json=SEARCH)
        .headers["content-security-policy"]
        .startswith("default-src 'none'")
    )
    assert client.get("/own").headers.get_list("content-security-policy") == ["sandbox"]


def test_answers_given_to_a_key_are_not_kept(keyed: House) -> None:
    client = keyed.client("read")
    assert client.post("/search", json=SEARCH).headers["cache-control"] == "no-store"
    assert client.get("/kept").headers["cache-control"] == "private, max-age=9"
    script = next(path for path in read_static()[1] if path.count("/") == 3)
    assert client.get(script).headers["cache-control"].startswith("public")


def test_unknown_paths_are_404_in_the_usual_body(opened: House) -> None:
    assert error_of(opened.client().get("/nothing"), 404)["value"] == "'/nothing'"


def test_the_access_log_says_what_happened_and_not_to_whom(shop: Shop, tmp_path: Path) -> None:
    house = House(shop, tmp_path, keyed=True)
    client = house.client("read")
    body = json.dumps({"query": {"text": "secretword"}}).encode()
    first = client.post("/search", content=body, headers={"x-request-id": "order-17.a"})
    assert first.headers["x-request-id"] == "order-17.a"
    for bad in ("", "a" * 65, "a b", "é".encode().decode("latin-1"), 'a"b'):
        got = client.get("/media/secretphoto", headers={"x-request-id": bad.encode("latin-1")})
        assert len(got.headers["x-request-id"]) == 32
    house.client().get("/product/secretproduct")
    house.client().get("/release")
    lines = house.lines()
    house.application.close()
    text = json.dumps(lines)
    for secret in ("secret", house.tokens["read"], "testclient"):
        assert secret not in text
    assert [(r["method"], r["route"], r["status"]) for r in lines] == [
        ("POST", "/search", 200),
        *[("GET", "/media/*", 404)] * 5,
        ("GET", "/product/*", 200),
        ("GET", "/release", 401),
    ]
    row = lines[0]
    assert set(row) == {"time", "request", "method", "route", "status", "seconds", "bytes_in", "bytes_out",
                        "release", "key", "client"}  # fmt: skip
    assert (row["request"], row["release"], row["key"]) == ("order-17.a", shop.first.id, house.ids["read"])
    assert (row["bytes_in"], row["bytes_out"]) == (len(body), len(first.content))
    assert 0 < row["seconds"] < 10
    assert len({r["client"] for r in lines}) == 1
    assert lines[-1]["key"] == ""
    assert route_of("/x/secret") == "other"


def test_the_access_log_can_be_switched_off(shop: Shop, tmp_path: Path) -> None:
    house = House(shop, tmp_path, access_log=False)
    assert house.client().post("/search", json=SEARCH).headers["x-request-id"]
    house.application.close()
    assert not (tmp_path / "live" / "access").exists()
