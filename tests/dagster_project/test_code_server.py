"""The daemon keeps its code server while that is right, and starts another one where it is not."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon import controller
from dagster._daemon.daemon import BackfillDaemon

from dagster_project import code_server
from dagster_project.code_server import KeepingController, stated

CODE = "import dagster as dg\n@dg.asset\ndef a() -> None: ...\ndefs = dg.Definitions(assets=[a])\n"
MINUTE = 61.0


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text("automation: {}\n")
    monkeypatch.setenv("SHELFSPACE_PARAMS", str(path))
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "workspaces"))
    return path


@pytest.fixture
def daemon(tmp_path: Path, params: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeepingController]:
    (tmp_path / "code.py").write_text(CODE)
    monkeypatch.setattr(controller, "DagsterDaemonController", partial(KeepingController, stated()))
    target = PythonFileTarget(
        str(tmp_path / "code.py"), attribute=None, working_directory=str(tmp_path), location_name="here"
    )
    (tmp_path / "home").mkdir()
    with (
        dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance,
        controller.daemon_controller_from_instance(
            instance,
            target,
            gen_daemons=lambda made: [controller.create_daemon_of_type(BackfillDaemon.daemon_type(), made)],
        ) as running,
    ):
        assert isinstance(running, KeepingController)
        yield running


def server(daemon: KeepingController) -> int:
    """Process of the server that the daemon asks."""
    (entry,) = daemon._workspace_process_context.create_request_context().get_code_location_entries().values()
    registry = daemon._grpc_server_registry
    assert registry is not None
    assert registry.supports_origin(entry.origin)
    made = registry.get_grpc_server_entry(entry.origin)
    return made.process.server_process.pid  # type: ignore[union-attr]


def look(daemon: KeepingController, ago: float = MINUTE) -> float:
    """One look, so long after the last one; s since then."""
    then = controller.get_current_timestamp() - ago
    return daemon.check_workspace_freshness(then) - then


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_stays_while_it_is_right(daemon: KeepingController, params: Path) -> None:
    first = server(daemon)
    assert look(daemon, 10) == 0, "asked once a minute"
    for _ in range(3):
        assert look(daemon) >= MINUTE, "it was seen to be right now"
    assert server(daemon) == first

    os.kill(first, signal.SIGKILL)
    look(daemon)
    second = server(daemon)
    assert second != first, "one that was killed is followed by another"
    assert look(daemon) >= MINUTE
    assert server(daemon) == second

    params.write_text("automation: {inbox_interval_seconds: 5}\n")
    look(daemon)
    third = server(daemon)
    assert third != second, "sensors are made with the settings"
    look(daemon)
    assert server(daemon) == third

    daemon._started -= code_server.OLDEST_SECONDS
    look(daemon)
    assert server(daemon) != third, "an old one is followed by another"


def test_settings_that_are_not_there_are_none_and_then_some(params: Path) -> None:
    first = stated()
    assert [Path(name).name for name, _, _ in first] == ["params.yaml", "catalog.yaml", "catalog.yaml"]
    params.unlink()
    assert stated()[0] == (str(params), -1, -1)
    params.write_text("automation: {}\n# another time\n")
    assert stated() != first
