"""Run a job in this process, under Dagster's own records.

No code server and no further process is started. The run carries the origin that the Dagster UI gives
to runs of its own, so it stands on the timeline and on its job's page, and can be started again there.
"""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from filelock import FileLock, Timeout
from tqdm import tqdm

from dagster_project.automation import run_config, tell_dvc
from dagster_project.outcome import Outcome
from shelfspace.workspace import PROJECT, Workspace

__all__ = ["close_dead_runs", "launch_job"]

MODULE = "dagster_project.definitions"
"""What `dg dev -m` loads; the name of the code location in the UI."""

HERE = "shelfspace/launched"
"""Tag of the runs that a process of the command line works on, and no code server watches."""


def launch_job(workspace: Workspace, job: str, launched_by: str = "launch", cause: str = "") -> Outcome:
    """Run a job to its end, quiet but for warnings and what the assets themselves say.

    Unless DVC started it, a successful run is followed by `dvc commit` of its stages: DVC refuses
    that from within.

    Args:
        workspace: prepared by `environment.prepare`.
        job: name of a stage or a loop.
        launched_by: `launch` (a person) or `dvc`.
        cause: why, for the run's record.
    """
    if sys.stderr.isatty():
        # A step's output is captured and passed on, so it cannot see that a person is watching.
        os.environ.setdefault("SHELFSPACE_PROGRESS", "1")
    for kind in (DeprecationWarning, FutureWarning):
        # Deprecations inside libraries are theirs, not the operator's.
        warnings.filterwarnings("ignore", category=kind)
    from dagster_project.definitions import defs

    print(f"{job} on {workspace.name}", file=sys.stderr)
    definition = defs.resolve_job_def(job)
    with dg.DagsterInstance.get() as instance, contextlib.chdir(PROJECT):
        close_dead_runs(instance, workspace)
        run = instance.create_run_for_job(
            definition,
            run_config=quiet_config(launched_by, cause),
            tags={**definition.run_tags, HERE: launched_by},
            remote_job_origin=origin(job),
        )
        outcome = Outcome(run.run_id)
        instance.add_event_listener(run.run_id, outcome.take)
        instance.add_event_listener(run.run_id, say_warnings)
        with held(workspace, run.run_id):
            execute_run(InMemoryJob(definition), run, instance)
    if outcome.success and launched_by != "dvc":
        said = tell_dvc(workspace, job)
        if said:
            print(f"  dvc commit             {said}", file=sys.stderr)
    return outcome


def quiet_config(launched_by: str, cause: str) -> dict[str, Any]:
    """Run configuration: who asked and why; Dagster's own console output off, failures included."""
    silent = {"console": {"config": {"log_level": "CRITICAL"}}}
    return {**run_config(launched_by, cause), "loggers": silent}


def origin(job: str) -> RemoteJobOrigin:
    """Where the Dagster UI finds the job: the code location that `dg dev -m` makes of the definitions."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=MODULE, working_directory=str(PROJECT)
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=MODULE)
    return RemoteRepositoryOrigin(location, "__repository__").get_job_origin(job)


def say_warnings(entry: dg.EventLogEntry) -> None:
    """Pass an asset's own warnings on; Dagster's events, and what a failure stops, come as an outcome."""
    told = entry.dagster_event is None and not entry.user_message.startswith("Dependencies for step ")
    if told and int(entry.level) >= logging.WARNING:
        tqdm.write(f"  warning: {entry.user_message}", file=sys.stderr)


def close_dead_runs(instance: dg.DagsterInstance, workspace: Workspace) -> list[str]:
    """Mark runs of the command line as failed whose process ended without a word; returns their ids.

    Nothing else does: Dagster asks a code server after a run, and these runs have none.
    """
    unfinished = [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    closed = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=unfinished)):
        if HERE not in run.tags:
            continue
        with contextlib.suppress(Timeout), held(workspace, run.run_id):
            instance.report_run_failed(run, "The process of this run ended without a word (killed?).")
            closed.append(run.run_id)
    return closed


@contextlib.contextmanager
def held(workspace: Workspace, run_id: str) -> Iterator[None]:
    """Hold the file that says that a run's process lives; the system frees it with a dead holder.

    Raises:
        Timeout: another process holds it.
    """
    folder = workspace.state / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{run_id}.lock"
    with FileLock(file, timeout=0):
        yield
    file.unlink(missing_ok=True)
