"""A YAML file with one list, which people write and review: every entry read, or refused by its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from shelfspace.errors import InputError

__all__ = ["read_entries"]

Entry = TypeVar("Entry")


def read_entries(path: Path, key: str, of: str, read: Callable[[Any], Entry]) -> list[tuple[str, Entry]]:
    """The place of each entry, for messages, and what was read of it; of an absent or empty file, none.

    Args:
        key: the one key of the file.
        of: what the entries are, in the plural.
        read: makes an entry of what stands in the file; raises pydantic's ValidationError.

    Raises:
        InputError: no YAML, or an entry that cannot be meant; the message names its place.
    """
    if not path.exists():
        return []
    try:
        stored: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            str(path), "", f"write valid YAML in UTF-8 ({' '.join(str(error).split())})"
        ) from error
    if stored is None:
        return []
    if not isinstance(stored, dict) or set(stored) != {key} or not isinstance(stored[key], list):
        raise InputError(str(path), stored, f"write one key, `{key}`, with a list of {of}")
    found = []
    for number, entry in enumerate(stored[key], 1):
        place = f"{path.name}: {key}[{number}]"
        try:
            found.append((place, read(entry)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join([place, *(str(part) for part in first["loc"])])
            remedy = first["msg"].removeprefix("Value error, ")
            raise InputError(where, first.get("input"), remedy) from None
    return found
