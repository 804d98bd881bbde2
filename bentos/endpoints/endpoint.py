"""The record of a route: its contract, and what answers it."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bentos.api.contract import Contract
from bentos.api.parsing import ParsedRequest
from bentos.auth.access import ANYONE, Visitor
from bentos.auth.keys import ScopeName
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from bentos.telemetry.metrics import METRICS, timed
from retrieval.catalogue.view import CatalogueView

__all__ = ["NOTHING", "Asked", "Endpoint", "Outcome", "Reading", "Reply", "encoded"]

NOTHING = np.empty((0, 0), np.float32)
"""The vectors of an outcome that needed none."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A parsed request, the release that answers it, and what its answer is made with."""

    call: ParsedRequest
    loaded: LoadedRelease
    backend: Backend
    visitor: Visitor = ANYONE

    def require_named(self) -> None:
        """Refuse products that are not there (404)."""
        view, remedy = self.loaded.view(), f"name a product of release {self.loaded.id}"
        for number, product in enumerate(self.call.product_ids):
            if view.row_of(product) is None:
                raise RequestError(404, self.call.place(number), product, remedy)

    def gone(self, number: int) -> RequestError:
        """The refusal of a product that was deleted since the call was admitted (404)."""
        product = self.call.product_ids[number]
        return RequestError(404, self.call.place(number), product, "name a product that is still there")

    def shown(self, catalogue: CatalogueView, scored: Iterable[tuple[str, float]]) -> list[dict[str, Any]]:
        """Hits of products with their scores, in their order, as far as they are there and may be shown."""
        banned = set(self.backend.rules.valid(frozenset(), ()).banned(catalogue.columns).tolist())
        hits = []
        for product, score in scored:
            place = catalogue.position_of(product)
            if place is not None and place not in banned:
                hits.append(catalogue.hit(place, score))
        return hits


@dataclass(frozen=True)
class Reply:
    """What a route answers.

    Attributes:
        body: of the answer, JSON values and arrays.
        results: those in it, one an item; empty of a write.
        outcome: what they were made from; None of a write.
    """

    body: dict[str, Any]
    results: Sequence[dict[str, Any]] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Endpoint(Contract):
    """One route.

    Attributes:
        scope: what a key must be allowed to do.
        open: whether it is asked without a key too, or with any; what such a visitor may do, it says itself.
        writes: it keeps something on the disk.
        logged: whether the request log tells of refusals: of routes that say what shoppers look for.
    """

    scope: ScopeName = "read"
    open: bool = False
    writes: bool = False
    logged: bool = True

    async def reply(self, asked: Asked) -> Reply:
        """Answer a parsed request.

        Raises:
            RequestError: anything that is answered with 4xx or 5xx.
        """
        raise NotImplementedError


async def encoded(asked: Asked) -> Outcome:
    """What the encoder's thread gives for a call, its photos and sounds decoded before.

    Raises:
        RequestError: 404 or 422, naming the item that cannot be used.
    """
    call, backend, features = asked.call, asked.backend, None
    if [item for item in call.items if item.photos or item.sounds]:
        with timed("decode"):
            call, features = await backend.aside(backend.decode, call, asked.loaded)
    job = Job(call, asked.loaded, features, backend.rules, backend.synonyms_file.content)
    return await backend.batcher.submit(job)


def complete(asked: Asked, outcome: Outcome) -> list[dict[str, Any]]:
    """Results that need no shaping."""
    del asked
    return outcome.results or []


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading(Endpoint):
    """A route that changes nothing.

    Attributes:
        run: finds what is answered.
        shape: makes one result an item of it, as the result's model describes.
    """

    run: Callable[[Asked], Awaitable[Outcome]] = encoded
    shape: Callable[[Asked, Outcome], list[dict[str, Any]]] = complete

    async def reply(self, asked: Asked) -> Reply:
        """One result an item, from one state of the release and its changes."""
        outcome = await self.run(asked)
        begin = time.perf_counter()
        results = self.shape(asked, outcome)
        METRICS.seconds.append(("shape", time.perf_counter() - begin))
        body: dict[str, Any] = {"release": asked.loaded.id}
        if self.sequenced and outcome.view is not None:
            body["sequence"] = outcome.view.delta.sequence
        shown = {"result": results[0]} if asked.call.single else {"results": results}
        return Reply({**body, **shown}, results, outcome)
