"""The record of a route: its contract, and what answers it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bentos.api.contract import Contract
from bentos.api.parsing import ParsedRequest
from bentos.auth.keys import ScopeName
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from bentos.telemetry.metrics import timed
from retrieval.filters.rules import Rules

__all__ = ["Endpoint", "Reading", "Reply", "as_found", "encoded", "gone", "require_named"]


@dataclass(frozen=True)
class Reply:
    """What a route answers.

    Attributes:
        body: of the answer, JSON values and arrays.
        loaded: the release that answered.
        results: those in the body, one an item; empty of a write.
        outcome: what they were made from; None of a write.
    """

    body: dict[str, Any]
    loaded: LoadedRelease
    results: Sequence[dict[str, Any]] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint(Contract):
    """One route.

    Attributes:
        scope: what a key must be allowed to do.
        logged: whether the request log tells of refusals: of routes that say what shoppers look for.
    """

    scope: ScopeName = "read"
    logged: bool = True

    async def reply(self, call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Reply:
        """Answer a parsed request.

        Args:
            loaded: the release that answers as the request comes.

        Raises:
            RequestError: anything that is answered with 4xx or 5xx.
        """
        raise NotImplementedError


Run = Callable[[ParsedRequest, LoadedRelease, Backend], Awaitable[Outcome]]
Shape = Callable[[ParsedRequest, Outcome, LoadedRelease, Rules], list[dict[str, Any]]]


async def encoded(call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Outcome:
    """What the encoder gives for the items of a call."""
    return await backend.batched(call, loaded)


def as_found(
    call: ParsedRequest, outcome: Outcome, loaded: LoadedRelease, rules: Rules
) -> list[dict[str, Any]]:
    """The results that are complete already."""
    del call, loaded, rules
    return outcome.results or []


@dataclass(frozen=True, kw_only=True)
class Reading(Endpoint):
    """A route that changes nothing.

    Attributes:
        run: finds what is answered.
        shape: makes one result an item of it, as the answer's model describes.
    """

    run: Run = encoded
    shape: Shape = as_found

    async def reply(self, call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Reply:
        """One result an item, from one state of the release and its changes."""
        outcome = await self.run(call, loaded, backend)
        with timed("shape"):
            results = self.shape(call, outcome, loaded, backend.rules)
        body: dict[str, Any] = {"release": loaded.id}
        if outcome.view is not None and "sequence" in self.answer_model.model_fields:
            body["sequence"] = outcome.view.delta.sequence
        if call.single:
            body["result"] = results[0]
        else:
            body["results"] = results
        return Reply(body, loaded, results, outcome)


def require_named(call: ParsedRequest, loaded: LoadedRelease) -> None:
    """Refuse products that are not there (404)."""
    view = loaded.view()
    for number, product in enumerate(call.product_ids):
        if view.row_of(product) is None:
            raise RequestError(404, call.place(number), product, f"name a product of release {loaded.id}")


def gone(call: ParsedRequest, number: int) -> RequestError:
    """The refusal of a product that was deleted since the call was admitted (404)."""
    return RequestError(
        404, call.place(number), call.product_ids[number], "name a product that is still there"
    )
