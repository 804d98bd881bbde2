"""`ui`, `daemon`, `webserver`, `serve`, `drift`: servers that take this process's place."""

import fcntl
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from dagster_project.cli.options import (
    catalog_option,
    check_catalog,
    existing_workspace,
    port_option,
)
from shelfspace.errors import ArtifactError, BusyError

__all__ = ["daemon", "drift", "serve", "ui", "webserver"]

DEFINITIONS = ("-m", "dagster_project.definitions")


@click.command(epilog="Example: shelfspace ui --port 3101")
@catalog_option
@port_option(3001)
def ui(catalog: str | None, port: int) -> None:
    """Serve the Dagster UI with its daemon: runs, sensors, schedules.

    One process group for a desk. Under a supervisor run `daemon` and `webserver` instead, which come back
    each by itself.
    """
    from dagster_project.environment import prepare
    from shelfspace.ports import check_port_free
    from shelfspace.workspace import Workspace

    check_catalog(Workspace.find(catalog), read_tables=False)
    check_port_free("127.0.0.1", port)
    handle = hold_daemon(prepare(catalog).state, f"http://127.0.0.1:{port}")
    try:
        become(_tool("dg"), "dev", *DEFINITIONS, "-h", "127.0.0.1", "-p", str(port))
    finally:
        os.close(handle)  # it became nothing: the daemon is free again


@click.command(epilog="Example: shelfspace daemon --catalog path/to/my-shop")
@catalog_option
def daemon(catalog: str | None) -> None:
    """Run Dagster's daemon alone, for a supervisor: sensors, schedules and the runs they ask for."""
    from dagster_project.environment import prepare
    from shelfspace.workspace import Workspace

    check_catalog(Workspace.find(catalog), read_tables=False)
    handle = hold_daemon(prepare(catalog).state, "the daemon alone")
    try:
        become(sys.executable, "-m", "dagster_project.code_server", "run", *DEFINITIONS)
    finally:
        os.close(handle)


@click.command(epilog="Example: shelfspace webserver --port 3001 --read-only")
@catalog_option
@port_option(3001)
@click.option("--read-only", is_flag=True, help="Who looks at it can start, stop and switch nothing.")
def webserver(catalog: str | None, port: int, read_only: bool) -> None:
    """Serve the Dagster UI alone, for a supervisor; `shelfspace daemon` runs beside it."""
    from dagster_project.environment import prepare
    from shelfspace.ports import check_port_free
    from shelfspace.workspace import Workspace

    check_catalog(Workspace.find(catalog), read_tables=False)
    check_port_free("127.0.0.1", port)
    prepare(catalog)
    told = ("--read-only",) if read_only else ()
    become(_tool("dagster-webserver"), *DEFINITIONS, "-h", "127.0.0.1", "-p", str(port), *told)


@click.command(epilog="Example: shelfspace serve --catalog flipkart --port 3100")
@catalog_option
@port_option(None, "default service.port of params.yaml")
@click.option("--host", help="The address; default service.host. An open one needs API keys.")
@click.option("--bento", help="The tag to serve; default the workspace's own.")
def serve(catalog: str | None, port: int | None, host: str | None, bento: str | None) -> None:
    """Serve the released Bento: the storefront and the API."""
    workspace = existing_workspace(catalog)
    asked = {"--catalog": workspace.catalog, "--port": port, "--host": host, "--bento": bento}
    told = [part for name, value in asked.items() if value is not None for part in (name, str(value))]
    become(sys.executable, "-m", "bentos", *told)


@click.command(epilog="Example: shelfspace drift --port 3102")
@catalog_option
@port_option(3002)
def drift(catalog: str | None, port: int) -> None:
    """Serve the drift dashboard (Evidently)."""
    from dagster_project.environment import prepare
    from shelfspace.ports import check_port_free

    workspace = existing_workspace(catalog)
    place = workspace.state / "evidently"
    if not place.is_dir():
        raise ArtifactError(
            f"workspace {workspace.name} has no drift report yet; make one with: "
            f"{workspace.command('demo')}, or {workspace.command('run monitoring')}"
        )
    check_port_free("127.0.0.1", port)
    prepare(workspace.catalog)
    become(_tool("evidently"), "ui", "--workspace", str(place), "--host", "127.0.0.1", "--port", str(port))


def hold_daemon(state: Path, address: str) -> int:
    """Hold a workspace's daemon for as long as the handle it gives is open, whatever this process becomes.

    Two daemons would each ask for the same runs.

    Args:
        state: of the workspace.
        address: where the UI will be, which a second one is told.

    Raises:
        BusyError: another process holds it; says where its UI is.
    """
    handle = os.open(state / "daemon.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held = os.pread(handle, 1000, 0).decode()
        os.close(handle)
        raise BusyError(
            f"workspace {state.parent.name} has its daemon already ({held}): use that, or end it first"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{address}, process {os.getpid()}".encode(), 0)
    os.set_inheritable(handle, True)  # through `become`; children that a server starts get no such handle
    return handle


def _tool(name: str) -> str:
    """A command of this environment, wherever the shell's PATH points."""
    return str(Path(sys.executable).with_name(name))


def become(*command: str) -> NoReturn:
    """Become a server in this process's place, so that Ctrl-C and SIGTERM reach it.

    A shell starts background jobs with signals ignored, and that is inherited: `dg dev` would then
    end its children by a SIGINT that they ignore. So the signals that end a server are set back.
    """
    from shelfspace.workspace import PROJECT

    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(PROJECT)
    os.execv(command[0], command)  # noqa: S606 - no shell is meant
