"""Whether a run's process lives: it holds a file, which the system frees with its holder."""

from filelock import FileLock

from shelfspace.workspace import Workspace

__all__ = ["hold_life", "let_go"]

_HELD: dict[str, FileLock] = {}
"""Run to the file that this process holds for it."""


def hold_life(workspace: Workspace, run_id: str) -> None:
    """Hold a run's file, once; unless `let_go` ends it, until the process does.

    Raises:
        Timeout: another process holds it.
    """
    if run_id not in _HELD:
        file = workspace.life(run_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, timeout=5)  # somebody may be looking whether it is free
        lock.acquire()
        _HELD[run_id] = lock


def let_go(workspace: Workspace, run_id: str) -> None:
    """Give a run's file back, and remove it: Dagster knows how the run ended."""
    _HELD.pop(run_id).release()
    workspace.life(run_id).unlink(missing_ok=True)
