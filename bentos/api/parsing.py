"""From a request body to a `ParsedRequest`: schema, limits and base64, with errors that name the place.

Nothing is decoded here but base64: photos and sounds stay encoded files until `models` opens them
under its own caps.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from bentos.api.items import Files, product_input
from bentos.api.limits import Limits
from bentos.api.queries import form_of, split
from bentos.api.requests import (
    ChangeRequest,
    DeleteRequest,
    EmbedRequest,
    GetRequest,
    PutRequest,
    Query,
    SearchRequest,
    SimilarRequest,
)
from bentos.errors import RequestError
from catalog.product import ProductInput
from retrieval.query import SearchOptions, SearchQuery

__all__ = ["ENDPOINTS", "READS", "WRITES", "Files", "ParsedRequest", "parse_json", "read_call"]

ENDPOINTS = ("embed", "classify", "search", "similar")
READS = ("products/get",)
"""Answered without encoder and index, and not logged: they say nothing of what shoppers look for."""
WRITES = ("products/put", "products/change", "products/delete")
MAX_FIELDS = 64
"""Names in one JSON object; more than any request has, few enough to report on cheaply."""


@dataclass(frozen=True)
class ParsedRequest:
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
    asks: tuple[SearchQuery, ...] = ()
    form: SearchOptions = field(default_factory=SearchOptions)
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
        raise RequestError(400, "body", shown, f"send valid JSON ({error})") from None


def read_call(endpoint: str, body: Any, limits: Limits, files: Files | None = None) -> ParsedRequest:
    """Check a parsed body against schema and limits.

    Args:
        endpoint: one of ENDPOINTS, READS or WRITES.
        body: what JSON parsing gave, of any type.
        limits: bounds of one request.
        files: files of a multipart request; they join the single item.

    Raises:
        RequestError: 422 for a wrong shape or value, 413 for too many items or too large a file.
    """
    model, plural = MODELS[endpoint]
    singular = SINGULAR[plural]
    if not isinstance(body, dict):
        raise RequestError(422, "body", shown(body), f"send a JSON object with {singular} or {plural}")
    check_shape(body, plural, limits)
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, model) from None
    one, many = getattr(request, singular), getattr(request, plural)
    browsing = one is None and many is None and getattr(request, "filters", None) is not None
    if (one is None) == (many is None) and not browsing:
        more = ", or filters alone to browse" if endpoint == "search" else ""
        raise RequestError(422, singular, shown(sorted(body)), f"give either {singular} or {plural}{more}")
    single = many is None
    parts = [] if browsing else [one] if single else many
    k = getattr(request, "k", 0)
    limits.check_results(k)
    if isinstance(request, SearchRequest):
        return search_call(request, parts, single, limits, files)
    if plural == "changes":
        return ParsedRequest(
            endpoint, single, (), tuple(part.product_id for part in parts), k, plural, tuple(parts)
        )
    if plural == "product_ids":
        for product in parts:
            limits.check_text("product_id", product)
        return ParsedRequest(
            endpoint, single, (), tuple(parts), k, plural, modality=getattr(request, "modality", "")
        )
    items, ids = [], []
    for number, part in enumerate(parts):
        place = singular if single else f"{plural}[{number}]"
        items.append(product_input(part, place, limits, files))
        ids.append(getattr(part, "product_id", ""))
    return ParsedRequest(endpoint, single, tuple(items), tuple(ids), k, plural, tuple(parts))


def search_call(
    request: SearchRequest, queries: list[Query], single: bool, limits: Limits, files: Files | None
) -> ParsedRequest:
    """The call of a checked search; without queries it browses."""
    form = form_of(request, limits)
    asks = []
    for number, query in enumerate(queries):
        place = "query" if single else f"queries[{number}]"
        limits.check_text(f"{place}.product_id", query.product_id)
        whole = product_input(query, place, limits, files)
        asks.append(split(query, whole, place))
    items = tuple(item for ask in asks for item, _ in ask.parts)
    found = tuple(asks) or (SearchQuery(),)
    return ParsedRequest(
        "search", single, items, ("",) * len(found), request.k, "queries", asks=found, form=form
    )


def check_shape(body: dict[str, Any], plural: str, limits: Limits) -> None:
    """Refuse counts before the schema runs: it would write one error for every wrong entry."""
    many = body.get(plural)
    if isinstance(many, list):
        limits.check_count(plural, len(many))
    items = many if isinstance(many, list) else [body.get(SINGULAR[plural])]
    inner = [item.get("weights") for item in items if isinstance(item, dict)]
    for part in (body, body.get("filters"), *items, *inner):
        if not isinstance(part, dict):
            continue
        if len(part) > MAX_FIELDS:
            raise RequestError(422, "fields", len(part), "send only the fields that /docs.json names")
        for name, most in (("photos", limits.media_per_item), ("sounds", limits.media_per_item)):
            if isinstance(part.get(name), list) and len(part[name]) > most:
                limits.check_media(name, len(part[name]))
        attributes = part.get("attributes")
        if isinstance(attributes, dict) and len(attributes) > limits.attributes:
            remedy = f"send at most {limits.attributes} attributes an item"
            raise RequestError(422, "attributes", f"{len(attributes)} entries", remedy)


def refusal_of(error: ValidationError, model: type[BaseModel]) -> RequestError:
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
    return RequestError(422, field or model.__name__, shown(first.get("input")), remedy)


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
