"""When things run by themselves: drift, deliveries, the week, and what DVC has to be told."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from assets.lib.dvc import commit_stages
from assets.monitoring import latest_verdict
from catalog.sources.inbox import waiting
from dagster_project.graph import stages_of
from dagster_project.scrub import scrub_schedule
from shelfspace.errors import BusyError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Automation
from shelfspace.workspace import PROJECT, Workspace

__all__ = ["automations", "run_config", "tell_dvc"]


def run_config(launched_by: str, cause: str) -> dict[str, Any]:
    """Run configuration that records who asked and why."""
    return {"resources": {"shop": {"config": {"launched_by": launched_by, "cause": cause}}}}


def tell_dvc(workspace: Workspace, job: str) -> str:
    """`dvc commit` of what a successful job may have changed; says what was done.

    While another run holds the workspace its files are neither this run's nor whole: that run tells DVC
    when it has ended.
    """
    try:
        with workspace.lock(holder="dvc commit"):
            return ", ".join(commit_stages(PROJECT, workspace.root, stages_of(job)))
    except BusyError:
        return f"left to the run that is at work now: {workspace.held_by()}"


def drift_decision(
    verdict: Mapping[str, Any] | None, cursor: str | None, now: datetime, cooldown: timedelta
) -> tuple[str | None, str, str]:
    """Whether a drift verdict starts a retraining.

    Args:
        verdict: what `latest_verdict` gave.
        cursor: JSON of the last decision, {"key": ..., "fired": ISO time or null}.
        now: present time, with a zone.
        cooldown: least time between two retrainings started by drift.

    Returns:
        (run key or None, reason, new cursor).
    """
    last = json.loads(cursor) if cursor else {"key": None, "fired": None}
    same = json.dumps(last)
    if verdict is None:
        return None, "no drift report yet; the monitoring job writes one", same
    if verdict["key"] == last["key"]:
        return None, "this drift report has been acted on", same
    if not verdict["drifted"]:
        return None, "the last drift report found no drift", json.dumps({**last, "key": verdict["key"]})
    if last["fired"] is not None and now - datetime.fromisoformat(last["fired"]) < cooldown:
        until = datetime.fromisoformat(last["fired"]) + cooldown
        return (
            None,
            f"drift, but the cool-down lasts until {until:%Y-%m-%d %H:%M} UTC: {verdict['cause']}",
            same,
        )
    return verdict["key"], verdict["cause"], json.dumps({"key": verdict["key"], "fired": now.isoformat()})


def automations(settings: Automation) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """Sensors and schedules with the intervals of params.yaml."""

    @dg.sensor(
        job_name="retrain",
        minimum_interval_seconds=settings.drift_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts retraining when a drift report says that catalogue or traffic has moved.",
    )
    def drift_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        verdict = latest_verdict(Workspace.open())
        key, reason, cursor = drift_decision(
            verdict, context.cursor, datetime.now(UTC), timedelta(hours=settings.cooldown_hours)
        )
        if key is None:
            return dg.SensorResult(skip_reason=reason, cursor=cursor)
        request = dg.RunRequest(
            run_key=f"drift-{key}",
            run_config=run_config("drift sensor", reason),
            tags={"shelfspace/cause": "drift"},
        )
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    @dg.sensor(
        job_name=settings.inbox_job,
        minimum_interval_seconds=settings.inbox_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Collects deliveries from the workspace's inbox and brings the release up to date.",
    )
    def inbox_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        workspace = Workspace.open()
        workspace.inbox.mkdir(exist_ok=True)
        deliveries = waiting(workspace.inbox)
        if not deliveries:
            return dg.SkipReason(f"no delivery in {workspace.inbox}")
        key = fingerprint([(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in deliveries])
        names = ", ".join(p.name for p in deliveries)
        return dg.RunRequest(
            run_key=f"inbox-{key}",
            run_config=run_config("inbox sensor", f"delivery of {names}"),
            tags={"shelfspace/cause": "delivery"},
        )

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells DVC which bytes a successful run left, unless DVC itself started it.",
    )
    def dvc_commit_sensor(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        resources: Any = run.run_config.get("resources", {})
        config = resources.get("shop", {}).get("config", {})
        if config.get("launched_by") in ("dvc", "launch"):
            return dg.SkipReason("whoever launched this run tells DVC itself")
        said = tell_dvc(Workspace.open(), run.job_name) or "no stage of this workspace is in dvc.yaml"
        context.log.info(f"dvc commit: {said}")
        return None

    weekly = dg.ScheduleDefinition(
        name="weekly_retrain",
        job_name="retrain",
        cron_schedule=settings.weekly,
        execution_timezone=settings.timezone,
        run_config=run_config("schedule", "the weekly retraining"),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Retrains when automation.weekly says; unchanged data trains nothing.",
    )
    hourly = dg.ScheduleDefinition(
        name="hourly_drift",
        job_name="monitoring",
        cron_schedule=settings.drift_cron,
        execution_timezone=settings.timezone,
        run_config=run_config("schedule", "the hourly look at drift"),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Writes a drift report from the last requests and the present catalogue.",
    )
    return [drift_sensor, inbox_sensor, dvc_commit_sensor], [weekly, hourly, scrub_schedule(settings)]
