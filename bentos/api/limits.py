"""What the service refuses, and when: size, number, length, and how much may be in flight.

Every refusal is a `RequestError` with an HTTP status; its body names field, value and remedy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bentos.errors import RequestError
from shelfspace.settings import Settings

__all__ = [
    "IN_FLIGHT",
    "Admission",
    "Limits",
]

IN_FLIGHT = "requests in flight"
"""What is refused where all places are taken."""
BODIES_IN_FLIGHT = 8
"""Bodies of the largest size that may be held at once; what bounds the memory of request bodies."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one request.

    Attributes:
        text_characters: longest text field. Texts are cut for the encoder at
            `preprocessing.max_text_characters`, as in training; only a text eight times
            as long is refused.
        attributes: entries in one product's attributes.
        media_per_item: photos, and sounds, of one item.
        body_seconds: what a body may take to arrive.
        answer_seconds: what an answer to it may take.
        megapixels: largest PNG or WebP; see `bentos.api.media_cost` for JPEG.
    """

    body_bytes: int
    items: int
    results: int
    concurrency: int
    text_characters: int
    photo_bytes: int
    sound_bytes: int
    attributes: int = 200
    media_per_item: int = 8
    body_seconds: float = 20
    answer_seconds: float = 30
    megapixels: float = 24

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The bounds that the settings ask for."""
        return cls(
            body_bytes=settings.service.max_body_bytes,
            items=settings.service.max_items,
            results=settings.service.max_results,
            concurrency=settings.service.max_concurrency,
            text_characters=8 * settings.preprocessing.max_text_characters,
            photo_bytes=settings.media.max_photo_bytes,
            sound_bytes=settings.media.max_sound_bytes,
            body_seconds=settings.service.body_seconds,
            answer_seconds=settings.service.answer_seconds,
            megapixels=min(settings.service.max_photo_megapixels, settings.media.max_photo_megapixels),
        )

    def check_body(self, size: int, most: int = 0) -> None:
        """Refuse a body of `size` bytes that is too large (413): over `most`, where that is not 0."""
        most = min(most or self.body_bytes, self.body_bytes)
        if size > most:
            raise RequestError(413, "body", f"{size} bytes", f"send at most {most} bytes a request")

    def check_count(self, field: str, count: int, most: int = 0) -> None:
        """Refuse an empty list (422) or one that is too long (413): over `most`, where that is not 0."""
        if count == 0:
            raise RequestError(422, field, [], "give at least one")
        if count > (most or self.items):
            raise RequestError(413, field, f"{count} items", f"send at most {most or self.items} a request")

    def check_results(self, k: int) -> None:
        """Refuse a k beyond what is answered (422)."""
        if k > self.results:
            raise RequestError(422, "k", k, f"ask for 1 to {self.results} hits")

    def check_text(self, field: str, text: str) -> None:
        """Refuse a text that no product has (422)."""
        if len(text) > self.text_characters:
            remedy = f"send at most {self.text_characters} characters (this has {len(text)})"
            raise RequestError(422, field, text[:40] + "...", remedy)

    def check_media(self, field: str, count: int) -> None:
        """Refuse too many photos or sounds of one item (422)."""
        if count > self.media_per_item:
            raise RequestError(422, field, f"{count} files", f"send at most {self.media_per_item} an item")


class Admission:
    """Counts requests and body bytes in flight; used from the event loop only."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budget = BODIES_IN_FLIGHT * limits.body_bytes
        self.requests = 0
        self.bytes = 0

    @contextmanager
    def request(self) -> Iterator["Place"]:
        """Hold a place for one request.

        Raises:
            RequestError: 429 when all places are taken.
        """
        if self.requests >= self._limits.concurrency:
            remedy = f"retry in a second; {self._limits.concurrency} requests are served at once"
            raise RequestError(429, IN_FLIGHT, self.requests, remedy, retry_after=1)
        self.requests += 1
        place = Place(self)
        try:
            yield place
        finally:
            self.requests -= 1
            self.bytes -= place.held

    def reserve(self, size: int) -> None:
        """Count `size` more body bytes.

        Raises:
            RequestError: 503 when bodies in flight fill the memory set aside for them.
        """
        if self.bytes + size > self._budget:
            raise RequestError(
                503, "bytes in flight", self.bytes + size, "retry in a second, or send smaller bodies", 1
            )
        self.bytes += size


class Place:
    """One admitted request and the body bytes it holds."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.held = 0

    def hold(self, size: int) -> None:
        """Raise the bytes of this request to `size`."""
        if size > self.held:
            self._admission.reserve(size - self.held)
            self.held = size
