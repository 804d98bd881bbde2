"""Seals of JSON objects: a checksum that travels inside, so that a flipped bit is refused.

An object carries its checksum under the name `checksum`. What was written before there were seals
carries none and is read as it is. Parquet tables have theirs in `sealed_tables`; arrays in the folders
of assets and releases have none of their own: a record or a manifest holds a digest of those.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from shelfspace.hashing import content_hash

__all__ = ["open_sealed", "seal_object"]

NAME = "checksum"


def object_checksum(value: Mapping[str, Any]) -> str:
    """Checksum of what a JSON object says, whatever its layout and order."""
    return content_hash(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def seal_object(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with its checksum; numpy scalars and arrays, dataclasses are allowed."""
    plain = orjson.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    return {**plain, NAME: object_checksum(plain)}


def open_sealed(value: Any) -> Any:
    """What was sealed; any other value as it is.

    Raises:
        ValueError: it is not what was sealed.
    """
    if not isinstance(value, dict):
        return value
    value = dict(value)
    # The name itself may be what is damaged: then another one has the checksum of all the others.
    names = [NAME] if NAME in value else [k for k, v in value.items() if isinstance(v, str) and len(v) == 32]
    for name in names:
        rest = {k: v for k, v in value.items() if k != name}
        whole = value[name] == object_checksum(rest)
        if name == NAME and whole:
            return rest
        if name == NAME or whole:
            raise ValueError("its checksum is another: it is not what was written")
    return value
