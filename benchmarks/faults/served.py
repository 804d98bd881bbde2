"""The real servers on a world: `python -m bentos` and `shelfspace ui`, and how they are killed."""

import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from benchmarks.faults.world import World
from benchmarks.serving.servers import Server, free_port

__all__ = [
    "Interface",
    "child_of",
    "command",
    "environment",
    "interface",
    "kill_all",
    "service",
    "stopped",
    "until",
]


class Interface(Server):
    """`shelfspace ui`: web server, daemon and code server of Dagster."""

    def ready(self) -> bool:
        """Whether the web server answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/server_info", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False


def command(*words: str) -> list[str]:
    """The command line of one of our modules."""
    return [sys.executable, "-m", *words]


def environment(world: World) -> dict[str, str]:
    """What a process of its own is told, so that it works on a world."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "BENTOML_", "DAGSTER"))}
    return {**kept, **world.environment}


def service(world: World) -> Server:
    """`python -m bentos`, once it answers."""
    port = free_port()
    words = command("bentos", "--port", str(port))
    return Server(words, environment(world), world.folder.with_suffix(".serve.log"), port).wait(300)


def interface(world: World) -> Interface:
    """`shelfspace ui`, once it answers."""
    port = free_port()
    words = command("dagster_project.cli", "ui", "--port", str(port))
    made = Interface(words, environment(world), world.folder.with_suffix(".ui.log"), port)
    made.wait(300)
    return made


@contextmanager
def stopped(server: Server) -> Iterator[Server]:
    """A server that is stopped at the end, with all it started."""
    try:
        yield server
    finally:
        server.stop()
        kill_all(server)


def kill_all(server: Server) -> None:
    """kill -9 of a server and all it started."""
    left = descendants(server.process.pid)
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.process.wait(10)


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def child_of(server: Server, words: str) -> psutil.Process | None:
    """A process that a server started whose command line has these words in it."""
    for process in descendants(server.process.pid):
        with suppress(psutil.Error):
            if words in " ".join(process.cmdline()):
                return process
    return None


def until(true: Callable[[], object], seconds: float, pause: float = 0.1) -> bool:
    """Wait until something holds; whether it did in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(pause)
    return False
