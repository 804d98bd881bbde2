"""Writes to the catalogue between two releases: products put, changed and deleted, at once and durably.

A put is encoded like a query and appended to the delta log of the release that answers; the next
search, by any process on the same workspace, finds it. The next refresh takes the catalogue's own
table in, and the log's entries fall away where the catalogue has spoken since.
"""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from bentos.serving.uploads import PutMedia
from catalog.product import ProductInput
from catalog.text.clean import detect_language
from retrieval.changes.records import Record
from retrieval.changes.view import LayeredView

__all__ = ["place_of", "records_of", "require_known", "require_live"]

SHOWN = (
    "title", "description", "brand", "attributes", "category", "language", "price", "currency", "on_hand",
)  # fmt: skip
"""Facts of a put that are shown, searched and filtered by."""
SAID = frozenset({"language"})
"""Those of them that an empty text leaves unsaid."""


def require_live(loaded: LoadedRelease) -> None:
    """Refuse writes to a service that has no workspace to keep them in (409)."""
    if loaded.live is None:
        remedy = "start the service with SHELFSPACE_RELEASES, the folder of a workspace, to keep changes in"
        raise RequestError(409, "service", "without a workspace", remedy)


def require_known(call: ParsedRequest, view: LayeredView) -> None:
    """Refuse products that are not there (404)."""
    for number, product in enumerate(call.product_ids):
        if view.row_of(product) is None:
            raise RequestError(
                404, place_of(call, number), product, "name a product that is there; /products/put adds one"
            )


def place_of(call: ParsedRequest, number: int) -> str:
    """How the identifier of item `number` is called in messages."""
    place = call.place(number)
    return place[:-1] if call.plural == "product_ids" else f"{place}product_id"


def records_of(
    call: ParsedRequest, loaded: LoadedRelease, encoded: Outcome | None, media: PutMedia | None = None
) -> list[Record]:
    """The log's records of a checked write, in the order of its items.

    Args:
        encoded: of the items of a put, else None.
        media: where the photos and sounds of a put are kept for showing; None shows none.

    Raises:
        RequestError: 507 where the disk is full.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    records = []
    for number, product in enumerate(call.product_ids):
        row = loaded.rows.get(product)
        part = call.parts[number] if call.parts else None
        time = getattr(part, "updated_at", None)
        common: dict[str, Any] = {
            "product_id": product,
            "time": time.astimezone(UTC).isoformat() if time else now,
            "release": loaded.number,
            "base": "" if row is None else loaded.base(row),
        }
        if encoded is not None:
            facts = read_off(call.items[number]) | facts_of(part, SHOWN)
            if encoded.alone is not None:
                facts |= encoded.alone[number]
            if media is not None:
                facts |= kept_media(media, call.items[number])
            vector = encoded.vectors[number]
            records.append(Record("put", facts=facts, vector=vector, inputs=call.items[number], **common))
        elif part is not None:
            records.append(Record("change", facts=facts_of(part, ("price", "on_hand")), **common))
        else:
            records.append(Record("delete", **common))
    return records


def kept_media(media: PutMedia, item: ProductInput) -> dict[str, Any]:
    """The facts that name the files of a put, which are on the disk then."""
    try:
        return media.keep(item)
    except OSError as error:
        remedy = "make room on the disk; nothing of this request was kept"
        raise RequestError(507, "delta", error.strerror or "", remedy) from error


def read_off(item: ProductInput) -> dict[str, Any]:
    """Facts that a put does not say but shows: its language, and whether there is a photo."""
    texts = [item.title, item.brand, *item.attributes.values(), item.description]
    language = detect_language(" ".join(text for text in texts if text)[:1000])
    return {"language": language, "has_photo": bool(item.photos)}


def facts_of(part: BaseModel | None, names: tuple[str, ...]) -> dict[str, Any]:
    """The facts that were given."""
    values = {name: getattr(part, name, None) for name in names}
    return {
        name: value for name, value in values.items() if value is not None and (value or name not in SAID)
    }
