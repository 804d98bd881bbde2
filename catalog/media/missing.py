"""Why there is no file of a media key, and what its shop can do."""

import re
from pathlib import PurePosixPath, PureWindowsPath

from catalog.media.addresses import NOT_FETCHED, is_address

__all__ = ["why_missing"]

WRITTEN_OUT = (
    "a picture or sound written into the table; save it as a file below the media root, and name that"
)
ELSEWHERE = "a path of one computer, or one that leads out; name the file relative to the media root"
NO_SCHEME = (
    "a web address without https://, and none is fetched by itself: write it whole and run shelfspace "
    "fetch-media, or leave the column out"
)
SEVERAL = "several files in one cell; name what parts them, such as photo_separator: {mark!r} in catalog.yaml"
OBJECT = "an object of JSON; give a path, or a list of paths"
MISSING = "the file is missing; paths are relative to media_root, or to the catalogue's folder"

_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{120,}={0,2}")
_HOST = re.compile(
    r"(?:www|cdn|img|images|static|media)\.[\w-]+\.\w{2,}/|[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|cn|de)/"
)
_SEVERAL = re.compile(
    r"\.[A-Za-z0-9]{3,4}\s*([,;|\n\t]|\s)\s*(?=\S+\.[A-Za-z0-9]{3,4}$|\S+\.[A-Za-z0-9]{3,4}\s*\1)"
)


def why_missing(key: str) -> str:
    """A reason with its remedy, by what the key looks like."""
    several = _SEVERAL.search(key)
    parts = re.split(r"[/\\]", key)
    away = PurePosixPath(key).is_absolute() or PureWindowsPath(key).drive or ".." in parts
    looks = (
        (key.lower().startswith("data:") or _BASE64.fullmatch(key), WRITTEN_OUT),
        (key.startswith(("{", "[{")), OBJECT),
        (several, SEVERAL.format(mark=several[1] if several else "")),
        (key.lower().startswith("file:"), ELSEWHERE),
        (is_address(key), NOT_FETCHED),
        (away, ELSEWHERE),
        (_HOST.match(key), NO_SCHEME),
    )
    return next((reason for found, reason in looks if found), MISSING)
