"""/products/put: products added or replaced. A put is encoded like a query; the next search finds it."""

from typing import Any

from pydantic import Field

from bentos.api.contract import Form
from bentos.api.forms import ITEM_FIELDS
from bentos.api.parsing import read_items
from bentos.api.requests import EXAMPLE_ITEM, Price, ProductId, ProductItem, Stock, Time
from bentos.endpoints.endpoint import Asked, Outcome, encoded
from bentos.endpoints.writing import Writing, common_facts, given_facts
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.uploads import PutMedia
from catalog.cells.money import MARKS
from catalog.product import ProductInput
from catalog.text.clean import detect_language
from catalog.text.markup import shown_lines, shown_text
from retrieval.changes.records import Record

__all__ = ["PUT_PRODUCTS"]

SHOWN = (
    "title", "description", "brand", "attributes", "category", "language", "price", "currency", "on_hand",
)  # fmt: skip
"""Facts of a put that are shown, searched and filtered by."""


class PutItem(ProductItem):
    """One product of the catalogue, whole: what is not given is not there any more."""

    product_id: ProductId
    category: str = Field("", max_length=500)
    language: str = Field("", max_length=20, description="Such as en or zh; detected where it is not given.")
    price: Price | None = None
    currency: str = Field("", max_length=10, description="The catalogue's, by its code or sign, or nothing.")
    on_hand: Stock | None = None
    updated_at: Time = None


async def put(asked: Asked) -> list[Record]:
    """The records of encoded products."""
    require_currency(asked)
    return await asked.backend.aside(records_of, asked, await encoded(asked))


def require_currency(asked: Asked) -> None:
    """Refuse prices in another currency than the catalogue's (422): nothing here converts them."""
    known = currency_of(asked.loaded)
    for number, part in enumerate(asked.call.parts):
        said = str(getattr(part, "currency", "")).strip()
        meant = MARKS.get(said.lower(), frozenset({said.upper()}))
        if not said or (known in meant if known else said.lower() in MARKS):
            continue
        remedy = "give the code of a currency, such as EUR, or nothing"
        if known:
            remedy = f"prices here are in {known}: convert the price, and give {known} or nothing"
        raise RequestError(422, f"{asked.call.place(number)}.currency", said, remedy)


def currency_of(loaded: LoadedRelease) -> str:
    """What prices are in: the catalogue says it, else a product that was put since; "" where none does."""
    known = loaded.catalogues.parts.vocabulary.currency
    entries = loaded.view().delta.entries.values()
    return known or next((e.facts["currency"] for e in entries if e.facts.get("currency")), "")


def records_of(asked: Asked, outcome: Outcome) -> list[Record]:
    """The records, their photos and sounds kept for showing where there is a place for them.

    Raises:
        RequestError: 507 where the disk is full.
    """
    call, media = asked.call, asked.backend.put_media
    records = []
    for number, common in enumerate(common_facts(asked)):
        item, given = call.items[number], given_facts(call.parts[number], SHOWN)
        if not given["language"]:
            del given["language"]  # left unsaid, it is detected
        facts = read_off(item) | shown(given)
        if given["currency"].strip():
            facts["currency"] = currency_of(asked.loaded) or given["currency"].strip().upper()
        if outcome.alone is not None:
            facts |= outcome.alone[number]
        if media is not None:
            facts |= kept_media(media, item)
        records.append(Record("put", facts=facts, vector=outcome.vectors[number], inputs=item, **common))
    return records


def shown(given: dict[str, Any]) -> dict[str, Any]:
    """Facts with their texts as they are shown, like those of the catalogue."""
    facts = {name: shown_text(value) if isinstance(value, str) else value for name, value in given.items()}
    facts["description"] = shown_lines(given["description"])
    facts["attributes"] = {
        shown_text(name): shown_text(value) if isinstance(value, str) else value
        for name, value in given["attributes"].items()
    }
    return facts


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


PUT_PRODUCTS = Writing(
    name="products/put",
    summary="Add or replace products; the next search finds them.",
    names=("item", "items"),
    item=PutItem,
    read=read_items,
    examples={
        "one": {"item": {"product_id": "P90001", **EXAMPLE_ITEM, "category": "Shoes", "currency": "EUR"}}
    },
    form=Form(
        {
            **ITEM_FIELDS,
            **dict.fromkeys(("category", "language", "currency"), "text"),
            "on_hand": "number",
            "updated_at": "text",
        },
        within="item",
    ),
    records=put,
)
