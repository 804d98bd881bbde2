"""The real Dagster daemon, killed with -9 or there twice; what was delivered is released all the same."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from functools import partial

from benchmarks.faults.deliveries import deliver
from benchmarks.faults.fault import Fault
from benchmarks.faults.served import (
    child_of,
    command,
    environment,
    interface,
    kill_all,
    stopped,
    until,
)
from benchmarks.faults.world import Ended, World
from benchmarks.serving.servers import Server
from catalog.deliveries.pending import pending

__all__ = ["daemons"]

DAEMON = "dagster._daemon"
"""In the command line of the daemon."""
SECONDS = 420


def run_going(world: World, server: Server) -> bool:
    """Whether a run that the daemon asked for is at work."""
    del server
    return world.workspace.holder() is not None


def collected(world: World, server: Server) -> bool:
    """Whether that run has taken the delivery."""
    return run_going(world, server) and any((world.workspace.inbox / "done").glob("*.csv"))


def sensor_looks(world: World, server: Server) -> bool:
    """Whether a sensor is being evaluated: its tick has begun and not ended."""
    del server
    file = world.workspace.state / "dagster" / "schedules" / "schedules.db"
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        asked = "SELECT count(*) FROM job_ticks WHERE status = 'STARTED' AND type = 'SENSOR'"
        return bool(database.execute(asked).fetchone()[0])


def killed(what: str, moment: Callable[[World, Server], bool], world: World) -> Ended:
    """Deliver, start the daemon, and kill -9 one of its processes, or all, at a moment."""
    deliver(world)
    with stopped(interface(world)) as server:
        if not until(lambda: moment(world, server), SECONDS, 0.005):
            return Ended("crashed", f"{moment.__name__} never held")
        if not what:
            kill_all(server)
            return Ended("killed")
        process = child_of(server, what)
        if process is None:
            return Ended("crashed", f"no process of {what}")
        process.kill()
        return Ended("killed")


def started_again(world: World) -> Ended:
    """Start it again, and leave it until nothing that was delivered waits."""
    with stopped(interface(world)):
        if not until(lambda: not pending(world.workspace, 0) and not world.workspace.holder(), SECONDS, 0.5):
            waiting = [one.said for one in pending(world.workspace, 0)]
            return Ended("crashed", f"not released: {waiting or world.workspace.held_by()}")
    return Ended("done")


def second_interface(world: World) -> Ended:
    """`shelfspace ui` while one is there."""
    with stopped(interface(world)) as server:
        words = command("dagster_project.cli", "ui", "--port", str(server.port + 1))
        done = subprocess.run(
            words, env=environment(world), capture_output=True, text=True, timeout=180, check=False
        )
        return Ended("refused" if done.returncode == 2 else "crashed", done.stderr)


def second_daemon(world: World) -> Ended:
    """A second daemon past that: Dagster's own, in the same home."""
    home = {"DAGSTER_HOME": str(world.workspace.state / "dagster")}
    words = command("dagster._daemon", "run", "-m", "dagster_project.definitions")
    with stopped(interface(world)) as server, server.log.with_suffix(".second.log").open("wb") as log:
        other = subprocess.Popen(
            words, env={**environment(world), **home}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            deliver(world)
            there = until(lambda: not pending(world.workspace, 0) and not world.workspace.holder(), SECONDS)
            return Ended("done") if there else Ended("crashed", "not released")
        finally:
            os.killpg(other.pid, 15)
            other.wait(30)


def nothing(world: World) -> Ended:
    """Nothing is to be done."""
    del world
    return Ended("done")


def daemons() -> list[Fault]:
    """kill -9 of Dagster's processes, one or all, at several moments; two of them."""
    killings = [
        ("the daemon", "while a run is going", DAEMON, run_going),
        ("the daemon", "while a sensor evaluates", DAEMON, sensor_looks),
        ("the daemon and all it started", "when a run has taken a delivery", "", collected),
    ]
    return [
        *(
            Fault(
                f"kill -9 of {name}",
                where,
                partial(killed, what, moment),
                started_again,
                ("killed",),
                "delivered",
            )
            for name, where, what, moment in killings
        ),
        Fault("two daemons at once", "shelfspace ui", second_interface, nothing, ("refused",)),
        Fault("two daemons at once", "past the lock", second_daemon, started_again, ("done",), "delivered"),
    ]
