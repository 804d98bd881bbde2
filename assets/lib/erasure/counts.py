"""Files that servers count requests in for Prometheus; one of an earlier version named there what was asked.

They lie in BentoML's home, one of a kind and process, and are deleted when the next server starts. A server
of this version counts by route and names no product (`bentos.http.guard.RouteMetrics`).
"""

import re
from pathlib import Path

import psutil

from assets.lib.erasure.search import Needles, search
from shelfspace.workspace import Workspace

__all__ = ["counted_by", "forget_counts"]

FILE = re.compile(r"\w+_(\d+)\.db")


def forget_counts(workspace: Workspace, needles: Needles) -> int:
    """Delete the files that name what is erased, but for those of processes that still run; how many."""
    ended = [
        file
        for file in search(_folder(workspace), needles)
        if (process := counted_by(workspace, file)) and not psutil.pid_exists(process)
    ]
    for file in ended:
        file.unlink(missing_ok=True)
    return len(ended)


def counted_by(workspace: Workspace, file: Path) -> int | None:
    """The process that counts, or counted, in a file; None where it is no file of counts."""
    found = FILE.fullmatch(file.name)
    return int(found[1]) if found and file.parent == _folder(workspace) else None


def _folder(workspace: Workspace) -> Path:
    return workspace.state / "bentoml" / "prometheus_multiproc_dir"
