"""A really served Bento on all addresses, with keys: who gets in, and clients that dribble or flood."""

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bentos.auth.keys import Key, KeysFile, create_key, read_keys, write_keys
from bentos.http.connection import HEAD_SECONDS
from tests.bentos.loopback import Connection, Reply
from tests.bentos.served import Server
from tests.bentos.shop import Shop
from tests.bentos.test_server import bento  # noqa: F401 - a fixture
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEARCH = {"query": {"text": "blue shoe"}, "k": 3}
BODY_SECONDS = 2


def add_key(path: Path, **more: object) -> tuple[str, Key]:
    token, key = create_key(**more)
    kept = read_keys(path).keys if path.exists() else ()
    write_keys(path, KeysFile(keys=(*kept, key)))
    return token, key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    token, _ = add_key(path, scopes=("read", "write"), rate=10_000, burst=10_000)
    return path, token


@pytest.fixture(scope="module")
def server(
    shop: Shop,
    bento: str,  # noqa: F811
    keys: tuple[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("safe")
    params = folder / "params.yaml"
    params.write_text(f"service: {{host: 0.0.0.0, body_seconds: {BODY_SECONDS}, log_every_seconds: 0.5}}")
    running = Server(shop, folder, SHELFSPACE_SETTINGS=str(params), SHELFSPACE_KEYS=str(keys[0]))
    try:
        yield running.wait()
    finally:
        running.stop()


@pytest.fixture
def client(server: Server, keys: tuple[Path, str]) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}",
        trust_env=False,
        timeout=60,
        headers={"authorization": f"Bearer {keys[1]}"},
    ) as made:
        yield made


def outside_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            pytest.skip("this machine has no address but loopback")


def raw(server: Server, data: bytes) -> Reply:
    connection = Connection(server.port, timeout=30)
    with contextlib.suppress(ConnectionError):  # answered and closed before all was sent
        connection.socket.sendall(data)
    try:
        return connection.read()
    finally:
        connection.close()


def test_a_key_lets_in_from_the_network_and_nothing_else_does(
    server: Server, client: httpx.Client, shop: Shop
) -> None:
    base = f"http://{outside_address()}:{server.port}"
    token = client.headers["authorization"]
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as outside:
        assert outside.get("/readyz").status_code == 200
        assert outside.post("/search", json=SEARCH).status_code == 401
        answer = outside.post("/search", json=SEARCH, headers={"authorization": token})
        assert answer.json()["release"] == shop.first.id


def test_no_path_of_bentoml_is_forgotten(server: Server, client: httpx.Client) -> None:
    document = client.get("/docs.json").json()
    known = {"/metrics", "/schema.json", "/docs.json", "/static_content/index.css", *document["paths"]}
    # What pages tell of their shoppers is taken without a key; what it may hold is tried with the route.
    paths = known - {"/session", "/healthz", "/livez", "/readyz", "/events"}
    assert {"/search", "/products/put", "/release"} <= paths
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as stranger:
        for path in sorted(paths):
            for method in ("GET", "POST", "OPTIONS", "PUT"):
                answer = stranger.request(method, path)
                assert answer.status_code == 401, (method, path)
                assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("/livez", "/readyz", "/healthz", "/"):
            assert stranger.get(path).status_code == 200, path
    assert "bearer" in document["components"]["securitySchemes"]
    for path in ("/metrics", "/schema.json", "/release"):
        assert client.get(path).status_code == 200, path


def test_another_spelling_of_a_route_reaches_nothing(client: httpx.Client) -> None:
    for path in ("/search%0A", "/products/delete%0a", "/search/", "//search", "/SEARCH",
                 "/static/..%2fsearch", "/static/../search", "/search%00", "/search;a"):  # fmt: skip
        answer = client.post(f"{client.base_url}".rstrip("/") + path, json={"product_id": "P001"})
        assert answer.status_code in {400, 404, 422}, (path, answer.text)
        assert answer.json()["error"]["remedy"], path


def test_bentoml_s_client_sends_the_key(server: Server, keys: tuple[Path, str]) -> None:
    import bentoml

    with bentoml.SyncHTTPClient(f"http://127.0.0.1:{server.port}", token=keys[1]) as made:
        answer = made.search(query={"text": "blue shoe"}, k=2)
        got = answer if isinstance(answer, dict) else answer.model_dump()
        assert len(got["result"]["hits"]) == 2


def test_keys_come_and_go_while_it_serves(
    server: Server, client: httpx.Client, keys: tuple[Path, str]
) -> None:
    path, _ = keys
    token, key = add_key(path)

    def status() -> int:
        return client.get("/release", headers={"authorization": f"Bearer {token}"}).status_code

    wait_for(lambda: status() == 200, 10, server.process, server.log, pause=0.3)
    assert client.post("/products/delete", json={"product_id": "x"},
                       headers={"authorization": f"Bearer {token}"}).status_code == 403  # fmt: skip
    whole = path.read_bytes()
    path.write_text("{ broken")
    time.sleep(1.5)
    assert status() == 200
    assert client.get("/release").status_code == 200
    path.write_bytes(whole)
    write_keys(path, KeysFile(keys=tuple(k for k in read_keys(path).keys if k.id != key.id)))
    wait_for(lambda: status() == 401, 10, server.process, server.log, pause=0.3)
    assert client.get("/release").status_code == 200
    assert "keys.json" in server.log.read_text()
    assert token not in server.log.read_text()


def test_the_access_log_is_written_beside_the_request_log(server: Server, client: httpx.Client) -> None:
    client.post("/search", json={"query": {"text": "secretword"}}, headers={"x-request-id": "find-me"})
    folder = server.live / "access"
    wait_for(
        lambda: any("find-me" in path.read_text() for path in folder.glob("access-*.jsonl")),
        10, server.process, server.log, pause=0.2,
    )  # fmt: skip
    text = "".join(path.read_text() for path in folder.glob("access-*.jsonl"))
    assert "secretword" not in text
    assert "127.0.0.1" not in text


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # a TLS handshake
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
        (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
         b"0\r\n\r\n", 400),
        (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 3_000_000, 431),
        (b"GET /" + b"a" * 3_000_000, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 403),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(server: Server, data: bytes, status: int) -> None:
    reply = raw(server, data)
    assert reply.status == status
    if status != 403:
        assert reply.json()["error"]["remedy"]
    assert server.get("/livez").status_code == 200


def until_closed(connection: Connection, piece: bytes, every: float = 0.25, most: float = 30) -> float:
    """Send `piece` again and again until the server closes; the seconds that took."""
    begin = time.monotonic()
    while time.monotonic() - begin < most:
        try:
            connection.socket.sendall(piece)
        except OSError:
            break
        time.sleep(every)
    return time.monotonic() - begin


def test_clients_that_dribble_are_cut_off(server: Server, keys: tuple[Path, str]) -> None:
    auth = b"X-API-Key: " + keys[1].encode() + b"\r\n"
    post = b"POST /search HTTP/1.1\r\n" + HOST + auth + b"Content-Type: application/json\r\n"
    cases = {
        "nothing at all": (b"", b""),
        "a slow head": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
        "empty lines": (b"", b"\r\n"),
        "empty lines after a request": (b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n", b"\r\n"),
        "a slow body": (post + b"Content-Length: 5000\r\n\r\n", b"a"),
        "slow chunks": (post + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "a body nobody wants": (b"POST /search HTTP/1.1\r\n" + HOST + b"Content-Length: 5000\r\n\r\n", b"a"),
    }
    seconds: dict[str, float] = {}
    replies: dict[str, bytes] = {}

    def dribble(name: str, first: bytes, piece: bytes) -> None:
        connection = Connection(server.port, timeout=30)
        connection.socket.sendall(first)
        if piece:
            seconds[name] = until_closed(connection, piece)
            connection.socket.settimeout(0.5)
        begin = time.monotonic()
        data = b""
        try:
            while got := connection.socket.recv(65536):
                data += got
        except OSError:
            pass  # the server had closed already
        seconds.setdefault(name, time.monotonic() - begin)
        replies[name] = data
        connection.close()

    threads = [threading.Thread(target=dribble, args=(name, *case)) for name, case in cases.items()]
    for thread in threads:
        thread.start()
    time.sleep(1)
    assert server.get("/livez").elapsed.total_seconds() < 1  # others are served meanwhile
    for thread in threads:
        thread.join()
    assert max(seconds.values()) < 16, seconds
    assert max(seconds["a slow body"], seconds["slow chunks"]) < BODY_SECONDS + 3
    assert b" 408 " in replies["nothing at all"].splitlines()[0]


def test_a_slow_body_is_told_408(server: Server, keys: tuple[Path, str]) -> None:
    connection = Connection(server.port, timeout=30)
    connection.socket.sendall(
        b"POST /search HTTP/1.1\r\n"
        + HOST
        + b"X-API-Key: "
        + keys[1].encode()
        + b"\r\nContent-Length: 99\r\n\r\n{"
    )
    begin = time.monotonic()
    reply = connection.read()
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert "body" in reply.json()["error"]["field"]
    assert BODY_SECONDS - 0.5 < time.monotonic() - begin < BODY_SECONDS + 3
    assert connection.stream.read() == b""


def test_the_page_s_scripts_come_from_here_alone(server: Server) -> None:
    page = server.get("/")
    assert re.search(r"script-src 'self';", page.headers["content-security-policy"])
    assert "unsafe" not in page.headers["content-security-policy"]


def test_half_open_connections_keep_nobody_out(server: Server) -> None:
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1100)]
    try:
        for _ in range(5):
            begin = time.monotonic()
            assert server.get("/livez").status_code == 200
            assert time.monotonic() - begin < 5
        time.sleep(HEAD_SECONDS + 3)
        for made in held:  # dropped, each after a bounded time
            made.settimeout(5)
            with contextlib.suppress(ConnectionError):
                while made.recv(65536):
                    pass
    finally:
        for made in held:
            made.close()


def test_it_ends_cleanly(server: Server, client: httpx.Client) -> None:
    """Last: nothing above left a trace of a bug, and open connections do not hold up the end."""
    idle = [Connection(server.port) for _ in range(5)]
    assert client.post("/search", json=SEARCH).status_code == 200
    assert server.stop() == 0
    for connection in idle:
        connection.close()
    assert "Traceback" not in server.log.read_text()
    assert os.path.exists(server.live / "access")


def test_a_killed_server_leaves_its_port_free(
    shop: Shop,
    bento: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    running = Server(shop, tmp_path).wait()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()

    def free() -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", running.port))
            except OSError:
                return False
            return True

    wait_for(free, 40, pause=0.1)
