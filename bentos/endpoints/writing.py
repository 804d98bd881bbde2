"""Writes to the catalogue between two releases: products put, changed and deleted, at once and durably.

A write is appended to the log of the release that answers; the next search, by any process on the same
workspace, knows of it. The next refresh takes the catalogue's own table in, and the log's entries fall
away where the catalogue has spoken since.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bentos.api.responses import EXAMPLE_RELEASE
from bentos.auth.keys import ScopeName
from bentos.endpoints.endpoint import Asked, Endpoint, Reply
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from retrieval.changes.records import AHEAD, Record
from retrieval.changes.segment import Written
from retrieval.changes.state import PassedOver

__all__ = ["Writing", "common_facts", "given_facts", "require_known"]

SWAPS = 5
"""Releases in a row that may replace the one a write was made for before it is refused."""


class OlderThanKnown(BaseModel):
    """What was not taken of a write, since something newer is known of the product."""

    product_id: str
    fields: list[str] = Field(description="Those that were not taken; empty where nothing was.")
    reason: str


class WriteAnswer(BaseModel):
    """What was written; every answer with this sequence or a later one knows of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "sequence": 42,
                "product_ids": ["p00017"],
                "applied": True,
                "passed_over": [],
            }
        }
    )

    release: str
    sequence: int = Field(description="Number of the last change; it goes on across releases.")
    product_ids: list[str]
    applied: bool = Field(description="Whether all of it counts; if not, `passed_over` says what does not.")
    passed_over: list[OlderThanKnown] = Field(description="What is older than what is known already.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Writing(Endpoint):
    """A route that changes products; what it answers is on the disk and in every later answer.

    Attributes:
        records: the log's records of a call, in the order of its items.
    """

    scope: ScopeName = "write"
    writes: bool = True
    logged: bool = False
    records: Callable[[Asked], Awaitable[list[Record]]]

    @property
    def answer_model(self) -> type[BaseModel]:
        """The same for every write."""
        return WriteAnswer

    async def reply(self, asked: Asked) -> Reply:
        """The number of the last change; nothing is written where it is refused."""
        backend = asked.backend
        for _ in range(SWAPS):
            require_live(asked)
            require_not_erased(asked)
            loaded, records = asked.loaded, await self.records(asked)
            written = await backend.aside(backend.engine.write, loaded, records)
            if written is not None:
                return Reply(answer(asked, loaded, written))
            asked = replace(asked, loaded=backend.engine.require())
        remedy = "retry in a second; releases are being swapped"
        raise RequestError(503, "release", asked.loaded.id, remedy, retry_after=1)


def answer(asked: Asked, loaded: LoadedRelease, written: Written) -> dict[str, Any]:
    """What is answered to a write, as `WriteAnswer`."""
    assert loaded.live is not None  # noqa: S101 - it was written to
    return {
        "release": loaded.id,
        "sequence": written.records[-1].sequence if written.records else loaded.live.sequence,
        "product_ids": list(asked.call.product_ids),
        "applied": not written.passed_over,
        "passed_over": [older(one) for one in written.passed_over],
    }


def older(passed: PassedOver) -> dict[str, Any]:
    """Why something was not taken."""
    newer = passed.newer.isoformat(timespec="seconds")
    reason = f"older than what is known of the product since {newer}, which stands"
    return {"product_id": passed.product_id, "fields": list(passed.facts), "reason": reason}


def require_live(asked: Asked) -> None:
    """Refuse writes to a service that has no workspace to keep them in (409)."""
    if asked.loaded.live is None:
        remedy = "start the service with SHELFSPACE_RELEASES, the folder of a workspace, to keep changes in"
        raise RequestError(409, "service", "without a workspace", remedy)


def require_not_erased(asked: Asked) -> None:
    """Refuse products that were erased (410)."""
    for number, product in enumerate(asked.call.product_ids):
        asked.backend.erased.refuse("product", product, asked.call.place(number) + ".product_id")


def require_known(asked: Asked) -> None:
    """Refuse products that are not there (404)."""
    call, view = asked.call, asked.loaded.view()
    for number, product in enumerate(call.product_ids):
        if view.row_of(product) is None:
            place = call.place(number) + (".product_id" if call.parts else "")
            raise RequestError(404, place, product, "name a product that is there; /products/put adds one")


def common_facts(asked: Asked) -> list[dict[str, Any]]:
    """What every record of the log says: of which product, when, and over which state of the release.

    Raises:
        RequestError: 422 for a time that has not come.
    """
    call, loaded, now = asked.call, asked.loaded, datetime.now(UTC)
    facts = []
    for number, product in enumerate(call.product_ids):
        row = loaded.rows.get(product)
        time = getattr(call.parts[number], "updated_at", None) if call.parts else call.updated_at
        if time is not None and time > now + AHEAD:
            place = f"{call.place(number)}.updated_at" if call.parts else "updated_at"
            clock = now.isoformat(timespec="seconds")
            remedy = f"give a time that has come (it is {clock} here), or leave it out for now"
            raise RequestError(422, place, time.isoformat(), remedy)
        facts.append({
            "product_id": product,
            "time": (time or now).astimezone(UTC).isoformat(),
            "arrival": time is None,
            "release": loaded.number,
            "base": "" if row is None else loaded.base(row),
        })  # fmt: skip
    return facts


def given_facts(part: BaseModel, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of an item that were given."""
    values = {name: getattr(part, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
