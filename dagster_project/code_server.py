"""Dagster's daemon with a code server that stays: `python -m dagster_project.code_server run -m ...`.

Dagster's own daemon starts another code server every minute and lets the former one go, whether anything has
changed or not: some 5 s of processor time each, for ever. This one keeps its server while that answers, has
loaded without error, and the settings that its sensors were made with are the present ones. All else is
Dagster's: the server is the daemon's child, on a socket of its own, and ends by itself some 20 s after a
daemon that was killed.
"""

from functools import partial
from pathlib import Path
from typing import Any

from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._daemon import controller
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster._daemon.controller import RELOAD_WORKSPACE_INTERVAL, DagsterDaemonController
from dagster._grpc.client import DagsterUserCodeUnreachableError
from dagster._time import get_current_timestamp

from shelfspace.errors import ShelfspaceError
from shelfspace.workspace import Workspace, params_file

__all__ = ["KeepingController", "stated"]

OLDEST_SECONDS = 3600.0
"""After so long another server is started all the same: then it knows code that was installed beneath it."""

Stated = tuple[tuple[str, int, int], ...]


def stated() -> Stated:
    """Files with the settings of the present catalogue, their times of change (ns) and sizes; -1 of none."""
    try:
        workspace = Workspace.find()
    except ShelfspaceError:
        return ()  # each tick says what is wrong with it
    built = workspace.state / "source" / "sample" / "catalog.yaml"
    files = [params_file(), built, Path(workspace.catalog) / "catalog.yaml"]
    return tuple(_facts(file) for file in files if file is not None)


def _facts(file: Path) -> tuple[str, int, int]:
    try:
        facts = file.stat()
    except OSError:
        return str(file), -1, -1
    return str(file), facts.st_mtime_ns, facts.st_size


class KeepingController(DagsterDaemonController):
    """The daemon's main loop, which asks every few seconds whether the code is to be loaded anew.

    Args:
        loaded: what `stated` gave before the code was loaded.
    """

    def __init__(self, loaded: Stated, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._loaded, self._started = loaded, get_current_timestamp()

    def check_workspace_freshness(self, last_workspace_update_time: float) -> float:
        """Load the code anew where it has to be, once a minute; gives when it was last seen to be right."""
        now = get_current_timestamp()
        if now - last_workspace_update_time <= RELOAD_WORKSPACE_INTERVAL:
            return last_workspace_update_time
        present = stated()
        if present == self._loaded and now - self._started < OLDEST_SECONDS and self._answers():
            return now
        done = super().check_workspace_freshness(last_workspace_update_time)
        if done != last_workspace_update_time:
            self._loaded, self._started = present, done
        return done

    def _answers(self) -> bool:
        """Whether each code location is loaded, and its server is there."""
        entries = self._workspace_process_context.create_request_context().get_code_location_entries()
        for entry in entries.values():
            location = entry.code_location
            if not isinstance(location, GrpcServerCodeLocation):
                return False
            try:
                location.client.ping("")
            except DagsterUserCodeUnreachableError:
                return False
        return bool(entries)


def main() -> None:
    """Dagster's own command line of the daemon."""
    setattr(controller, "DagsterDaemonController", partial(KeepingController, stated()))  # noqa: B010
    create_dagster_daemon_cli()(auto_envvar_prefix="DAGSTER_DAEMON")


if __name__ == "__main__":
    main()
