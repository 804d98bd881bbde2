"""From a request body to a `Call`: schema, limits and base64, with errors that name the place.

Nothing is decoded here: photos and sounds stay encoded files until `models` opens them under
its own caps.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from bentos.asks import Ask, Form, form_of, split
from bentos.limits import Limits, Refusal
from bentos.schemas import (
    ChangeRequest,
    DeleteRequest,
    EmbedRequest,
    GetRequest,
    ProductItem,
    PutRequest,
    Query,
    SearchRequest,
    SimilarRequest,
)
from models.inputs.item import ProductInput

__all__ = ["ENDPOINTS", "READS", "WRITES", "Call", "Files", "parse_json", "read_call"]

ENDPOINTS = ("embed", "classify", "search", "similar")
READS = ("products/get",)
"""Answered without encoder and index, and not logged: they say nothing of what shoppers look for."""
WRITES = ("products/put", "products/change", "products/delete")
MAX_FIELDS = 64
"""Names in one JSON object; more than any request has, few enough to report on cheaply."""


@dataclass(frozen=True)
class Files:
    """Files of a multipart request, which belong to its single item."""

    photos: tuple[bytes, ...] = ()
    sounds: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Call:
    """A request that passed every check which needs no release.

    Attributes:
        endpoint: one of ENDPOINTS, READS or WRITES.
        single: whether the answer is `result` rather than `results`.
        items: what to encode (empty for similar, change and delete); of a search, the parts of its
            queries, one after the other.
        product_ids: per item, the caller's identifier ("" without); else the products. Of a search,
            "" for each query.
        k: hits per item; 0 for embed and classify.
        plural: the name of the list field, for messages.
        parts: the items of a write as they were sent, checked.
        asks, form: of a search, its queries and how they are answered.
        modality: what /similar goes by alone; "" for all.
    """

    endpoint: str
    single: bool
    items: tuple[ProductInput, ...]
    product_ids: tuple[str, ...]
    k: int
    plural: str
    parts: tuple[BaseModel, ...] = ()
    asks: tuple[Ask, ...] = ()
    form: Form = field(default_factory=Form)
    modality: str = ""

    def __len__(self) -> int:
        return len(self.product_ids)

    def item_place(self, number: int) -> str:
        """How item `number` of `items` is called in messages; of a search, the query it is part of."""
        owners = [n for n, ask in enumerate(self.asks) for _ in ask.parts]
        return self.place(owners[number] if owners else number)

    def place(self, number: int) -> str:
        """How item `number` is called in messages: `item.`, `queries[3].`."""
        return f"{SINGULAR[self.plural]}." if self.single else f"{self.plural}[{number}]."


SINGULAR = {"items": "item", "queries": "query", "product_ids": "product_id", "changes": "change"}
MODELS: dict[str, tuple[type[BaseModel], str]] = {
    "embed": (EmbedRequest, "items"),
    "classify": (EmbedRequest, "items"),
    "search": (SearchRequest, "queries"),
    "similar": (SimilarRequest, "product_ids"),
    "products/get": (GetRequest, "product_ids"),
    "products/put": (PutRequest, "items"),
    "products/change": (ChangeRequest, "changes"),
    "products/delete": (DeleteRequest, "product_ids"),
}


def parse_json(data: bytes) -> Any:
    """Strict JSON: no NaN, no infinity, valid UTF-8, nesting bounded by the parser."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        shown = data[:40].decode("utf-8", "replace")
        raise Refusal(400, "body", shown, f"send valid JSON ({error})") from None


def read_call(endpoint: str, body: Any, limits: Limits, files: Files | None = None) -> Call:
    """Check a parsed body against schema and limits.

    Args:
        endpoint: one of ENDPOINTS, READS or WRITES.
        body: what JSON parsing gave, of any type.
        limits: bounds of one request.
        files: files of a multipart request; they join the single item.

    Raises:
        Refusal: 422 for a wrong shape or value, 413 for too many items or too large a file.
    """
    model, plural = MODELS[endpoint]
    singular = SINGULAR[plural]
    if not isinstance(body, dict):
        raise Refusal(422, "body", shown(body), f"send a JSON object with {singular} or {plural}")
    check_shape(body, plural, limits)
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, model) from None
    one, many = getattr(request, singular), getattr(request, plural)
    browsing = one is None and many is None and getattr(request, "filters", None) is not None
    if (one is None) == (many is None) and not browsing:
        more = ", or filters alone to browse" if endpoint == "search" else ""
        raise Refusal(422, singular, shown(sorted(body)), f"give either {singular} or {plural}{more}")
    single = many is None
    parts = [] if browsing else [one] if single else many
    k = getattr(request, "k", 0)
    limits.check_results(k)
    if isinstance(request, SearchRequest):
        return search_call(request, parts, single, limits, files)
    if plural == "changes":
        return Call(endpoint, single, (), tuple(part.product_id for part in parts), k, plural, tuple(parts))
    if plural == "product_ids":
        for product in parts:
            limits.check_text("product_id", product)
        return Call(endpoint, single, (), tuple(parts), k, plural, modality=getattr(request, "modality", ""))
    items, ids = [], []
    for number, part in enumerate(parts):
        place = singular if single else f"{plural}[{number}]"
        items.append(product_input(part, place, limits, files))
        ids.append(getattr(part, "product_id", ""))
    return Call(endpoint, single, tuple(items), tuple(ids), k, plural, tuple(parts))


def search_call(
    request: SearchRequest, queries: list[Query], single: bool, limits: Limits, files: Files | None
) -> Call:
    """The call of a checked search; without queries it browses."""
    form = form_of(request, limits)
    asks = []
    for number, query in enumerate(queries):
        place = "query" if single else f"queries[{number}]"
        limits.check_text(f"{place}.product_id", query.product_id)
        whole = product_input(query, place, limits, files)
        asks.append(split(query, whole, place))
    items = tuple(item for ask in asks for item, _ in ask.parts)
    found = tuple(asks) or (Ask(),)
    return Call("search", single, items, ("",) * len(found), request.k, "queries", asks=found, form=form)


def check_shape(body: dict[str, Any], plural: str, limits: Limits) -> None:
    """Refuse counts before the schema runs: it would write one error for every wrong entry."""
    many = body.get(plural)
    if isinstance(many, list):
        limits.check_count(plural, len(many))
    items = many if isinstance(many, list) else [body.get(SINGULAR[plural])]
    for part in (body, *items):
        if not isinstance(part, dict):
            continue
        if len(part) > MAX_FIELDS:
            raise Refusal(422, "fields", len(part), "send only the fields that /docs.json names")
        for name, most in (("photos", limits.media_per_item), ("sounds", limits.media_per_item)):
            if isinstance(part.get(name), list) and len(part[name]) > most:
                limits.check_media(name, len(part[name]))
        attributes = part.get("attributes")
        if isinstance(attributes, dict) and len(attributes) > limits.attributes:
            remedy = f"send at most {limits.attributes} attributes an item"
            raise Refusal(422, "attributes", f"{len(attributes)} entries", remedy)


def product_input(part: ProductItem | Query, place: str, limits: Limits, files: Files | None) -> ProductInput:
    """The encoder's input for one item or query."""
    extra = files or Files()
    if isinstance(part, Query):
        texts = {"text": part.text}
        photos = [("photo", part.photo)] if part.photo else []
        sounds = [("sound", part.sound)] if part.sound else []
    else:
        texts = {"title": part.title, "description": part.description, "brand": part.brand}
        texts |= {f"attributes.{name[:40]}": f"{name} {value}" for name, value in part.attributes.items()}
        photos = [(f"photos[{i}]", photo) for i, photo in enumerate(part.photos)]
        sounds = [(f"sounds[{i}]", sound) for i, sound in enumerate(part.sounds)]
    for name, text in texts.items():
        limits.check_text(f"{place}.{name}", text)
    limits.check_media(f"{place}.photos", len(photos) + len(extra.photos))
    limits.check_media(f"{place}.sounds", len(sounds) + len(extra.sounds))
    common: dict[str, Any] = {
        "photos": (
            *(decoded(f"{place}.{name}", value, limits.photo_bytes) for name, value in photos),
            *(sized(f"{place}.photo", data, limits.photo_bytes) for data in extra.photos),
        ),
        "sounds": (
            *(decoded(f"{place}.{name}", value, limits.sound_bytes) for name, value in sounds),
            *(sized(f"{place}.sound", data, limits.sound_bytes) for data in extra.sounds),
        ),
    }
    if isinstance(part, Query):
        item = ProductInput(title=part.text, **common)
    else:
        attributes = {name: str(value) for name, value in part.attributes.items()}
        item = ProductInput(
            title=part.title,
            description=part.description,
            brand=part.brand,
            attributes=attributes,
            price=part.price,
            **common,
        )
    if item == ProductInput() and not (isinstance(part, Query) and part.product_id):
        wanted = (
            "text, photo, sound or product_id"
            if isinstance(part, Query)
            else "a title, photo, sound or price"
        )
        raise Refusal(422, place, "{}", f"give at least {wanted}")
    return item


def decoded(field: str, value: str, most: int) -> bytes:
    """The bytes of a base64 text or data: URL; line breaks are allowed, other bytes are not."""
    text = value
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise Refusal(422, field, value[:60], "give a data: URL with ;base64, before its data")
    elif text[:8].lower().startswith(("http://", "https://", "file:")):
        raise Refusal(422, field, value[:60], "send the file itself as base64; no address is fetched")
    if len(text) // 4 * 3 > most + most // 50 + 3:  # line breaks may add two characters in 76
        raise Refusal(413, field, f"about {len(text) // 4 * 3} bytes", f"send at most {most} bytes a file")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(
            422, field, value[:40], "give the file as base64 (RFC 4648), as `base64 FILE` prints it"
        ) from None
    return sized(field, data, most)


def sized(field: str, data: bytes, most: int) -> bytes:
    """The file, if it is neither empty nor too large."""
    if not data:
        raise Refusal(422, field, "0 bytes", "send a file that is not empty, or leave the field out")
    if len(data) > most:
        raise Refusal(413, field, f"{len(data)} bytes", f"send at most {most} bytes a file")
    return data


def refusal_of(error: ValidationError, model: type[BaseModel]) -> Refusal:
    """The first schema error as a refusal that names the place."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ""
    for part in first["loc"]:
        if isinstance(part, int):
            field += f"[{part}]"
        elif part not in {"str", "int", "float", "bool"}:  # branches of a union, not names
            field += f".{part[:60]}" if field else part[:60]
    if first["type"] == "extra_forbidden":
        remedy = "no such field; /docs.json names those there are"
    else:
        message = first["msg"]
        remedy = message[:1].lower() + message[1:]
    return Refusal(422, field or model.__name__, shown(first.get("input")), remedy)


def shown(value: Any) -> Any:
    """A small stand-in for a value of any size, fit for a message."""
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, (list, tuple)):
        return (
            value
            if len(value) < 6 and all(isinstance(v, (str, int)) for v in value)
            else f"a list of {len(value)}"
        )
    if isinstance(value, dict):
        return f"an object with {len(value)} names"
    return value
