"""Memory and processor time of a process and its children over time."""

import contextlib
import threading
import time
from typing import NamedTuple, Self

import psutil

__all__ = ["Watch"]

INTERVAL = 0.1
"""Seconds between two readings."""


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
        self._process = psutil.Process(pid)
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
            self._readings.append((time.time(), tree_use(self._process)))


def tree_use(process: psutil.Process) -> Use:
    """What a process and all below it use; one that has ended counts as nothing."""
    resident, busy = 0, 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                resident += each.memory_info().rss
                busy += times.user + times.system + times.children_user + times.children_system
    return Use(resident, busy)
