"""From a request body to a `ParsedRequest`: schema, limits and base64, with errors that name the place.

Nothing is decoded here but base64: photos and sounds stay encoded files until `models` opens them
under its own caps.
"""

from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from bentos.api.contract import Contract, ParsedRequest
from bentos.api.items import Files, product_input
from bentos.api.limits import Limits
from bentos.errors import RequestError

__all__ = [
    "Files", "ParsedRequest", "parse_json", "read_call", "read_changes", "read_items", "read_named",
]  # fmt: skip

MAX_FIELDS = 64
"""Names in one JSON object; more than any request has, few enough to report on cheaply."""


def parse_json(data: bytes) -> Any:
    """Strict JSON: no NaN, no infinity, valid UTF-8, nesting bounded by the parser."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        shown = data[:40].decode("utf-8", "replace")
        raise RequestError(400, "body", shown, f"send valid JSON ({error})") from None


def read_call(contract: Contract, body: Any, limits: Limits, files: Files | None = None) -> ParsedRequest:
    """Check a parsed body against schema and limits.

    Args:
        contract: of the route that was asked.
        body: what JSON parsing gave, of any type.
        limits: bounds of one request.
        files: files of a multipart request; they join the single item.

    Raises:
        RequestError: 422 for a wrong shape or value, 413 for too many items or too large a file.
    """
    one, many = contract.names
    if not isinstance(body, dict):
        raise RequestError(422, "body", shown(body), f"send a JSON object with {one} or {many}")
    given = sorted(body)
    check_shape(body, contract, limits)
    model = contract.request_model
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, model) from None
    item, items = getattr(request, one), getattr(request, many)
    alone = item is None and items is None and getattr(request, contract.alone, None) is not None
    if (item is None) == (items is None) and not alone:
        more = f", or {contract.alone} alone to browse" if contract.alone else ""
        raise RequestError(422, one, shown(given), f"give either {one} or {many}{more}")
    limits.check_results(getattr(request, "k", 0))
    single = items is None
    parts = [] if alone else [item] if single else items
    return contract.read(contract, request, parts, single, limits, files)


def read_items(
    contract: Contract, request: Any, parts: list[Any], single: bool, limits: Limits, files: Files | None
) -> ParsedRequest:
    """The call of a route whose items are encoded."""
    del request
    items = []
    for number, part in enumerate(parts):
        place = contract.names[0] if single else f"{contract.names[1]}[{number}]"
        items.append(product_input(part, place, limits, files))
    ids = tuple(part.product_id for part in parts)
    return ParsedRequest(contract, single, tuple(items), ids, parts=tuple(parts))


def read_changes(
    contract: Contract, request: Any, parts: list[Any], single: bool, limits: Limits, files: Files | None
) -> ParsedRequest:
    """The call of a route that changes products which are there."""
    del request, limits, files
    return ParsedRequest(contract, single, (), tuple(p.product_id for p in parts), parts=tuple(parts))


def read_named(
    contract: Contract, request: Any, parts: list[Any], single: bool, limits: Limits, files: Files | None
) -> ParsedRequest:
    """The call of a route that is asked by products' identifiers."""
    del files
    for product in parts:
        limits.check_text("product_id", product)
    k, modality = getattr(request, "k", 0), getattr(request, "modality", "")
    time = getattr(request, "updated_at", None)
    return ParsedRequest(
        contract, single, (), tuple(parts), k, modality=modality, updated_at=time, body=request
    )


def check_shape(body: dict[str, Any], contract: Contract, limits: Limits) -> None:
    """Take out what is null, and refuse counts before the schema runs: it would write one error for every
    wrong entry."""
    one, several = contract.names
    many = body.get(several)
    if isinstance(many, list):
        limits.check_count(several, len(many), contract.most)
    items = many if isinstance(many, list) else [body.get(one)]
    inner = [item.get("weights") for item in items if isinstance(item, dict)]
    for part in (body, body.get("filters"), *items, *inner):
        if not isinstance(part, dict):
            continue
        if len(part) > MAX_FIELDS:
            raise RequestError(422, "fields", len(part), "send only the fields that /docs.json names")
        if None in part.values():
            for name in [name for name, value in part.items() if value is None]:
                del part[name]
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
