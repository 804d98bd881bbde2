"""Memory and processor time of a process and its children over time, read from /proc."""

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple, Self

__all__ = ["Watch"]

INTERVAL = 0.1
"""Seconds between two readings."""
TICKS = os.sysconf("SC_CLK_TCK")


class Use(NamedTuple):
    """What a process tree uses: bytes now, processor seconds since its start."""

    resident: int = 0
    busy: float = 0.0


class Watch:
    """Reads what a process tree uses until the block ends.

    Attributes:
        seconds: how long the block took.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seconds = 0.0
        self._readings: list[tuple[float, Use]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._started

    def between(self, start: float = 0.0, end: float = float("inf")) -> Use:
        """The most resident bytes, and the processor seconds, between two moments (Unix seconds)."""
        found = [use for at, use in self._readings if start <= at <= end]
        if not found:
            return Use()
        # A child that ended without being waited for takes its time with it.
        return Use(max(use.resident for use in found), max(0.0, found[-1].busy - found[0].busy))

    def _read(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._readings.append((time.time(), tree_use(self.pid)))


def tree_use(pid: int) -> Use:
    """What a process and all below it use; one that has ended counts as nothing."""
    folder = Path("/proc") / str(pid)
    try:
        status = (folder / "status").read_text()
        # The second field is the command in brackets, which may hold blanks.
        times = (folder / "stat").read_text().rpartition(")")[2].split()[11:15]
        tasks = [(task / "children").read_text() for task in (folder / "task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return Use()
    resident = sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
    below = [tree_use(int(child)) for children in tasks for child in children.split()]
    return Use(
        resident + sum(use.resident for use in below),
        sum(map(int, times)) / TICKS + sum(use.busy for use in below),
    )
