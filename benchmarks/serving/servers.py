"""The service as it is really served, and the same application on bare uvicorn."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving.shop import Shop
from shelfspace.settings import Settings
from shelfspace.workspace import PROJECT

__all__ = ["Server", "bare_app", "serve_bare", "serve_root", "start", "start_bare"]

BARE = "benchmarks.serving.servers"


class Server:
    """A serving process of ours and its port."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, port: int) -> None:
        self.port, self.log = port, log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=environment, cwd=PROJECT, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=default_signals,  # noqa: PLW1509
            )  # fmt: skip

    def wait(self, seconds: float = 120) -> "Server":
        """Until it is ready.

        Raises:
            RuntimeError: it ended, or is not ready in time; with the end of its log.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if self.ready():
                return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the server did not become ready:\n{self.log.read_text()[-2000:]}")

    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def get(self, path: str) -> bytes:
        """The body of a GET."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.read()

    def memory(self) -> float:
        """Resident megabytes of the process and its children."""
        own = psutil.Process(self.process.pid)
        return sum(p.memory_info().rss for p in (own, *own.children(recursive=True))) / 1e6

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        return self.process.returncode

    def __enter__(self) -> "Server":
        return self.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()


def default_signals() -> None:
    """A background job may inherit an ignored SIGINT; a server must not."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def inherited() -> dict[str, str]:
    """This process's environment without what it says to a service; one thread."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "BENTOML_"))}
    return {**kept, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def environment(shop: Shop, folder: Path, **extra: str) -> dict[str, str]:
    """What `python -m bentos` is told."""
    return {
        **inherited(),
        "SHELFSPACE_WORKSPACES": str(shop.workspace.root.parent),
        "SHELFSPACE_CATALOG": shop.workspace.catalog,
        "SHELFSPACE_LIVE": str(folder / "live"),
        **extra,
    }


def settings_of(folder: Path) -> dict[str, str]:
    """What a server is told to run with the settings that `start_bare` wrote, not with those of its Bento."""
    return {"SHELFSPACE_SETTINGS": str(folder / "params.yaml")}


def start(shop: Shop, folder: Path, **extra: str) -> Server:
    """`python -m bentos`, as a shop runs it."""
    port = free_port()
    command = [sys.executable, "-m", "bentos", "--port", str(port)]
    return Server(command, environment(shop, folder, **extra), folder / "bento.log", port)


def start_bare(shop: Shop, folder: Path, *flags: str) -> Server:
    """The same application object, log and metrics, with uvicorn alone under it."""
    return serve_root(shop.workspace.root, shop.settings, folder, *flags)


def serve_root(root: Path, settings: Settings, folder: Path, *flags: str) -> Server:
    """`start_bare` over the current release of a workspace's folder.

    Args:
        folder: for the server's settings and logs.
    """
    port = free_port()
    told = {
        **inherited(), **settings_of(folder),
        "SHELFSPACE_RELEASES": str(root), "SHELFSPACE_LIVE": str(folder / "live"),
    }  # fmt: skip
    (folder / "params.yaml").write_text(settings.model_dump_json())
    command = [sys.executable, "-m", BARE, "--port", str(port), *flags]
    return Server(command, told, folder / "bare.log", port)


def bare_app(application: Any) -> Any:
    """Guard and fast path over nothing but /readyz."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from bentos.http.fast_path import FastPath
    from bentos.http.guard import Guard
    from bentos.http.served import Running

    def ready(_: Any) -> PlainTextResponse:
        return PlainTextResponse("\n", status_code=200 if application.ready else 503)

    other = Starlette(routes=[Route("/readyz", ready)])
    hot = FastPath(other, running=Running(application), spec=dict)
    return Guard(hot, running=Running(application))


def serve_bare() -> None:
    """Run in the process of `start_bare`."""
    import uvicorn

    from bentos.application import Application
    from bentos.config import read_config
    from bentos.telemetry.metrics import METRICS

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-metrics", action="store_true")
    parser.add_argument("--no-logs", action="store_true", help="neither request log nor access log")
    given = parser.parse_args()
    METRICS.on = not given.no_metrics
    config = read_config()
    application = Application(replace(config, live=None) if given.no_logs else config)
    application.start()
    options: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
    uvicorn.run(bare_app(application), host="127.0.0.1", port=given.port, **options)
    application.close()


if __name__ == "__main__":
    serve_bare()
