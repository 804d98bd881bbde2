"""A checkout driven from outside: its own Python, its Makefile, its service. Nothing of it is imported."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.comparison.asking import Client

__all__ = ["SERVERS", "Checkout", "Service", "released", "workspace_copy"]

SERVERS: dict[str, tuple[str, ...]] = {
    # The checkout's own code, whatever Bento the workspace holds: two checkouts can serve one workspace.
    "code": ("{python}", "-m", "bentoml", "serve", "bentos.service:Shelfspace",
             "--host", "127.0.0.1", "--port", "{port}"),
    # The Bento that the workspace holds, with the code that was packed into it.
    "bento": ("{python}", "-m", "bentos", "--catalog", "{catalog}", "--port", "{port}"),
    "shelfspace": ("{python}", "{bin}/shelfspace", "serve", "--catalog", "{catalog}", "--port", "{port}"),
}  # fmt: skip
"""Ways to start the service; any other one can be given as a command line with the same names in it."""
STEADY = {"encoder": "eager", "threads": 1, "log_every_seconds": 0.2}
"""Settings of the recorded service: `auto` chooses by the clock, and the log shall be on the disk soon."""
LEFT_BEHIND = ("live", "delta", "inbox", "training", "tuning", "features", "state/features",
               "state/embeddings", "state/checkpoints", "state/evidently")  # fmt: skip
"""Of a workspace, what a served copy has no need of, or shall begin without."""
QUIET = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "True", "OTEL_SDK_DISABLED": "true",
         "DAGSTER_DISABLE_TELEMETRY": "yes", "DVC_NO_ANALYTICS": "1", "PYTHONHASHSEED": "0",
         "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TZ": "UTC"}  # fmt: skip


class Checkout:
    """A folder with a checkout and the Python of its environment.

    Args:
        folder: the checkout.
        workspaces: folder of its workspaces; default `workspaces/` inside.
    """

    def __init__(self, folder: Path, workspaces: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.workspaces = (workspaces or self.folder / "workspaces").resolve()
        self.python = self.folder / ".venv" / "bin" / "python"

    def environment(self, **more: str) -> dict[str, str]:
        """This process's environment without its own settings, and the checkout first on Python's path."""
        strange = ("SHELFSPACE_", "BENTOML_", "PYTEST", "DAGSTER_", "VIRTUAL_ENV")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(strange)}
        data = os.environ.get("SHELFSPACE_DATA")
        told = {"SHELFSPACE_DATA": data} if data else {}
        own = {"PYTHONPATH": str(self.folder), "SHELFSPACE_WORKSPACES": str(self.workspaces)}
        return {**kept, **QUIET, **told, **own, **more}

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the checkout and keep what it says."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
        )

    def chain(self, catalog: str) -> None:
        """`make demo`: the whole chain.

        Raises:
            RuntimeError: it failed; with its last words.
        """
        done = self.run("make", "demo", f"CATALOG={catalog}")
        if done.returncode:
            raise RuntimeError(f"make demo failed in {self.folder}:\n{(done.stdout + done.stderr)[-3000:]}")

    def settings(self, workspace: Path) -> dict[str, Any]:
        """What the service is told: the checkout's params.yaml, the catalogue's own values, `STEADY`."""
        told: dict[str, Any] = yaml.safe_load((self.folder / "params.yaml").read_text())
        baked = sorted(workspace.glob("state/bentoml/bentos/*/*/src/bentos/baked/settings.json"))
        if baked:
            packed = json.loads(max(baked, key=lambda path: path.stat().st_mtime_ns).read_text())
            for section in ("service", "media", "preprocessing"):
                told[section] |= {k: v for k, v in packed[section].items() if k in told[section]}
        told["service"] |= STEADY
        return told


def released(workspace: Path) -> Path:
    """The folder of the current release.

    Raises:
        FileNotFoundError: the workspace has none.
    """
    name = (workspace / "releases" / "current").read_text().strip()
    return workspace / "releases" / name


@contextmanager
def workspace_copy(workspace: Path, scratch: Path) -> Iterator[Path]:
    """A copy to serve, so that no change gets into the workspace itself; gone afterwards."""
    target = scratch / "workspaces" / workspace.name
    shutil.rmtree(target, ignore_errors=True)
    left = {workspace / name for name in LEFT_BEHIND}
    shutil.copytree(
        workspace,
        target,
        symlinks=True,
        ignore=lambda folder, names: [n for n in names if Path(folder) / n in left or n.endswith(".lock")],
    )
    try:
        yield target
    finally:
        shutil.rmtree(target.parent, ignore_errors=True)


class Service:
    """The service of a checkout over a copied workspace, on a free port of loopback.

    Args:
        checkout: whose service.
        workspace: the copy.
        how: a name in `SERVERS`, or a command line with {python}, {bin}, {catalog} and {port} in it.
        scratch: folder for its log and settings.
        catalog: preset name or folder.
    """

    def __init__(self, checkout: Checkout, workspace: Path, how: str, scratch: Path, catalog: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = scratch / "serve.log"
        settings = scratch / "settings.yaml"
        settings.write_text(yaml.safe_dump(checkout.settings(workspace)))
        names = {"python": str(checkout.python), "bin": str(checkout.python.parent), "catalog": catalog,
                 "port": str(self.port)}  # fmt: skip
        self._command = [part.format_map(names) for part in SERVERS.get(how) or how.split()]
        self._folder = checkout.folder
        self._environment = checkout.environment(
            SHELFSPACE_WORKSPACES=str(workspace.parent),
            SHELFSPACE_CATALOG=catalog,
            SHELFSPACE_RELEASES=str(workspace),
            SHELFSPACE_MEDIA=str(workspace / "snapshot"),
            SHELFSPACE_LIVE=str(workspace / "live"),
            SHELFSPACE_SETTINGS=str(settings),
            BENTOML_HOME=str(workspace / "state" / "bentoml"),
        )
        self.client = Client(self.port)

    def __enter__(self) -> "Service":
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 180
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if self.client.ask("GET", "/readyz").status == 200:
                    return self
            except OSError:
                pass  # not listening yet; the deadline bounds this
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"the service did not start; its log ends:\n{self.log.read_text()[-3000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the service and all that it started."""
        self.client.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
