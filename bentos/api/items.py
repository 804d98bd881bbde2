"""From one item or query of a request to what the encoder reads; files stay encoded."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from bentos.api.limits import Limits
from bentos.api.requests import ProductItem, Query
from bentos.errors import RequestError
from catalog.product import ProductInput

__all__ = ["Files", "product_input"]


@dataclass(frozen=True)
class Files:
    """Files of a multipart request, which belong to its single item."""

    photos: tuple[bytes, ...] = ()
    sounds: tuple[bytes, ...] = ()


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
        raise RequestError(422, place, "{}", f"give at least {wanted}")
    return item


def decoded(field: str, value: str, most: int) -> bytes:
    """The bytes of a base64 text or data: URL; line breaks are allowed, other bytes are not."""
    text = value
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise RequestError(422, field, value[:60], "give a data: URL with ;base64, before its data")
    elif text[:8].lower().startswith(("http://", "https://", "file:")):
        raise RequestError(422, field, value[:60], "send the file itself as base64; no address is fetched")
    if len(text) // 4 * 3 > most + most // 50 + 3:  # line breaks may add two characters in 76
        raise RequestError(
            413, field, f"about {len(text) // 4 * 3} bytes", f"send at most {most} bytes a file"
        )
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(
            422, field, value[:40], "give the file as base64 (RFC 4648), as `base64 FILE` prints it"
        ) from None
    return sized(field, data, most)


def sized(field: str, data: bytes, most: int) -> bytes:
    """The file, if it is neither empty nor too large."""
    if not data:
        raise RequestError(422, field, "0 bytes", "send a file that is not empty, or leave the field out")
    if len(data) > most:
        raise RequestError(413, field, f"{len(data)} bytes", f"send at most {most} bytes a file")
    return data
