"""Photos and sounds that a table names by web address: what counts as one, and where a fetched one lies."""

import re

from shelfspace.hashing import content_hash

__all__ = ["FETCHED", "LEDGER", "NOT_FETCHED", "fetched_name", "is_address"]

FETCHED = "fetched"
"""Folder of the media root that `shelfspace fetch-media` fills."""

LEDGER = "fetched.jsonl"
"""One line a file or a refusal, in the folder of the fetched files."""

NOT_FETCHED = (
    "a web address, and none is fetched by itself: run shelfspace fetch-media, or leave the column out"
)

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*:)?//[^/\s]", re.IGNORECASE)


def is_address(key: str) -> bool:
    """Whether a media key is an address (`https://...`, `//cdn...`) and no path below the media root."""
    return ADDRESS.match(key) is not None


def fetched_name(address: str) -> str:
    """The path below the media root under which an address is kept once it was fetched; always the same."""
    return f"{FETCHED}/{content_hash(address)}"
