"""Runs whose process ended without a word, marked as failed.

A code server notices when a run that it started dies. Nobody does when the code server died as well (a
reboot, the machine's memory used up), or of a run of the command line, which has none: such a run would
count as at work for ever, and no other would start. So each run's process holds a file, and the system
frees it with its holder.
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord
from filelock import FileLock, Timeout

from dagster_project.tags import WORKSPACE
from shelfspace.workspace import Workspace

__all__ = ["close_dead_runs"]

AT_WORK = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
BEFORE_WORK = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
STARTING = timedelta(minutes=2)
"""From its start on a run may take so long until it holds its file."""
KEPT = 24 * 3600
"""Seconds for which the file of a run that has ended stays."""


def close_dead_runs(instance: dg.DagsterInstance, workspace: Workspace) -> list[str]:
    """Mark runs as failed whose process ended without a word; returns their ids."""
    closed = []
    for record in instance.get_run_records(filters=dg.RunsFilter(statuses=[*AT_WORK, *BEFORE_WORK])):
        run = record.dagster_run
        if not _holds_a_file(record, workspace):
            continue
        file = workspace.life(run.run_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout), FileLock(file, timeout=0):
            there = instance.get_run_by_id(run.run_id)
            if there is not None and not there.is_finished:
                instance.report_run_failed(run, "The process of this run ended without a word (killed?).")
                closed.append(run.run_id)
            file.unlink(missing_ok=True)
    for file in workspace.life("*").parent.glob("*.lock"):
        if time.time() - file.stat().st_mtime > KEPT:
            with suppress(Timeout), FileLock(file, timeout=0):
                file.unlink(missing_ok=True)
    return closed


def _holds_a_file(record: RunRecord, workspace: Workspace) -> bool:
    """Whether a run that is not finished has to hold its file by now.

    A run of the command line does from before its first event on; another one once it has begun. One that
    waits for its process is Dagster's to watch (`run_monitoring`), and that of another workspace is not ours.
    """
    run = record.dagster_run
    if workspace.life(run.run_id).exists():
        return True
    if run.status in BEFORE_WORK or run.tags.get(WORKSPACE) != workspace.name or record.start_time is None:
        return False
    return datetime.now(UTC) - datetime.fromtimestamp(record.start_time, UTC) > STARTING
