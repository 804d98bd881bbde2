"""Posts to a real receiver on this machine, in Slack's form."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from shelfspace.alerts import post, webhook_address
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


@pytest.mark.parametrize("address", ["http://hooks.example.com/x", "ftp://hooks.example.com", "", "hooks"])
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
