"""Files that servers count requests in for Prometheus; one of an earlier version named there what was asked.

They lie in BentoML's home, one of a kind and process, and are deleted when the next server starts. A server
of this version counts by route and names no product (`bentos.http.guard.RouteMetrics`).

Which server still runs cannot be told here: its process may be one of another container that shares the home.
So no file is taken away. A name is overwritten where it stands, with as many bytes, which a server that has
the file mapped goes on counting behind.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from assets.lib.erasure.search import Needles, search
from shelfspace.workspace import Workspace

__all__ = ["blot_counts", "is_count"]

FILE = re.compile(r"\w+_\d+\.db")
BLOT = b"-"


def blot_counts(workspace: Workspace, needles: Needles) -> int:
    """Blot out what the files name of what is erased; how many did."""
    named = [file for file in search(_folder(workspace), needles) if is_count(workspace, file)]
    for file in named:
        with suppress(FileNotFoundError), file.open("r+b", buffering=0) as stream:
            for match in needles.pattern.finditer(stream.readall()):
                os.pwrite(stream.fileno(), BLOT * len(match[0]), match.start())
    return len(named)


def is_count(workspace: Workspace, file: Path) -> bool:
    """Whether a server counts, or counted, in a file."""
    return file.parent == _folder(workspace) and FILE.fullmatch(file.name) is not None


def _folder(workspace: Workspace) -> Path:
    return workspace.state / "bentoml" / "prometheus_multiproc_dir"
