"""Forms: one item as text fields and files, so that plain curl can send a photo.

curl -F photo=@shoe.jpg localhost:3000/search
curl -F title="Blue shoe" -F price=89.9 -F photo=@shoe.jpg localhost:3000/classify
"""

from collections.abc import AsyncGenerator
from typing import Any

import orjson
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from bentos.api.parsing import Files
from bentos.errors import RequestError

__all__ = ["FORM_FIELDS", "read_form"]

MAX_FILES = 16
MAX_FIELDS = 32
MAX_FIELD_BYTES = 1_048_576
ITEM = {
    **dict.fromkeys(("product_id", "title", "description", "brand", "attributes"), "text"),
    "price": "number",
    "photo": "file",
    "sound": "file",
}
FORM_FIELDS = {
    "products/put": {
        **ITEM,
        "category": "text",
        "language": "text",
        "currency": "text",
        "on_hand": "number",
        "updated_at": "text",
    },
    "embed": ITEM,
    "classify": ITEM,
    "search": {
        "text": "text",
        "photo": "file",
        "sound": "file",
        "product_id": "text",
        "k": "integer",
        "page": "integer",
        "sort": "text",
    },
    "similar": {"product_id": "text", "k": "integer", "modality": "text"},
    "products/get": {"product_id": "text"},
}
"""Fields of each endpoint's form, for the OpenAPI document."""
PHOTOS = frozenset({"photo", "photos"})
SOUNDS = frozenset({"sound", "sounds"})


async def read_form(endpoint: str, content_type: str, data: bytes) -> tuple[dict[str, Any], Files]:
    """The JSON body a form stands for, and its files.

    Args:
        endpoint: decides which field the item becomes.
        content_type: the header, with its boundary.
        data: the whole body.

    Raises:
        RequestError: 400 for a broken form, 422 for a field of another form than its meaning asks.
    """
    parser = MultiPartParser(
        Headers({"content-type": content_type}),
        _once(data),
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RequestError(400, "body", content_type[:60], f"send a valid form ({error.message})") from None
    except (KeyError, ValueError) as error:
        raise RequestError(400, "body", content_type[:60], f"send a valid form ({error})") from None
    try:
        fields: dict[str, Any] = {}
        photos: list[bytes] = []
        sounds: list[bytes] = []
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name not in PHOTOS | SOUNDS:
                    raise RequestError(
                        422, name[:60] or "name", value.filename, "send files as photo or sound"
                    )
                (photos if name in PHOTOS else sounds).append(await value.read())
            elif name in PHOTOS | SOUNDS:
                remedy = f"send a file (curl -F {name}=@FILE)"
                raise RequestError(422, name, value[:40], remedy)
            elif name in fields:
                raise RequestError(
                    422, name[:60], value[:40], "give this field once; a form carries one item"
                )
            else:
                fields[name] = value
    finally:
        await form.close()
    return _body(endpoint, fields), Files(tuple(photos), tuple(sounds))


def _body(endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Text fields as typed values, in the place the JSON body has them."""
    top: dict[str, Any] = {}
    for name in ("k", "page"):
        if name in fields:
            top[name] = _number(int, name, fields.pop(name))
    if endpoint == "search" and "sort" in fields:
        top["sort"] = fields.pop("sort")
    if endpoint in {"similar", "products/get"}:
        return top | fields
    for name in ("price", "on_hand"):
        text = fields.pop(name, "")
        if text.strip():
            fields[name] = _number(float, name, text)
    if "attributes" in fields:
        try:
            fields["attributes"] = orjson.loads(fields["attributes"])
        except orjson.JSONDecodeError:
            remedy = 'give a JSON object, such as {"colour": "blue"}'
            raise RequestError(422, "attributes", fields["attributes"][:40], remedy) from None
    top["query" if endpoint == "search" else "item"] = fields
    return top


def _number(kind: type, name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        wanted = "whole number" if kind is int else "number"
        raise RequestError(422, name, text[:40], f"give a {wanted}") from None


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
