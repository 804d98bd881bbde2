"""Posts to a real receiver on this machine, in Slack's form."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from shelfspace.alerts import post, webhook_address
from shelfspace.alerts.webhook import escaped
from shelfspace.errors import SettingsError
from shelfspace.settings import Alerts


class Hook(BaseHTTPRequestHandler):
    """Keeps what it was sent; answers as its path says."""

    received: ClassVar[list[dict]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Hook.received.append({"type": self.headers["content-type"], **json.loads(body)})
        self.send_response(int(self.path.strip("/")))
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(b"no_team")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Hook.received = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_text_arrives_as_slack_wants_it(receiver: str) -> None:
    assert post(f"{receiver}/200", "a run failed: 磁盘已满") == ""
    assert Hook.received == [{"type": "application/json", "text": "a run failed: 磁盘已满"}]


def test_a_refusal_a_redirect_and_silence_are_told_without_the_address(receiver: str) -> None:
    assert post(f"{receiver}/404", "x") == "127.0.0.1 answers 404: no_team"
    assert post(f"{receiver}/302", "x") == "127.0.0.1 answers 302: no_team"
    assert len(Hook.received) == 2
    silent = post("http://127.0.0.1:9/secret-token", "x")
    assert silent.startswith("127.0.0.1 does not answer")
    assert "secret-token" not in silent


def test_a_receiver_that_answers_byte_by_byte_holds_nobody_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.1):
                    connection.sendall(b"x")  # a header that never ends; each byte comes in time

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        said = post(f"http://127.0.0.1:{server.getsockname()[1]}/secret", "x", seconds=1)
        ended.set()
        thread.join()
    assert said == "127.0.0.1 has not answered in 1 seconds"
    assert time.monotonic() - started < 5


def test_no_name_of_a_file_calls_a_channel_or_makes_a_link() -> None:
    said = escaped("<!channel>.csv & <https://evil.example|prices>")
    assert said == "&lt;!channel&gt;.csv &amp; &lt;https://evil.example|prices&gt;"


@pytest.mark.parametrize(
    "address", ["https://[x", "http://hooks.example.com/x", "ftp://hooks.example.com", "", "hooks"]
)
def test_only_https_leaves_this_machine(tmp_path: Path, address: str) -> None:
    (tmp_path / "webhook.url").write_text(address + "\n")
    with pytest.raises(SettingsError, match="https://") as refused:
        webhook_address(Alerts(), tmp_path)
    assert "hooks.example.com" not in str(refused.value)


def test_the_address_lies_in_a_file_that_must_be_there_where_it_is_named(tmp_path: Path) -> None:
    assert webhook_address(Alerts(), tmp_path) is None
    (tmp_path / "webhook.url").write_text("https://hooks.example.com/T1/B2\n")
    assert webhook_address(Alerts(), tmp_path) == "https://hooks.example.com/T1/B2"
    with pytest.raises(SettingsError, match="no such file"):
        webhook_address(Alerts(webhook_file=str(tmp_path / "gone")), tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\n\n"])
def test_a_file_that_holds_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "webhook.url").write_bytes(content)
    with pytest.raises(SettingsError, match="https://"):
        webhook_address(Alerts(), tmp_path)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "webhook.url").write_text("https://hooks.example.com/T1/B2\n")

    def refused(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")  # which root never meets

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(SettingsError, match="right to read it"):
        webhook_address(Alerts(), tmp_path)
