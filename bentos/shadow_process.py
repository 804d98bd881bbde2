"""`python -m bentos.shadow_process`: answers what the service hands over, by another release.

Started by `bentos.serving.shadow`. It has the lowest priority and bounded memory, listens on no port, and
writes to nothing but its scratch folder: the release is linked there, and the changes since are copied.
"""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bentos.api.parsing import Files
from bentos.application import Application
from bentos.config import ServiceConfig, read_config
from bentos.errors import RequestError
from bentos.serving.engine import limit_threads
from bentos.serving.shadow.worker import receive, send
from bentos.telemetry.metrics import METRICS
from releases.shadow.compare import answer_of
from shelfspace.database import copy_database
from shelfspace.errors import ShelfspaceError
from shelfspace.parent import end_with_parent

__all__ = ["main"]


def step_back(megabytes: int) -> None:
    """Take what processor time others leave, and bounded memory; be the first to go where that is short."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # not Linux, or not allowed in this container
        Path("/proc/self/oom_score_adj").write_text("1000")
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


def config_for(release: Path, workspace: Path, scratch: Path) -> ServiceConfig:
    """The service's own configuration, over a workspace in `scratch` whose live release is this one."""
    config = read_config()
    (scratch / "releases" / release.name).symlink_to(release)
    (scratch / "releases" / "current").write_text(release.name + "\n")
    copy_changes(sorted((workspace / "delta").glob("*.log")), scratch / "delta")
    # What the server of PostgreSQL holds belongs to the live release.
    service = config.settings.service.model_copy(update={"index": "release"})
    settings = config.settings.model_copy(update={"service": service})
    return replace(config, settings=settings, releases=scratch, baked_release=None, live=None, keys=None)


def copy_changes(logs: Iterable[Path], folder: Path) -> None:
    """Copies of the logs of changes, each as it is at one moment, while the service writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in logs:
        copy_database(log, folder / log.name)


def megabytes_held() -> float:
    """The most memory that the process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1)


async def answer(application: Application, asked: dict[str, Any], files: Files | None) -> dict[str, Any]:
    """What the release answers, its refusal, or its failure."""
    begin = time.perf_counter()
    try:
        said = await application.answer(asked["name"], asked["body"], files)
    except RequestError as refusal:
        return {"refused": str(refusal)}
    except Exception as error:  # noqa: BLE001 - told to the service, which counts failures and says them
        return {"failed": f"{type(error).__name__}: {error}"[:500]}
    seconds = time.perf_counter() - begin
    results = [said["result"]] if "result" in said else said["results"]
    return {"answers": [answer_of(one) for one in results], "seconds": seconds}


def main() -> None:
    """Load, say so, and answer until the service ends the process."""
    descriptor, parent, release, workspace, scratch, megabytes = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the service's to act on
    step_back(int(megabytes))
    end_with_parent(int(parent))
    connection = Connection(int(descriptor))
    application = Application(config_for(Path(release), Path(workspace), Path(scratch)))
    limit_threads(application.config.settings.service.threads)
    try:
        loaded = application.engine.refresh()
        problem = application.engine.problem
    except ShelfspaceError as error:
        loaded, problem = False, str(error)
    if not loaded:
        send(connection, {"failed": problem})
        return
    sequence = application.engine.require().view().delta.sequence
    send(connection, {"sequence": sequence, "megabytes": megabytes_held()})
    with asyncio.Runner() as runner:
        while True:
            try:
                asked = receive(connection)
            except EOFError:
                return
            photos, sounds = (
                tuple(connection.recv_bytes() for _ in range(asked[kind])) for kind in ("photos", "sounds")
            )
            files = Files(photos, sounds) if photos or sounds else None
            said = runner.run(answer(application, asked, files))
            METRICS.fold()
            send(connection, {**said, "megabytes": megabytes_held()})


if __name__ == "__main__":
    main()
