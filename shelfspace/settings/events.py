"""The section of what shoppers do on the shop's page."""

from typing import Self

from pydantic import Field, model_validator

from shelfspace.settings.section import Positive, PositiveFloat, Section

__all__ = ["Events"]


class Events(Section):
    """What `POST /events` takes of shoppers, and for how long it is kept (docs/events.md)."""

    storefront: bool = Field(
        True, description="The service's own pages tell what was seen and clicked, without a cookie."
    )
    days_late: PositiveFloat = Field(30, description="Days after which an event is too old to be taken.")
    days_kept: PositiveFloat = Field(
        400, description="Days after which an event is deleted; at least `days_late`."
    )
    rows: Positive = Field(
        2_000_000,
        description="Events without a key that are kept, some 300 bytes each; the oldest beyond are deleted.",
    )
    per_second: PositiveFloat = Field(
        100, description="Events a second that one address may send without a key; 20 times that at once."
    )

    query_sessions: int = Field(
        5, ge=5, description="Visits that made a search before others are shown it while they type."
    )
    click_sessions: int = Field(
        10, ge=5, description="Visits that made a search before its clicks count as judgements."
    )
    click_weight: float = Field(
        0.1, ge=0, le=1, description="What a judgement by clicks counts beside a person's; 0 for none."
    )

    @model_validator(mode="after")
    def _kept_long_enough(self) -> Self:
        # Else a late event that was deleted could come again, and count twice.
        if self.days_kept < self.days_late:
            raise ValueError(f"days_kept is {self.days_kept:g}; give at least days_late ({self.days_late:g})")
        return self
