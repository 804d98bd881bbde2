"""/events: what shoppers saw and did on the shop's page. docs/events.md."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bentos.api.contract import Form
from bentos.api.events import MOST_EVENTS, EventFields, read_events
from bentos.api.responses import EXAMPLE_RELEASE
from bentos.auth.keys import ScopeName
from bentos.endpoints.endpoint import Asked, Endpoint, Reply
from bentos.errors import RequestError
from bentos.serving.interactions import Delivered

__all__ = ["EVENTS"]


class RefusedEventAnswer(BaseModel):
    """An event that was not taken."""

    number: int = Field(description="Its place in the request, counted from 0.")
    event_id: str
    field: str
    value: str
    remedy: str


class EventsAnswer(BaseModel):
    """What became of the events; those that count are on the disk."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"release": EXAMPLE_RELEASE, "taken": 2, "repeated": 0, "refused": []},
        }
    )

    release: str
    taken: int = Field(description="Events that are new, and count.")
    repeated: int = Field(description="Events that had been taken before; each counts once.")
    refused: list[RefusedEventAnswer] = Field(description="Events that do not count, and why.")


class NoneTakenError(RequestError):
    """Nothing of a request was taken; its body says the first reason as every error does, then all."""

    def __init__(self, first: RequestError, refused: list[dict[str, Any]]) -> None:
        super().__init__(first.status, first.field, "", first.remedy)
        self.value, self.args = first.value, first.args
        self._refused = refused

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {**super().body(), "refused": self._refused}


@dataclass(frozen=True, eq=False, kw_only=True)
class Taking(Endpoint):
    """A route that takes events."""

    scope: ScopeName = "events"
    open: bool = True
    writes: bool = True
    logged: bool = False

    @property
    def answer_model(self) -> type[BaseModel]:
        """The same for one event and for several."""
        return EventsAnswer

    async def reply(self, asked: Asked) -> Reply:
        """Take the events that are right; an error where none is, nor was taken before."""
        call, backend = asked.call, asked.backend
        places = tuple(call.place(number) for number in range(len(call.events)))
        taken = await backend.interactions.take(
            Delivered(call.events, places, asked.visitor.scopes, asked.loaded)
        )
        refused = [described(call.events[number], number, why) for number, why in taken.refused.items()]
        if refused and not taken.new and not taken.repeated:
            raise NoneTakenError(next(iter(taken.refused.values())), refused)
        told = {"taken": taken.new, "repeated": taken.repeated, "refused": refused}
        return Reply({"release": asked.loaded.id, **told})


def described(event: dict[str, Any], number: int, refusal: RequestError) -> dict[str, Any]:
    """A refusal, as `RefusedEventAnswer`."""
    said = event.get("event_id")
    told = refusal.body()["error"]
    return {
        "number": number,
        "event_id": said[:100] if isinstance(said, str) else "",
        **{name: str(told[name]) for name in ("field", "value", "remedy")},
    }


EVENTS = Taking(
    name="events",
    summary="Take what shoppers saw and did: impressions, clicks, carts, purchases; each counts once.",
    names=("event", "events"),
    item=EventFields,
    most=MOST_EVENTS,
    most_bytes=1_000_000,
    read=read_events,
    names_products=True,
    examples={
        "several": {
            "events": [
                {
                    "event_id": f"{n}",
                    "session": "b1946ac9",
                    "kind": "impression",
                    "product_id": product,
                    "position": n,
                    "query_id": "9c1185a5",
                }
                for n, product in enumerate(("p00017", "p00004"), 1)
            ]
        },
        "one": {
            "event": {
                "event_id": "3",
                "session": "b1946ac9",
                "kind": "click",
                "product_id": "p00017",
                "position": 1,
                "query_id": "9c1185a5",
            }
        },
    },
    form=Form(),
)
