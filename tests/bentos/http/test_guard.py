"""The outermost layer in process: keys, sessions, foreign pages and names, paths."""

import asyncio

import pytest

from bentos.auth.keys import SCOPES
from bentos.http.guard import needed
from tests.bentos.house import SEARCH, House, error_of
from tests.bentos.shop import Shop


def test_without_keys_all_is_open(opened: House) -> None:
    client = opened.client()
    assert client.post("/search", json=SEARCH).status_code == 200
    assert client.get("/metrics").status_code == 200
    assert client.get("/session").json() == {
        "required": False,
        "key": "",
        "scopes": [s for s in SCOPES if s != "events"],
    }
    assert client.post("/session", json={"key": "any"}).headers.get("set-cookie") is None


def test_a_key_is_taken_in_three_places(keyed: House) -> None:
    token = keyed.tokens["read"]
    client = keyed.client()
    refused = client.post("/search", json=SEARCH)
    assert error_of(refused, 401)["field"] == "key"
    assert refused.headers["www-authenticate"].startswith("Bearer")
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"authorization": f"bearer   {token} "},
        {"X-API-Key": token},
        {"Cookie": f"a=b; shelfspace_key={token}"},
        {"Authorization": "Basic dTpw", "X-API-Key": token},
    ):
        assert client.post("/search", json=SEARCH, headers=headers).status_code == 200, headers
    for headers in (
        {"Authorization": "Bearer wrong", "X-API-Key": token},
        {"Authorization": f"Basic {token}"},
        {"X-API-Key": ""},
        {"X-API-Key": "é" * 300},
        {"Cookie": "shelfspace_key"},
        {"Cookie": 'shelfspace_key="'},
    ):
        encoded = {k: v.encode("latin-1") for k, v in headers.items()}
        assert error_of(client.post("/search", json=SEARCH, headers=encoded), 401), headers


@pytest.mark.parametrize("path", ["/", "/livez", "/static/app.js", "/session"])
def test_pages_and_health_need_no_key(keyed: House, path: str) -> None:
    assert keyed.client().get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/release", "/docs.json", "/schema.json", "/media/x", "/own", "/nothing", "//",
     "/Static/a.js", "/staticx", "/livez/", "/about/x", "/products"],
)  # fmt: skip
def test_everything_else_does(keyed: House, path: str) -> None:
    assert keyed.client().get(f"http://testserver{path}").status_code == 401
    assert keyed.client("read").get(f"http://testserver{path}").status_code != 401


def test_scopes(keyed: House, shop: Shop) -> None:
    gone = {"product_id": "nothing-of-this-name"}
    assert error_of(keyed.client("read").post("/products/delete", json=gone), 403)["field"] == "scope"
    assert error_of(keyed.client("write").post("/search", json=SEARCH), 403)["field"] == "scope"
    assert error_of(keyed.client("write").post("/products/delete", json=gone), 404)
    assert error_of(keyed.client("both").post("/products/delete", json=gone), 404)
    assert keyed.client("both").post("/search", json=SEARCH).status_code == 200
    assert [needed(p) for p in ("/products/put", "/products/new", "/products/get", "/search")] == [
        "write", "write", "read", "read",
    ]  # fmt: skip


def test_a_key_that_asks_too_often_is_429_and_others_are_not(keyed: House) -> None:
    slow = keyed.client("slow")
    assert [slow.post("/search", json=SEARCH).status_code for _ in range(3)] == [200, 200, 429]
    refused = slow.post("/search", json=SEARCH)
    error_of(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 100
    assert keyed.client("read").post("/search", json=SEARCH).status_code == 200


def test_guessing_is_429(keyed: House) -> None:
    client = keyed.client()
    codes = [client.get("/release", headers={"x-api-key": f"guess{n}"}).status_code for n in range(14)]
    assert codes == [401] * 10 + [429] * 4
    assert client.post("/session", json={"key": "guess"}).status_code == 429
    assert client.get("/").status_code == 200


def test_a_session_is_a_cookie_no_script_reads(keyed: House) -> None:
    client = keyed.client()
    assert client.get("/session").json() == {"required": True, "key": "", "scopes": []}
    error_of(client.post("/session", json={"key": "wrong"}), 401)
    answer = client.post("/session", json={"key": keyed.tokens["both"]})
    assert answer.json() == {"required": True, "key": keyed.ids["both"], "scopes": ["read", "write"]}
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0] == f"shelfspace_key={keyed.tokens['both']}"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    assert "Secure" not in parts
    assert answer.headers["cache-control"] == "no-store"
    assert client.post("/search", json=SEARCH).status_code == 200
    assert client.get("/session").json()["key"] == keyed.ids["both"]
    out = client.delete("/session")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert client.post("/search", json=SEARCH).status_code == 401
    over_tls = keyed.client(base="https://testserver").post("/session", json={"key": keyed.tokens["read"]})
    assert "Secure" in over_tls.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 422), (b'{"key": 5}', 422), (b'{"key": "\xc3\xa9"}', 422),
     (b'{"key": "a", "b": 1}', 422), (b'"' + b"a" * 5000 + b'"', 413), (b'{"key": ""}', 401),
     (b'{"key": "a\\r\\nSet-Cookie: x=y"}', 401)],
)  # fmt: skip
def test_bad_logins(keyed: House, body: bytes, status: int) -> None:
    answer = keyed.client().post("/session", content=body)
    error_of(answer, status)
    assert "set-cookie" not in answer.headers


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver:81"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_s_page_cannot_write(keyed: House, opened: House, headers: dict) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    cookie = {"Cookie": f"shelfspace_key={keyed.tokens['both']}"}
    for house, more in ((keyed, cookie), (opened, {})):
        client = house.client()
        for path in ("/products/delete", "/search", "/session"):
            answer = client.post(path, content=b'{"product_id": "P001"}', headers={**headers, **form, **more})
            assert error_of(answer, 403)["field"] == "Origin"
    by_header = keyed.client("both").post("/search", json=SEARCH, headers=headers)
    assert by_header.status_code == 200  # no page can set that header


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}],
)
def test_the_own_page_can(keyed: House, headers: dict) -> None:
    cookie = {"Cookie": f"shelfspace_key={keyed.tokens['both']}"}
    assert keyed.client().post("/search", json=SEARCH, headers={**headers, **cookie}).status_code == 200


def ask(app: object, path: str, server: str, headers: list, version: str = "1.1", method: str = "GET") -> int:
    """The status of a bare ASGI request."""
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "path": path, "method": method, "headers": headers, "server": (server, 3000),
        "client": ("10.1.2.3", 9), "http_version": version, "scheme": "http", "query_string": b"",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("address", "status"), [("10.0.0.5", 403), ("::1", 200), ("127.0.0.9", 200), ("::ffff:8.8.8.8", 403)]
)
def test_without_keys_only_loopback_is_answered(opened: House, address: str, status: int) -> None:
    host = [(b"host", b"localhost:3000")]
    assert ask(opened.app, "/release", address, host) == status
    assert ask(opened.app, "/livez", address, host) == status


def test_with_keys_any_address_is(keyed: House) -> None:
    host = [(b"host", b"any.example.org")]
    bearer = [*host, (b"x-api-key", keyed.tokens["read"].encode())]
    assert ask(keyed.app, "/release", "10.0.0.5", bearer) == 200
    assert ask(keyed.app, "/release", "10.0.0.5", host) == 401
    assert ask(keyed.app, "/livez", "10.0.0.5", host) == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:3000", 200), ("127.0.0.1", 200), ("[::1]:3000", 200), ("LOCALHOST.", 200),
     ("shop.example.org", 200), ("shop.example.org:443", 200), ("evil.example", 421),
     ("localhost.evil.example", 421), ("evil.example:3000", 421), ("", 421), ("a@localhost", 421)],
)  # fmt: skip
def test_a_foreign_name_for_this_machine_is_refused(opened: House, host: str, status: int) -> None:
    assert ask(opened.app, "/release", "127.0.0.1", [(b"host", host.encode())]) == status
    assert ask(opened.app, "/livez", "127.0.0.1", [(b"host", host.encode())]) == 200


def test_one_host_header_is_needed(opened: House) -> None:
    twice = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert ask(opened.app, "/release", "127.0.0.1", twice) == 400
    assert ask(opened.app, "/release", "127.0.0.1", []) == 400
    assert ask(opened.app, "/release", "127.0.0.1", [], version="1.0") == 200


@pytest.mark.parametrize("path", ["/search\n", "/search\x00", "/static/../metrics", "/a/..", "/\u202e"])
def test_paths_that_could_be_read_twice_are_refused(opened: House, path: str) -> None:
    assert ask(opened.app, path, "127.0.0.1", [(b"host", b"localhost")], method="POST") == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_the_layer_below_only_reads(opened: House, method: str) -> None:
    error_of(opened.client().request(method, "/schema.json"), 404)
    error_of(opened.client().request(method, "/metrics"), 405)
