"""Events of shoppers, judged one by one and written in a thread of their own: search does not wait for it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from bentos.api.events import MOST_EVENTS, PAID, ShopperEvent
from bentos.api.parsing import refusal_of
from bentos.auth.keys import ScopeName
from bentos.config import ServiceConfig
from bentos.errors import RequestError
from bentos.serving.batcher import Batcher
from bentos.serving.erased import Erased
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.shoppers import Shoppers
from catalog.interactions.log import InteractionLog
from catalog.interactions.table import INTERACTIONS, Interaction, RefusedEvent
from releases.release import is_release_name
from retrieval.changes.view import LayeredView
from shelfspace.errors import ArtifactError

__all__ = ["Delivered", "Interactions", "Taken"]

logger = logging.getLogger("shelfspace.events")

SKEW = timedelta(minutes=5)
"""How far a clock may be ahead of this machine's; what is that near counts as now."""


@dataclass(frozen=True, eq=False)
class Delivered:
    """The events of one request, whoever sent them, and what they are held against.

    Attributes:
        events: as they were sent; nothing of them is checked.
        places: how each is called in messages.
    """

    events: tuple[dict[str, Any], ...]
    places: tuple[str, ...]
    scopes: frozenset[ScopeName]
    loaded: LoadedRelease


@dataclass(frozen=True)
class Taken:
    """What became of the events of one request.

    Attributes:
        new: events that count.
        repeated: those that were there.
        refused: number of an event to its refusal.
    """

    new: int
    repeated: int
    refused: dict[int, RequestError]


class Interactions:
    """Judges and keeps the events of one process.

    Args:
        config: what the process is told; without a live folder nothing can be kept.
        shoppers: makes pseudonyms.
        erased: products and shoppers of whom nothing is taken.
    """

    def __init__(self, config: ServiceConfig, shoppers: Shoppers, erased: Erased) -> None:
        self._path = None if config.live is None else config.live / INTERACTIONS
        self._releases = None if config.releases is None else config.releases / "releases"
        self._settings = config.settings.events
        self._texts = config.settings.service.log_query_text
        self._shoppers = shoppers
        self._erased = erased
        self._log: InteractionLog | None = None
        self._batcher: Batcher[Delivered, Taken] = Batcher(
            self._run, weight=lambda given: len(given.events), max_weight=4 * MOST_EVENTS, name="events"
        )

    async def take(self, given: Delivered) -> Taken:
        """Judge events and write those that are right; they are on the disk when this returns.

        Raises:
            RequestError: 409 without a place to keep them, 507 where the disk refuses.
        """
        if self._path is None:
            remedy = "start the service with SHELFSPACE_LIVE, the folder that its logs are kept in"
            raise RequestError(409, "service", "without a live folder", remedy)
        return await self._batcher.submit(given)

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        self._batcher.close()
        if self._log is not None:
            self._log.close()

    def _run(self, jobs: Sequence[Delivered]) -> list[Taken | Exception]:
        judged = [self._judged(job) for job in jobs]
        right = [event for job in judged for event in job if isinstance(event, Interaction)]
        wrong = [
            refused(event, refusal)
            for job, found in zip(jobs, judged, strict=True)
            for event, refusal in zip(job.events, found, strict=True)
            if isinstance(refusal, RequestError)
        ]
        try:
            new = iter(self._opened().add(right, wrong) if right or wrong else [])
        except (OSError, ArtifactError) as error:
            logger.exception("the table of shopper events cannot be written")
            why = (error.strerror if isinstance(error, OSError) else "") or str(error)
            remedy = "make room on the disk, then send them again; nothing of this request was kept"
            return [RequestError(507, "events", why, remedy, retry_after=60)] * len(jobs)
        answers: list[Taken | Exception] = []
        for found in judged:
            fresh = [next(new) for event in found if isinstance(event, Interaction)]
            wrongs = {n: event for n, event in enumerate(found) if isinstance(event, RequestError)}
            answers.append(Taken(sum(fresh), len(fresh) - sum(fresh), wrongs))
        return answers

    def _opened(self) -> InteractionLog:
        assert self._path is not None  # noqa: S101 - nothing is queued without one
        if self._log is not None and not self._log.there:
            self._log.close()
            self._log = None
        if self._log is None:
            self._log = InteractionLog(self._path, self._settings.days_kept, self._settings.rows)
        return self._log

    def _judged(self, given: Delivered) -> list[Interaction | RequestError]:
        view, now = given.loaded.view(), datetime.now(UTC)
        found: list[Interaction | RequestError] = []
        for fields, place in zip(given.events, given.places, strict=True):
            try:
                found.append(self._checked(fields, place, given, view, now))
            except RequestError as refusal:
                found.append(refusal)
        return found

    def _checked(
        self, fields: dict[str, Any], place: str, given: Delivered, view: LayeredView, now: datetime
    ) -> Interaction:
        try:
            event = ShopperEvent.model_validate(fields)
        except ValidationError as error:
            refusal = refusal_of(error, ShopperEvent)
            raise RequestError(422, f"{place}.{refusal.field}", refusal.value, refusal.remedy) from None
        keyed = "events" in given.scopes
        if not keyed:
            self._check_open(event, place, given)
        if event.kind not in PAID and (event.order_id or event.unit_price or event.quantity != 1):
            remedy = "give quantity, unit_price and order_id of a cart or purchase alone"
            raise RequestError(422, f"{place}.kind", event.kind, remedy)
        time = event.time or now
        if time > now + SKEW:
            clock = now.isoformat(timespec="seconds")
            remedy = f"give a time that has come (it is {clock} here), or leave it out for now"
            raise RequestError(422, f"{place}.time", time.isoformat(), remedy)
        if time < now - timedelta(days=self._settings.days_late):
            remedy = f"send events within {self._settings.days_late:g} days (events.days_late)"
            raise RequestError(422, f"{place}.time", time.isoformat(), remedy)
        if event.release and not self._knows(event.release, given.loaded):
            remedy = f"give the release of the answer that was shown (now {given.loaded.id}), or leave it out"
            raise RequestError(404, f"{place}.release", event.release, remedy)
        user = self._shoppers.pseudonym(event.user_id, f"{place}.user_id")
        self._erased.refuse("product", event.product_id, f"{place}.product_id")
        self._erased.refuse("shopper", user, f"{place}.user_id")
        if view.row_of(event.product_id) is None:
            remedy = f"name a product of release {given.loaded.id}"
            raise RequestError(404, f"{place}.product_id", event.product_id, remedy)
        return Interaction(
            event_id=event.event_id,
            session=event.session,
            user_id=user,
            kind=event.kind,
            product_id=event.product_id,
            position=event.position,
            query_id=event.query_id,
            query=" ".join(event.query.split()) if self._texts else "",
            release=event.release,
            time=min(time, now).timestamp(),
            quantity=event.quantity,
            unit_price=event.unit_price,
            order_id=self._shoppers.order(event.order_id, f"{place}.order_id"),
            keyed=keyed,
        )

    def _check_open(self, event: ShopperEvent, place: str, given: Delivered) -> None:
        """Refuse what needs a key with the scope events: who could send it could train the ranking.

        A service without keys refuses carts and purchases of everybody; of a shopper it takes clicks from
        whoever may write, since a history is worth something, too.
        """
        remedy = "send it with a key of scope events (shelfspace keys create --scopes events)"
        status = 403 if given.scopes else 401
        if event.kind in PAID:
            raise RequestError(status, f"{place}.kind", event.kind, remedy)
        if event.user_id and "write" not in given.scopes:
            raise RequestError(status, f"{place}.user_id", "a shopper", f"leave it out, or {remedy}")

    def _knows(self, release: str, loaded: LoadedRelease) -> bool:
        if release == loaded.id:
            return True
        if self._releases is None or not is_release_name(release):
            return False
        return (self._releases / release).is_dir()


def refused(event: dict[str, Any], refusal: RequestError) -> RefusedEvent:
    """What is kept of an event that was refused: never a shopper's id, nor a text of any length."""
    said = {name: event.get(name) for name in ("event_id", "kind")}
    shown = {name: value[:100] if isinstance(value, str) else "" for name, value in said.items()}
    field = refusal.field.rpartition(".")[2][:60]
    value = "" if field in {"user_id", "order_id", "query", "session"} else str(refusal.value)[:100]
    return RefusedEvent(shown["event_id"], shown["kind"], field, value, refusal.remedy)
