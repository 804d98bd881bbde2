"""Sensors and schedules, as Dagster loads them; what they decide stands in the modules beside this one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from assets.lib.shop import Shop, settings_of
from assets.monitoring import latest_verdict, not_looked_at
from catalog.sources.open import open_catalog
from dagster_project.automation.alarms import REFUSED
from dagster_project.automation.alerting import alert_events
from dagster_project.automation.drift import drift_need, open_attempts, report_need
from dagster_project.automation.ledger_page import ledger_events
from dagster_project.automation.needs import GivenUp, Need, ask, attempts_at, run_config
from dagster_project.automation.recording import tell_dvc
from dagster_project.automation.refreshing import delivery_need, source_need
from dagster_project.automation.shadow_page import shadow_events
from dagster_project.dead_runs import close_dead_runs
from dagster_project.jobs import JOBS
from dagster_project.scrub import scrub_schedule
from dagster_project.tags import CAUSE, NEED, WORKSPACE
from releases import current_id
from releases.bars import gone_back
from releases.champion import champion
from shelfspace.errors import CatalogError, ShelfspaceError
from shelfspace.settings import Settings, load_settings
from shelfspace.workspace import Workspace, params_file

__all__ = ["automations", "present_settings"]

SHADOW_SECONDS = 300
RUNNING = dg.DefaultSensorStatus.RUNNING
Look = Callable[[dg.SensorEvaluationContext, Workspace], dg.SensorResult | dg.SkipReason | dg.RunRequest]


def present_settings() -> Settings:
    """The settings of the present catalogue: params.yaml, or what SHELFSPACE_PARAMS names, and catalog.yaml.

    A catalogue that is not there leaves the former: each sensor and run says what is wrong with it. The
    sample has settings of its own once its first run has written it.
    """
    workspace = Workspace.find()
    written = workspace.state / "source" / "sample" / "catalog.yaml"
    if workspace.catalog != "sample" or written.exists():
        try:
            return settings_of(open_catalog(workspace.catalog, cache=workspace.state / "source"))
        except CatalogError:
            pass
    return load_settings(params_file())


def automations(settings: Settings) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """Sensors and schedules with the intervals of the settings."""
    automation = settings.automation

    def sensor(
        look: Look, name: str, seconds: int, jobs: set[str], description: str, running: bool = True
    ) -> dg.SensorDefinition:
        """A sensor that first closes runs whose process is gone, and says refusals of ours as reasons."""

        def evaluate(
            context: dg.SensorEvaluationContext,
        ) -> dg.SensorResult | dg.SkipReason | dg.RunRequest:
            workspace = Workspace.open()
            close_dead_runs(context.instance, workspace)
            try:
                return look(context, workspace)
            except ShelfspaceError as error:
                context.log.error(str(error))  # noqa: TRY400 - a refusal needs no traceback
                return dg.SkipReason(f"{REFUSED}{error}")

        return dg.SensorDefinition(
            name=name,
            evaluation_fn=evaluate,
            jobs=[job for job in JOBS if job.name in jobs],
            minimum_interval_seconds=seconds,
            description=description,
            default_status=RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        )

    def of_drift(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.RunRequest | dg.SkipReason:
        report = report_need(not_looked_at(workspace))
        if report is not None:
            return ask(context, workspace, report, automation)
        now, cooldown = datetime.now(UTC), timedelta(hours=automation.cooldown_hours)
        runs = attempts_at(context.instance, workspace, CAUSE, "drift")
        reigning = champion(workspace) or {}
        bar = gone_back(workspace.root, reigning)
        model, back = reigning.get("fingerprint", ""), bar.said if bar else ""
        need = drift_need(latest_verdict(workspace), model, runs, now, cooldown, back)
        if isinstance(need, str):
            return dg.SkipReason(need)
        return ask(context, workspace, need, automation, open_attempts(runs, now, cooldown))

    def of_deliveries(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        answer = asked(context, workspace, delivery_need(workspace, settings))
        given_up = [str(answer.skip_message)] if isinstance(answer, GivenUp) else []
        quiet = settings.collection.quiet_seconds
        events, seen = ledger_events(workspace, quiet, context.cursor, given_up)
        return told(answer, seen, events)

    def of_source(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        need, seen = source_need(Shop(), context.cursor)
        return told(asked(context, workspace, need), seen)

    def of_the_side(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        events, seen = shadow_events(workspace, settings.service, context.cursor)
        return told(dg.SkipReason("shown" if events else "nothing new"), seen, events)

    def of_alerts(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SensorResult:
        events, seen, said = alert_events(context.instance, workspace, settings.alerts, context.cursor)
        return told(dg.SkipReason(said), seen, events)

    def asked(
        context: dg.SensorEvaluationContext, workspace: Workspace, need: Need | str
    ) -> dg.RunRequest | dg.SkipReason:
        return dg.SkipReason(need) if isinstance(need, str) else ask(context, workspace, need, automation)

    def told(
        answer: dg.RunRequest | dg.SkipReason,
        cursor: str | None,
        events: Sequence[dg.AssetMaterialization | dg.AssetCheckEvaluation] = (),
    ) -> dg.SensorResult:
        if isinstance(answer, dg.SkipReason):
            return dg.SensorResult(skip_reason=answer, cursor=cursor, asset_events=list(events))
        return dg.SensorResult(run_requests=[answer], cursor=cursor, asset_events=list(events))

    def of_the_week(
        context: dg.SensorEvaluationContext, workspace: Workspace
    ) -> dg.RunRequest | dg.SkipReason:
        runs = attempts_at(context.instance, workspace, CAUSE, "schedule")
        if not runs or runs[-1].success:
            return dg.SkipReason("the last weekly retraining came to its end" if runs else "none was due yet")
        need = Need(runs[-1].need, "schedule", "weekly sensor", "the weekly retraining", "retrain")
        return ask(context, workspace, need, automation)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=RUNNING,
        description="Tells DVC which bytes a successful run left, unless DVC itself started it.",
    )
    def dvc_commit_sensor(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        resources: Any = run.run_config.get("resources", {})
        config = resources.get("shop", {}).get("config", {})
        # A run that was started again in the UI has the configuration of the one before.
        if config.get("launched_by") in ("dvc", "launch") and run.parent_run_id is None:
            return dg.SkipReason("whoever launched this run tells DVC itself")
        said = tell_dvc(Workspace.open(), run.job_name) or "no stage of this workspace is in dvc.yaml"
        context.log.info(f"dvc commit: {said}")
        return None

    refreshes: set[str] = {automation.inbox_job, "refresh"}
    return [
        sensor(of_drift, "drift_sensor", automation.drift_interval_seconds,
               {"retrain", "refresh", "monitoring"},
               "Asks for a drift report after each release, then for what it decided, until it is done."),
        sensor(of_deliveries, "inbox_sensor", automation.inbox_interval_seconds, refreshes,
               "Brings the release up to date with deliveries and the snapshot, until a release has them."),
        sensor(of_source, "source_sensor", automation.source_interval_seconds, refreshes,
               "Brings the release up to date with tables and media of the catalogue that changed.",
               automation.watch_source),
        sensor(of_the_week, "weekly_sensor", automation.drift_interval_seconds, {"retrain"},
               "Asks for the weekly retraining again where it failed."),
        sensor(of_alerts, "alert_sensor", settings.alerts.interval_seconds, set(),
               "Looks at what is wrong and tells people, once: page, log and webhook."),
        sensor(of_the_side, "shadow_sensor", SHADOW_SECONDS, set(),
               "Shows what a release that answers on the side would change."),
        dvc_commit_sensor,
    ], schedules(settings)  # fmt: skip


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The weekly retraining, the hourly look at drift, the daily insights, the weekly scrub."""

    def tags(context: dg.ScheduleEvaluationContext) -> dict[str, str]:
        name = Workspace.find().name
        due = f"weekly-{context.scheduled_execution_time:%Y-%m-%dT%H:%M}"
        return {CAUSE: "schedule", NEED: due, WORKSPACE: name}

    weekly = dg.ScheduleDefinition(
        name="weekly_retrain",
        job_name="retrain",
        cron_schedule=settings.automation.weekly,
        execution_timezone=settings.automation.timezone,
        run_config=run_config("schedule", "the weekly retraining"),
        tags_fn=tags,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Retrains when automation.weekly says; unchanged data trains nothing.",
    )
    hourly = dg.ScheduleDefinition(
        name="hourly_drift",
        job_name="monitoring",
        cron_schedule=settings.automation.drift_cron,
        execution_timezone=settings.automation.timezone,
        run_config=run_config("schedule", "the hourly look at drift"),
        tags={CAUSE: "monitoring"},
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Writes a drift report from the last requests and the present catalogue.",
    )
    daily = dg.ScheduleDefinition(
        name="daily_insights",
        job_name="insights",
        cron_schedule=settings.automation.insights_cron or "0 0 * * *",
        execution_timezone=settings.automation.timezone,
        run_config=run_config("schedule", "the daily look at what the applications say"),
        tags={CAUSE: "insights"},
        should_execute=lambda _context: current_id(Workspace.find().root) is not None,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Brings the applications up to date for the live release, without another one.",
    )
    last = [daily] if settings.automation.insights_cron else []
    return [weekly, hourly, *last, scrub_schedule(settings.automation)]
