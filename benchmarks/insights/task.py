"""The record of a task: which rows it measures, and on which data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.insights.rows import Figure

__all__ = ["Data", "Task"]


@dataclass(frozen=True)
class Data:
    """Where a task finds what it measures on.

    Attributes:
        public: folder of the public data sets (SHELFSPACE_DATA).
        workspaces: folder of released workspaces (SHELFSPACE_WORKSPACES).
        cache: folder that a task may keep costly things in.
    """

    public: Path
    workspaces: Path
    cache: Path


@dataclass(frozen=True)
class Task:
    """Figures that are measured together.

    Attributes:
        name: it is chosen by.
        rows: that it measures.
        run: gives each figure as soon as it is known; shows its progress (tqdm).
        lacks: why it cannot be run on these data, as a sentence; "" where it can.
    """

    name: str
    rows: tuple[str, ...]
    run: Callable[[Data], Iterator[Figure]]
    lacks: Callable[[Data], str] = lambda _data: ""
