"""The bounds of a connection with short times, on a bare uvicorn; test_safe_server has the real ones."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from bentos.http import connection
from tests.bentos.bare import uvicorn_serving
from tests.bentos.loopback import Connection

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 60_000_000


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading a body: 60 MB for /large, else a word."""
    size = LARGE if scope["path"] == "/large" else 5
    headers = [(b"content-length", b"%d" % size), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while size > 0:
        piece = min(size, 1_000_000)
        size -= piece
        await send({"type": "http.response.body", "body": b"a" * piece, "more_body": size > 0})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 1.0)
    monkeypatch.setattr(connection, "STALLED_SECONDS", 1.0)
    monkeypatch.setattr(connection, "CONNECTIONS", 6)
    with uvicorn_serving(application) as number:
        yield number


def open_for(made: Connection, most: float = 10) -> float:
    """Seconds until the server closes."""
    begin = time.monotonic()
    made.socket.settimeout(most)
    while made.socket.recv(65536):
        pass
    return time.monotonic() - begin


def test_requests_are_answered_and_connections_kept(port: int) -> None:
    made = Connection(port)
    for _ in range(3):
        made.socket.sendall(GET % b"/")
        assert made.read().body == b"aaaaa"
    made.socket.sendall(GET % b"/" * 5)  # five at once, answered in turn
    assert [made.read().status for _ in range(5)] == [200] * 5
    made.close()


def test_a_connection_too_many_is_503(port: int) -> None:
    held = [Connection(port) for _ in range(6)]
    for made in held:
        made.socket.sendall(GET % b"/large")  # and does not read the answer, so a request is under way
    time.sleep(0.2)
    extra = Connection(port)
    reply = extra.read()
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "connections" in reply.json()["error"]["field"]
    for made in (*held, extra):
        made.close()
    time.sleep(0.2)
    again = Connection(port)
    again.socket.sendall(GET % b"/")
    assert again.read().status == 200
    again.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: lo", GET % b"/"])
def test_connections_without_a_request_keep_nobody_out(port: int, sent: bytes) -> None:
    held = [Connection(port) for _ in range(40)]
    for made in held:
        with contextlib.suppress(OSError):  # its place was taken already
            made.socket.sendall(sent)
    for _ in range(5):
        made = Connection(port)
        made.socket.sendall(GET % b"/livez")
        begin = time.monotonic()
        assert made.read().status == 200
        assert time.monotonic() - begin < 0.9
        made.close()
    for made in held:
        with contextlib.suppress(OSError):
            assert open_for(made) < 8
        made.close()


def test_a_head_that_does_not_end_is_408(port: int) -> None:
    for sent in (b"", b"GET / HTTP/1.1\r\n", b"\r\n"):
        made = Connection(port)
        made.socket.sendall(sent)
        begin = time.monotonic()
        assert made.read().status == 408
        assert 0.5 < time.monotonic() - begin < 4
        made.close()


def test_a_body_left_over_does_not_hold_the_connection(port: int) -> None:
    made = Connection(port)
    made.socket.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
    assert made.read().status == 200
    assert open_for(made) < 4
    made.close()


def test_a_body_that_comes_late_does_not_close_the_next_request(port: int) -> None:
    made = Connection(port)
    made.socket.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nabc")
    assert made.read().status == 200
    made.socket.sendall(b"def")
    for _ in range(3):
        time.sleep(0.6)
        made.socket.sendall(GET % b"/")
        assert made.read().status == 200
    made.close()


def test_an_answer_that_is_not_read_is_given_up(port: int) -> None:
    lazy = socket.create_connection(("127.0.0.1", port))
    # Its buffer stays as the kernel has it: a small one takes a minute and more to be read empty.
    lazy.sendall(GET % b"/large")
    time.sleep(2.5)
    lazy.settimeout(10)
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := lazy.recv(1 << 20):
            received += len(piece)
    assert received < LARGE
    lazy.close()


def test_a_slow_but_steady_reader_gets_all(port: int) -> None:
    made = Connection(port)
    made.socket.sendall(GET % b"/large")
    received = 0
    while received < LARGE:
        received += len(made.socket.recv(1 << 20))
    assert received >= LARGE
    made.close()
