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
from tqdm import tqdm

from assets.lib.life import hold_life, let_go
from dagster_project.automation import run_config, tell_dvc
from dagster_project.dead_runs import close_dead_runs
from dagster_project.outcome import Outcome
from dagster_project.tags import CAUSE, WORKSPACE
from shelfspace.workspace import PROJECT, Workspace

__all__ = ["launch_job", "own_streams"]

ASKED_BY = {"launch": "a person", "dvc": "DVC"}

MODULE = "dagster_project.definitions"
"""What `dg dev -m` loads; the name of the code location in the UI."""


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
            tags={
                **definition.run_tags,
                WORKSPACE: workspace.name,
                CAUSE: cause or f"asked for by {ASKED_BY.get(launched_by, launched_by)}",
            },
            remote_job_origin=origin(job),
        )
        outcome = Outcome(run.run_id)
        instance.add_event_listener(run.run_id, outcome.take)
        instance.add_event_listener(run.run_id, say_warnings)
        hold_life(workspace, run.run_id)
        with own_streams():
            execute_run(InMemoryJob(definition), run, instance)
        let_go(workspace, run.run_id)
    if outcome.success and launched_by != "dvc":
        said = tell_dvc(workspace, job)
        if said:
            print(f"  dvc commit             {said}", file=sys.stderr)
    return outcome


@contextlib.contextmanager
def own_streams() -> Iterator[None]:
    """Give this process its output back, whatever ends the run.

    Dagster sends a step's output to files of its own; where the disk is full it fails before it undoes
    that, and nothing could be said any more.
    """
    kept = [(os.dup(handle), handle) for handle in (1, 2)]
    try:
        yield
    finally:
        for copy, handle in kept:
            os.dup2(copy, handle)
            os.close(copy)


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
