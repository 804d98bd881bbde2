"""The process that answers on the side, as the service holds it: started, asked, ended.

Messages are JSON and bytes over a pair of sockets; nothing is unpickled on either side.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from shelfspace.errors import ShelfspaceError
from shelfspace.workspace import CODE

__all__ = ["ShadowError", "Worker", "receive", "send"]

MODULE = "bentos.shadow_process"


class ShadowError(ShelfspaceError):
    """The process on the side ended, or does not answer."""


def send(connection: Connection, said: Any, files: Sequence[bytes] = ()) -> None:
    """Send a message and the files that belong to it."""
    connection.send_bytes(orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY))
    for data in files:
        connection.send_bytes(data)


def receive(connection: Connection) -> Any:
    """The next message."""
    return orjson.loads(connection.recv_bytes())


class Worker:
    """One process that answers by one release.

    Args:
        release: its folder.
        workspace: folder whose changes since its release count in the answers.
        scratch: folder that the process may fill; emptied first, gone once it has ended.
        megabytes: of memory that it may ask for.
    """

    def __init__(self, release: Path, workspace: Path, scratch: Path, megabytes: int) -> None:
        self._scratch = scratch
        shutil.rmtree(scratch, ignore_errors=True)
        (scratch / "releases").mkdir(parents=True)
        ours, theirs = socket.socketpair()
        with theirs:
            path = os.pathsep.join([str(CODE), os.environ.get("PYTHONPATH", "")])
            told = [str(theirs.fileno()), str(os.getpid()), str(release), str(workspace), str(scratch)]
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, *told, str(megabytes)],
                env={**os.environ, "PYTHONPATH": path},
                # Of the same session: within it Linux weighs priorities, between sessions it does not.
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self._connection = Connection(ours.detach())

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ready(self, seconds: float) -> dict[str, Any] | None:
        """What it says once it can answer; None while it cannot.

        Raises:
            ShadowError: it ended before.
        """
        return self._answer() if self._connection.poll(seconds) else None

    def ask(self, said: Any, files: Sequence[bytes], seconds: float) -> dict[str, Any]:
        """Its answer.

        Raises:
            ShadowError: it ended, or gave none in time.
        """
        try:
            send(self._connection, said, files)
        except OSError as error:
            raise ShadowError(f"the process on the side ended ({error.strerror})") from error
        if not self._connection.poll(seconds):
            raise ShadowError(f"the process on the side gave no answer within {seconds:g} s")
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        try:
            answer = receive(self._connection)
        except (EOFError, OSError) as error:
            status = self._process.wait(10)
            raise ShadowError(f"the process on the side ended with status {status}") from error
        assert isinstance(answer, dict)  # noqa: S101 - for the type checker
        return answer

    def kill(self) -> None:
        """End it, whatever it is at; may be called from another thread, where `ask` then raises."""
        self._process.kill()

    def close(self) -> None:
        """End it and remove what it wrote."""
        self._process.kill()
        self._process.wait()
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
