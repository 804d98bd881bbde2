"""The section of what runs by itself, and of how long what it leaves is kept."""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from shelfspace.settings.section import Positive, PositiveFloat, Section

__all__ = ["Automation"]

CRON = r"^\S+( \S+){4}$"
CRON_OR_NONE = r"^(\S+( \S+){4})?$"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; give one such as UTC or Europe/Berlin")
    return name


class Automation(Section):
    """Sensors and schedules."""

    weekly: str = Field("0 3 * * 1", pattern=CRON, description="Cron expression of the retraining schedule.")
    drift_cron: str = Field(
        "7 * * * *", pattern=CRON, description="Cron expression of the schedule that looks for drift."
    )
    insights_cron: str = Field(
        "45 4 * * *",
        pattern=CRON_OR_NONE,
        description="Cron expression of the schedule that brings the applications up to date without a new "
        "release; empty for none.",
    )
    scrub: str = Field(
        "30 4 * * 0", pattern=CRON, description="Cron expression of the schedule that verifies all bytes."
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Time zone of all, such as Europe/Berlin."
    )
    drift_interval_seconds: Positive = Field(60)
    inbox_interval_seconds: Positive = Field(30)
    keep_runs_days: Positive = Field(
        180, description="Days that Dagster keeps a run which no asset and no check rests on any more."
    )
    keep_requests_days: Positive = Field(
        400, description="Days after which a row of the request log is deleted."
    )
    keep_shadow_days: Positive = Field(
        400, description="Days after which what a release answered on the side is deleted."
    )
    keep_access_days: Positive = Field(
        400, description="Days after which a file of the access log is deleted."
    )
    keep_deliveries_days: Positive = Field(
        400, description="Days after which a file in `inbox/done` or `inbox/refused` is deleted."
    )
    keep_alerts_days: Positive = Field(400, description="Days after which an alert that is over is deleted.")
    keep_experiments_days: Positive = Field(
        1100,
        description="Days after which the record of a challenger is deleted; that of the champion stays.",
    )
    cooldown_hours: float = Field(24, ge=0, description="Least time between two drift-started retrainings.")
    inbox_job: Literal["refresh", "retrain"] = Field(
        "refresh", description="Job that a delivery or a changed source starts; after a failed run, refresh."
    )
    trust_proxy: bool = Field(
        False,
        description="The Dagster UI stands behind a proxy that names people in X-Forwarded-User "
        "(docs/deploy.md): who approves or rolls back there is then known by that name.",
    )
    watch_source: bool = Field(
        True, description="Collect by itself when tables or media of the catalogue's folder change."
    )
    source_interval_seconds: Positive = Field(60, description="Seconds between two looks at that folder.")
    attempts: Positive = Field(
        8, description="Runs that are asked for on behalf of one delivery, source or drift report at most."
    )
    retry_seconds: PositiveFloat = Field(
        60, description="Seconds after a failed run until it is asked for again; doubled each time."
    )
