"""The section of what is told to people when something is wrong."""

from pydantic import Field

from shelfspace.settings.section import Positive, PositiveFloat, Section, Share

__all__ = ["Alerts"]


class Alerts(Section):
    """Who is told, how often, and from when something counts as wrong (docs/alerts.md)."""

    webhook_file: str = Field(
        "",
        description="File whose first line is the address that alerts are posted to, in the form that Slack "
        "and Mattermost take; empty for `state/webhook.url` of the workspace. Such an address is a secret: "
        "it stands in no setting, and no release says it.",
    )
    interval_seconds: Positive = Field(60, description="Seconds between two looks at what is wrong.")
    settle_seconds: PositiveFloat = Field(
        300, description="Seconds for which nothing may be wrong before an alert is over."
    )
    repeat_hours: PositiveFloat = Field(
        24, description="Hours after which what is still wrong is told again."
    )
    posts_per_hour: Positive = Field(
        6, description="Posts an hour at most; what waits is told in the next one."
    )
    stuck_hours: PositiveFloat = Field(6, description="Hours after which a delivery that waits is stuck.")
    stale_days: PositiveFloat = Field(
        14, description="Days without a collection that came to its end after which the data is stale."
    )
    disk_free: Share = Field(0.05, description="Share of the disk below which it is nearly full.")
