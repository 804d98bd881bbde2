"""Forms: one item as text fields and files, so that plain curl can send a photo.

curl -F photo=@shoe.jpg localhost:3000/search
curl -F title="Blue shoe" -F price=89.9 -F photo=@shoe.jpg localhost:3000/classify
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from bentos.api.contract import Contract
from bentos.api.items import Files
from bentos.errors import RequestError

__all__ = ["ITEM_FIELDS", "body_of", "read_form", "read_query"]

MAX_FILES = 16
MAX_FIELDS = 32
MAX_FIELD_BYTES = 1_048_576
ITEM_FIELDS = {
    **dict.fromkeys(("product_id", "title", "description", "brand"), "text"),
    "attributes": "object",
    "price": "number",
    "photo": "file",
    "sound": "file",
}
"""Of a form that stands for a product."""
PHOTOS = frozenset({"photo", "photos"})
SOUNDS = frozenset({"sound", "sounds"})
READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "integer": (int, "give a whole number"),
    "number": (float, "give a number"),
    "object": (orjson.loads, 'give a JSON object, such as {"colour": "blue"}'),
}
"""How a field of a kind is read, and what to do about one that is none."""


def read_query(contract: Contract, query: bytes) -> dict[str, Any]:
    """The JSON body that a query string stands for; of a field that is given twice, the last counts.

    Raises:
        RequestError: 422 for a field of another form than its meaning asks.
    """
    try:
        given = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise RequestError(422, "query", len(query), f"send at most {MAX_FIELDS} fields") from None
    return body_of(contract, dict(given))


async def read_form(contract: Contract, content_type: str, data: bytes) -> tuple[dict[str, Any], Files]:
    """The JSON body a form stands for, and its files.

    Args:
        contract: which fields there are, and where they go.
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
        sent = await parser.parse()
    except MultiPartException as error:
        raise RequestError(400, "body", content_type[:60], f"send a valid form ({error.message})") from None
    except (KeyError, ValueError) as error:
        raise RequestError(400, "body", content_type[:60], f"send a valid form ({error})") from None
    try:
        fields: dict[str, Any] = {}
        photos: list[bytes] = []
        sounds: list[bytes] = []
        for name, value in sent.multi_items():
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
        await sent.close()
    return body_of(contract, fields), Files(tuple(photos), tuple(sounds))


def body_of(contract: Contract, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a form, texts or values, in the places the JSON body has them.

    Fields of the body itself come as JSON, as BentoML's client sends them; those of the item join it.

    Raises:
        RequestError: 422 for a field of another form than its meaning asks.
    """
    form, (one, many) = contract.form, contract.names
    body: dict[str, Any] = {}
    item: dict[str, Any] = {}
    for name, value in given.items():
        top = name in form.top or (name not in form.item and name in contract.request_model.model_fields)
        kind = form.fields.get(name, "object" if top else "text")
        read = _typed(kind, name, value) if isinstance(value, str) else value
        (body if top or not form.within else item)[name] = read
    if form.within and (item or not (one in body or many in body)):
        inner = body.get(form.within)
        body[form.within] = {**(inner if isinstance(inner, dict) else {}), **item}
    return {name: value for name, value in body.items() if value is not None}


def _typed(kind: str, name: str, text: str) -> Any:
    """A field's value; None for a number that is left empty.

    Raises:
        RequestError: 422 for a text of another kind.
    """
    if kind == "text":
        return unquoted(text)
    if kind == "number" and not text.strip():
        return None
    reader, remedy = READERS[kind]
    try:
        return reader(text)
    except ValueError:
        raise RequestError(422, name, text[:40], remedy) from None


def unquoted(text: str) -> str:
    """A text that came as JSON, as BentoML's client sends it, else as it is."""
    if len(text) < 2 or not (text[0] == text[-1] == '"'):
        return text
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return read if isinstance(read, str) else text


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
