"""The command line in real processes: signals, kills, and what is left of a run that they ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import httpx
import psutil
import pytest

from catalog.sample import build_sample
from tests.conftest import PROJECT
from tests.end_to_end.conftest import free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CLI = (sys.executable, "-m", "dagster_project.cli")


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    """The environment of the processes: workspaces of their own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "DAGSTER_", "PYTEST"))}
    build_sample(tmp_path / "tiny", seed=3, products=150)
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "SHELFSPACE_WORKSPACES": str(tmp_path / "workspaces"),
        "SHELFSPACE_CATALOG": str(tmp_path / "tiny"),
    }


IN_A_SCRIPT = (signal.SIGINT, signal.SIGQUIT)
"""Signals that a shell without job control ignores in what it starts with `&`; children inherit that."""


def start(
    log: Path,
    environment: dict[str, str],
    *command: str,
    ignored: tuple[signal.Signals, ...] = (),
) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own, with signals ignored."""

    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    with log.open("wb") as stream:
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ignore,  # noqa: PLW1509 - it only sets three signals
        )


def session(leader: int) -> list[psutil.Process]:
    """Processes of a session that are alive."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


MAKE = ("make", "-o", "install", f"RUN={' '.join(CLI)}", "ui")


@pytest.mark.parametrize("through", ["make", "shelfspace"])
def test_a_ui_in_the_background_of_a_script_ends_on_sigterm(
    tmp_path: Path, told: dict[str, str], through: str
) -> None:
    port, log = free_port(), tmp_path / "ui.log"
    if through == "make":
        command = (*MAKE, f"PORT={port}", f"CATALOG={told['SHELFSPACE_CATALOG']}")
        server = start(log, told, *command, ignored=IN_A_SCRIPT)
    else:
        # Some launchers ignore SIGTERM as well; make would then pass none on.
        server = start(log, told, *CLI, "ui", "--port", str(port), ignored=(*IN_A_SCRIPT, signal.SIGTERM))
    try:
        address = f"http://127.0.0.1:{port}/server_info"
        wait_for(lambda: httpx.get(address).status_code == 200, 180, server, log)
        assert len(session(server.pid)) > 2, "the webserver, the daemon, a code server"
        os.kill(server.pid, signal.SIGTERM)
        wait_for(lambda: server.poll() is not None and not session(server.pid), 60, log=log)
    finally:
        for process in session(server.pid):
            process.kill()


def runs(home: Path) -> list[dg.DagsterRun]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return list(instance.get_runs())


def collect(environment: dict[str, str]) -> None:
    """The next run, to its end."""
    done = subprocess.run(
        [*CLI, "run", "collection"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_is_one_line_and_the_next_run_goes_on(tmp_path: Path, told: dict[str, str]) -> None:
    log, home = tmp_path / "run.log", tmp_path / "workspaces" / "tiny" / "state" / "dagster"
    running = start(log, told, *CLI, "run", "preprocessing")
    running.wait(120)  # refused: nothing is collected yet; Dagster's home is there from then on
    assert running.returncode == 2
    running = start(log, told, *CLI, "run", "chain")
    wait_for(lambda: "raw_products" in log.read_text(), 120, running, log, pause=0.05)
    os.kill(running.pid, signal.SIGINT)
    assert running.wait(60) == 130
    said = log.read_text()
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "stopped; run the same again to go on where it was"
    assert runs(home)[0].status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    done = subprocess.run(
        [*CLI, "run", "collection"], cwd=PROJECT, env=told, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_killed_run_is_marked_failed_at_the_next_start(tmp_path: Path, told: dict[str, str]) -> None:
    log, home = tmp_path / "run.log", tmp_path / "workspaces" / "tiny" / "state" / "dagster"
    running = start(log, told, *CLI, "run", "chain")
    wait_for(lambda: "raw_products" in log.read_text(), 120, running, log, pause=0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(10)
    (killed,) = runs(home)
    assert killed.status is dg.DagsterRunStatus.STARTED
    done = subprocess.run(
        [*CLI, "run", "collection"], cwd=PROJECT, env=told, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    states = {run.run_id: run.status for run in runs(home)}
    assert states.pop(killed.run_id) is dg.DagsterRunStatus.FAILURE
    assert list(states.values()) == [dg.DagsterRunStatus.SUCCESS]
