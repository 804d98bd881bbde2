"""A service in a process of its own, with no network but loopback."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx

from shelfspace.durable_log import DurableLog
from shelfspace.workspace import REQUEST_LOG
from tests.bentos.shop import Shop
from tests.waiting import wait_for

__all__ = ["OFFLINE", "Server", "logged"]

DEAD = "http://127.0.0.1:9"
OFFLINE = {
    "HTTP_PROXY": DEAD,
    "HTTPS_PROXY": DEAD,
    "http_proxy": DEAD,
    "https_proxy": DEAD,
    "NO_PROXY": "127.0.0.1",
}


class Server:
    """One `python -m bentos` in a session of its own."""

    def __init__(self, shop: Shop, folder: Path, **extra: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = folder / "serve.log"
        self.live = folder / "live"
        env = {
            **{
                k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "BENTOML_", "PYTEST"))
            },
            **OFFLINE,
            "SHELFSPACE_WORKSPACES": str(shop.workspace.root.parent),
            "SHELFSPACE_CATALOG": shop.workspace.catalog,
            "SHELFSPACE_LIVE": str(self.live),
            **extra,
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bentos", "--port", str(self.port)],
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=default_signals,  # noqa: PLW1509 - it only resets two signals
            )

    def wait(self) -> "Server":
        wait_for(lambda: self.get("/readyz").status_code == 200, 120, self.process, self.log, pause=0.1)
        return self

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=30)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise
        return self.process.returncode

    def rows(self) -> list[dict]:
        return logged(self.live)


def logged(live: Path) -> list[dict]:
    """Rows of the request log in a folder, vectors as lists; none where there is no log yet."""
    if not (live / REQUEST_LOG).exists():
        return []
    with closing(DurableLog(live / REQUEST_LOG)) as log:
        return [
            {**entry.record, "vector": None if entry.vector is None else entry.vector.tolist()}
            for entry in log.read()[0]
        ]


def default_signals() -> None:
    """A background job may inherit an ignored SIGINT; the server must not."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
