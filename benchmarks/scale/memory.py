"""Resident memory of a process and its children over time, read from /proc."""

import threading
import time
from pathlib import Path
from typing import Self

__all__ = ["MemoryWatch"]

INTERVAL = 0.1
"""Seconds between two readings."""


class MemoryWatch:
    """Reads the memory of a process tree until the block ends.

    Attributes:
        seconds: how long the block took.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seconds = 0.0
        self._readings: list[tuple[float, int]] = []
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

    def peak(self, start: float = 0.0, end: float = float("inf")) -> int:
        """Largest reading in bytes between two moments (Unix seconds); 0 where none was taken."""
        return max((found for at, found in self._readings if start <= at <= end), default=0)

    def _read(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._readings.append((time.time(), tree_bytes(self.pid)))


def tree_bytes(pid: int) -> int:
    """Resident bytes of a process and all below it; what has ended counts as nothing."""
    folder = Path("/proc") / str(pid)
    try:
        status = (folder / "status").read_text()
        children = [
            child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    own = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:")]
    return sum(own) + sum(tree_bytes(int(child)) for child in children)
