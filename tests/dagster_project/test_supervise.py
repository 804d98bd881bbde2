"""What brings the servers back after a kill: units and compose file start what the command line has."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
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
NGINX = shutil.which("nginx")
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


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed, so no proxy stood before the UI")
def test_the_proxy_stands_before_the_ui() -> None:
    text = (FOLDER / "nginx.conf").read_text()
    assert text.count("auth_basic_user_file") == text.count("proxy_pass") == text.count("server {") == 2


@contextmanager
def proxied(folder: Path, upstream: int) -> Iterator[str]:
    """A real nginx with docs/supervise/nginx.conf before a UI; anna's password is sesame."""
    folder.mkdir()
    name, port = "/CN=dagster.shop.example", free_port()
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", name, *files],
        check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(["openssl", "passwd", "-6", "sesame"], capture_output=True, text=True, check=True)
    (folder / "people").write_text(f"anna:{hashed.stdout}")
    site = (FOLDER / "nginx.conf").read_text().replace("/etc/shelfspace", str(folder))
    site = site.replace("listen 443", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:3001", f"127.0.0.1:{upstream}"
    )
    (folder / "site.conf").write_text(site)
    own = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()}; pid {folder}/pid; error_log {folder}/error.log; daemon off; events {{}}"
        f"http {{ access_log off; {own} include {folder}/site.conf; }}"
    )
    with subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")]) as server:
        try:
            wait_for((folder / "pid").exists, 20, server)
            yield f"https://127.0.0.1:{port}"
        finally:
            server.terminate()


def keeps_strangers_out(address: str) -> None:
    """The UI behind the proxy: with a name and password, asked by its own pages or by none."""
    host = "dagster.shop.example"

    def status(auth: tuple[str, str] | None, **headers: str) -> int:
        asked = {"host": host, **headers}
        return httpx.get(f"{address}/server_info", headers=asked, auth=auth, verify=False).status_code

    anna = ("anna", "sesame")
    assert (status(None), status(("anna", "open")), status(anna)) == (401, 401, 200)
    assert status(anna, origin="https://another.example") == 403
    assert status(anna, origin=f"https://{host}") == 200
    assert status(None, host="drift.shop.example") == 401


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_daemon_and_ui_come_back_by_the_units_own_commands_and_a_proxy_keeps_strangers_out(
    tmp_path: Path,
) -> None:
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
        if NGINX:  # else said by the test below
            with proxied(tmp_path / "nginx", port) as address:
                keeps_strangers_out(address)
        for name in ("daemon", "webserver"):
            os.kill(running[name].pid, signal.SIGKILL)  # as the kernel does when memory runs out
            running[name].wait(10)
            start(name)
        wait_for(lambda: beats() == 2 and healthy(), 180, running["daemon"], tmp_path / "daemon.log")
        assert "has its daemon already" not in (tmp_path / "daemon.log").read_text()
    finally:
        for process in running.values():
            os.killpg(process.pid, signal.SIGKILL)
