"""What a shopper did, as a request tells it: kept nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from bentos.api.contract import ParsedRequest
from bentos.api.requests import ProductId, Request, SearchRequest, Time
from bentos.errors import RequestError

__all__ = ["PastEvent", "PastEvents", "PersonalRequest", "PersonalSearch", "check_times", "table_of"]

MOST_EVENTS = 10_000
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""A clock may be ahead by a zone."""


class PastEvent(Request):
    """One thing that the shopper did."""

    product_id: ProductId
    kind: Literal["purchase", "cart", "view"] = "purchase"
    time: Time = None
    order_id: str = Field("", max_length=200, description="Shared by what was bought together.")
    quantity: int | None = Field(None, ge=1, le=1_000_000, description="Pieces, where they are known.")


PastEvents = Annotated[
    list[PastEvent],
    Field(
        default_factory=list,
        max_length=MOST_EVENTS,
        description="What a shopper did, given here and kept nowhere.",
    ),
]


class PersonalRequest(SearchRequest):
    """A search by somebody."""

    shopper: str = Field(
        "",
        max_length=200,
        description="Your identifier of a shopper whose purchases weigh in; needs a key of scope shopper. "
        "Nothing changes for one who bought nothing here.",
    )
    events: PastEvents


@dataclass(frozen=True)
class PersonalSearch(ParsedRequest):
    """A search by somebody.

    Attributes:
        shopper: the shop's identifier; "" for nobody, or for somebody whose events are given.
    """

    shopper: str = ""
    past: tuple[PastEvent, ...] = ()


def check_times(events: Sequence[PastEvent], place: str) -> None:
    """Refuse an event of a time that has not come, or long gone (422).

    Args:
        place: how the events are called in messages.
    """
    latest = datetime.now(UTC) + AHEAD
    for number, event in enumerate(events):
        if event.time is not None and not OLDEST <= event.time <= latest:
            remedy = f"give a time that has come, not before {OLDEST:%Y}"
            raise RequestError(422, f"{place}[{number}].time", event.time.isoformat(), remedy)


def table_of(events: Sequence[PastEvent]) -> pd.DataFrame:
    """The events of one shopper in the columns of `catalog.contract`; one without a time is of now."""
    now = datetime.now(UTC)
    return pd.DataFrame(
        {
            "user_id": "",
            "product_id": [event.product_id for event in events],
            "event": [event.kind for event in events],
            "time": pd.to_datetime([event.time or now for event in events], utc=True),
            "order_id": [event.order_id for event in events],
            "quantity": np.array([event.quantity or np.nan for event in events], np.float64),
        }
    )
