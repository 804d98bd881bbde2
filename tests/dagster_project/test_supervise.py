"""What brings the servers back after a kill: units and compose file start what the command line has."""

import os
import shutil
import signal
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from catalog.sample import build_sample
from dagster_project.cli.app import shelfspace
from tests.conftest import PROJECT
from tests.end_to_end.conftest import free_port
from tests.waiting import wait_for

FOLDER = PROJECT / "docs" / "supervise"
UNITS = sorted((FOLDER / "systemd").glob("*.service"))
HEALTH = "{ instance { daemonHealth { allDaemonStatuses { daemonType healthy required } } } }"
CLI = [sys.executable, "-m", "dagster_project.cli"]


class CaseKept(ConfigParser):
    """systemd's keys keep their case, and one may stand several times."""

    optionxform = staticmethod(str)  # type: ignore[assignment]


def unit(path: Path) -> CaseKept:
    parsed = CaseKept(interpolation=None, strict=False)
    parsed.read(path)
    return parsed


def started_by(path: Path) -> list[str]:
    """What a unit starts, without the program."""
    program, *words = unit(path)["Service"]["ExecStart"].split()
    assert program == "/opt/shelfspace/.venv/bin/shelfspace"
    return words


def taken(words: list[str]) -> None:
    """The command line takes the words, or click says what it does not."""
    command = shelfspace.commands[words[0]]
    with click.Context(command) as context:
        command.parse_args(
            context, [word.replace("${UI_PORT}", "1").replace("${SERVICE_PORT}", "1") for word in words[1:]]
        )


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_each_unit_starts_a_command_that_is_there_and_starts_it_again(path: Path) -> None:
    taken(started_by(path))
    service = unit(path)["Service"]
    assert (service["Restart"], service["NoNewPrivileges"]) == ("always", "yes")
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0", "or systemd gives up after five kills"
    assert path.name.split("@")[0] == f"shelfspace-{started_by(path)[0]}"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_each_unit(path: Path, tmp_path: Path) -> None:
    here = path.read_text().replace("/opt/shelfspace/.venv/bin/shelfspace", "/bin/true")
    here = here.replace("/opt/shelfspace", str(tmp_path)).replace("User=shelfspace", "User=root")
    (tmp_path / path.name).write_text(here)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / path.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_starts_the_same_three() -> None:
    described: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    commands = {name: service["command"] for name, service in described["services"].items()}
    assert {words[0] for words in commands.values()} == {started_by(path)[0] for path in UNITS}
    for name, words in commands.items():
        taken(words)
        service = described["services"][name]
        assert (service["restart"], service["network_mode"]) == ("always", "host")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_daemon_and_ui_come_back_by_the_units_own_commands(tmp_path: Path) -> None:
    build_sample(tmp_path / "tiny", seed=3, products=96)
    port, catalog = free_port(), str(tmp_path / "tiny")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "DAGSTER_", "PYTEST"))}
    environment = {
        **kept, "PYTHONPATH": str(PROJECT), "SHELFSPACE_WORKSPACES": str(tmp_path / "workspaces"),
    }  # fmt: skip
    running: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str) -> None:
        (path,) = (path for path in UNITS if path.name.startswith(f"shelfspace-{name}@"))
        words = [w.replace("%i", catalog).replace("${UI_PORT}", str(port)) for w in started_by(path)]
        with (tmp_path / f"{name}.log").open("ab") as log:
            running[name] = subprocess.Popen(
                [*CLI, *words], cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def healthy() -> bool:
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": HEALTH}, timeout=10)
        found = answer.json()["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(status["healthy"] for status in found if status["required"])

    def beats() -> int:
        return (
            (tmp_path / "daemon.log").read_text().count("Instance is configured with the following daemons")
        )

    try:
        start("webserver")
        start("daemon")
        wait_for(healthy, 180, running["webserver"], tmp_path / "webserver.log")
        for name in ("daemon", "webserver"):
            os.kill(running[name].pid, signal.SIGKILL)  # as the kernel does when memory runs out
            running[name].wait(10)
            start(name)
        wait_for(lambda: beats() == 2 and healthy(), 180, running["daemon"], tmp_path / "daemon.log")
        assert "has its UI already" not in (tmp_path / "daemon.log").read_text()
    finally:
        for process in running.values():
            os.killpg(process.pid, signal.SIGKILL)
