"""Killed half-way through a write: the system ends the process at a byte in the middle of the file.

A limit on the size of files is set when a file of the kind, or the temporary folder that will hold it, is
made: the write that would pass it is cut there, and the process is killed in the midst of it, without a word.
"""

import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.faults.fault import Fault
from benchmarks.faults.flips import made_again
from benchmarks.faults.readers import KINDS
from benchmarks.faults.world import Ended, World, remove

__all__ = ["end_at", "half_written"]

OF_A_SERVICE = ("request log", "change log", "key of shopper ids")
"""Kinds that no job writes anew; `service.py` kills what writes the logs."""
MAKING = ("open", "os.mkdir", "sqlite3.connect", "os.rename")
"""Audited calls that tell of a file that is about to be written."""


def end_at(size: int, name: str) -> Callable[[], None]:
    """Arm the limit for when something with this name in its path is made, at half of so many bytes."""

    def arm() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            if event in MAKING and name in Path(str(arguments[0])).name and writes(event, arguments):
                resource.setrlimit(resource.RLIMIT_FSIZE, (max(1, size // 2), resource.RLIM_INFINITY))

        sys.addaudithook(watch)

    return arm


def writes(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audited call is about to write; `open` says so by its mode."""
    return event != "open" or any(letter in str(arguments[1]) for letter in "wxa+")


def remade(parts: tuple[str, ...]) -> tuple[list[str], str]:
    """What to delete for a file to be written again, and the job that writes it."""
    if parts[0] == "snapshot":
        return ["snapshot", "snapshot.dvc", "state/snapshot.noted"], "collection"
    if parts[0] == "releases" or parts[:2] == ("state", "reference"):
        return ["release", "releases", "state/reference"], "release"
    if parts == ("state", "deliveries.json"):
        return ["/".join(parts)], "collection"
    if parts == ("state", "splits.parquet"):
        return ["/".join(parts), "prepared/splits"], "preprocessing"
    if parts[:2] == ("state", "checks"):
        return ["state/checks"], "chain"
    return made_again(parts)


def half(kind: str, world: World) -> Ended:
    """Remove what a job made, and run it until it is killed half-way through the largest file of a kind."""
    root = world.workspace.root
    file = max(KINDS[kind].found(world.workspace), key=lambda one: one.stat().st_size)
    parts, size = file.relative_to(root).parts, file.stat().st_size
    gone, job = remade(parts)
    remove(world, *gone)
    return world.run(job, end_at(size, parts[-1]))


def again(kind: str, clean: World, world: World) -> Ended:
    file = max(KINDS[kind].found(clean.workspace), key=lambda one: one.stat().st_size)
    return world.run(remade(file.relative_to(clean.workspace.root).parts)[1])


def half_written(clean: World) -> list[Fault]:
    """One fault for each kind of file that a job writes."""
    return [
        Fault(
            "killed inside a write",
            kind,
            partial(half, kind),
            partial(again, kind, clean),
            ("killed",),
        )
        for kind in KINDS
        if kind not in OF_A_SERVICE
    ]
