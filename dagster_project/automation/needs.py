"""Asking for a run until it has done its work: what was asked for before, and when to ask again.

A need is told by a key that stands on each run that was asked for on its behalf. Whether, and when, it is
asked for again follows from those runs alone, so a daemon that was killed takes it up where it was.
Dagster's own retries start a run again at once; a remote that is away, a full disk or a workspace that
another run holds want time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES, RunRecord

from dagster_project.outcome import why_failed
from dagster_project.tags import ATTEMPT, CAUSE, DECISION, NEED, TRAINED, WORKSPACE
from shelfspace.settings import Automation
from shelfspace.workspace import Workspace

__all__ = [
    "Attempt",
    "GivenUp",
    "Need",
    "ask",
    "attempts_at",
    "next_attempt",
    "run_config",
]


@dataclass(frozen=True)
class Need:
    """Something that a run has to be asked for.

    Attributes:
        key: what identifies it; the same until it has been met.
        kind: of cause, as the run's tag says it: delivery, source, drift, schedule.
        asker: who asks, as the run's configuration says it.
        cause: why, as a sentence.
        job: what is asked for.
        again: what is asked for after a failed run; default the same job.
        decision: what was decided of a drift report, as a tag of the run says it.
        since: s since the epoch; runs that ended before it were not asked for on its behalf: the same file
            may be delivered every night.
    """

    key: str
    kind: str
    asker: str
    cause: str
    job: str
    again: str = ""
    since: float = 0.0
    decision: str = ""


class GivenUp(dg.SkipReason):
    """A need that is no longer asked for: too many runs failed, and a person has to mend something."""


@dataclass(frozen=True)
class Attempt:
    """A run that was asked for on behalf of a need.

    Attributes:
        run_id: Dagster's.
        finished: whether it has ended; `ended` says when.
        success: whether Dagster calls that a success.
        ended: with a zone; None while it is at work.
        need: key of what it was asked for.
        trained: whether it trained, as far as its tag says: one that found nothing new did not.
    """

    run_id: str
    finished: bool
    success: bool
    ended: datetime | None
    need: str = ""
    trained: bool = True


def run_config(launched_by: str, cause: str) -> dict[str, Any]:
    """Run configuration that records who asked and why."""
    return {"resources": {"shop": {"config": {"launched_by": launched_by, "cause": cause}}}}


def attempts_at(instance: dg.DagsterInstance, workspace: Workspace, tag: str, value: str) -> list[Attempt]:
    """Runs of a workspace whose tag has a value, oldest first."""
    tags = {WORKSPACE: workspace.name, tag: value}
    records = instance.get_run_records(filters=dg.RunsFilter(tags=tags), limit=100, ascending=False)
    return [
        Attempt(
            record.dagster_run.run_id,
            record.dagster_run.is_finished,
            record.dagster_run.is_success,
            _ended(record),
            record.dagster_run.tags.get(NEED, ""),
            record.dagster_run.tags.get(TRAINED, "yes") == "yes",
        )
        for record in reversed(records)
    ]


def _ended(record: RunRecord) -> datetime | None:
    """When a run ended; None while it has not."""
    if not record.dagster_run.is_finished:
        return None
    return datetime.fromtimestamp(record.end_time or record.update_timestamp.timestamp(), UTC)


def unfinished(instance: dg.DagsterInstance, workspace: Workspace) -> str | None:
    """A run that waits its turn or is at work in a workspace; None where there is none."""
    states = [status for status in dg.DagsterRunStatus if status not in FINISHED_STATUSES]
    for run in instance.get_runs(dg.RunsFilter(statuses=states, tags={WORKSPACE: workspace.name}), limit=1):
        return f"run {run.run_id[:8]} ({run.job_name})"
    return None


def next_attempt(attempts: Sequence[Attempt], now: datetime, settings: Automation) -> tuple[int | None, str]:
    """The number of the attempt to ask for now, and why not where it is None.

    Args:
        attempts: what was asked for before, oldest first; a successful one counts as well, since the need
            is still there after it.
        now: present time, with a zone.
        settings: how often and after how long.
    """
    if not attempts:
        return 1, ""
    last, made = attempts[-1], len(attempts)
    if not last.finished:
        return None, f"run {last.run_id[:8]} is at work on it"
    how = "ended, and it is in no release yet" if last.success else "failed"
    if made >= settings.attempts:
        return None, f"given up after {made} runs, of which the last one, {last.run_id[:8]}, {how}"
    wait = timedelta(seconds=settings.retry_seconds * 2 ** (made - 1))
    due = (last.ended or now) + wait
    if now < due:
        return None, (
            f"run {last.run_id[:8]} {how}; attempt {made + 1} of {settings.attempts} at "
            f"{due.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        )
    return made + 1, ""


def ask(
    context: dg.SensorEvaluationContext,
    workspace: Workspace,
    need: Need,
    settings: Automation,
    attempts: Sequence[Attempt] | None = None,
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run on behalf of a need, unless one is at work, waits its turn, or too many failed.

    Args:
        context: of the sensor.
        workspace: whose lock says whether a run is at work.
        need: what is to be done.
        settings: how often and after how long it is asked again.
        attempts: what was asked for before; default the runs with this need's key.
    """
    made = attempts_at(context.instance, workspace, NEED, need.key) if attempts is None else attempts
    made = [run for run in made if run.ended is None or run.ended.timestamp() >= need.since]
    number, reason = next_attempt(made, datetime.now(UTC), settings)
    if made and made[-1].finished and not made[-1].success:
        reason = f"{reason}: {why_failed(context.instance, made[-1].run_id)}"
    if number is None:
        said = f"{need.cause}: {reason}"
        if len(made) >= settings.attempts and made[-1].finished:
            said += f"; mend that, then run: {workspace.command(f'run {need.again or need.job}')}"
            context.log.error(said)
            return GivenUp(said)
        return dg.SkipReason(said)
    first = workspace.holder() or unfinished(context.instance, workspace)
    if first:
        return dg.SkipReason(f"{need.cause}: asked for when {first} has ended, which may do it as well")
    if number > 1:
        context.log.warning(f"{need.cause}: attempt {number} of {settings.attempts}{reason}")
    tags = {CAUSE: need.kind, NEED: need.key, ATTEMPT: str(number), WORKSPACE: workspace.name}
    return dg.RunRequest(
        job_name=need.job if number == 1 else need.again or need.job,
        run_config=run_config(need.asker, need.cause),
        tags={**tags, DECISION: need.decision} if need.decision else tags,
    )
