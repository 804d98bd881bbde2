"""Logs of JSON objects, one a line, each with its checksum; lines are only ever added."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from shelfspace.files import reading
from shelfspace.sealed import open_sealed, seal_object

__all__ = ["append_lines", "read_lines"]


def append_lines(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add lines, on the disk when this returns; one that a killed writer left torn is cut off first."""
    with path.open("ab") as stream:
        stream.truncate(path.read_bytes().rfind(b"\n") + 1)
        stream.write(b"".join(orjson.dumps(seal_object(entry)) + b"\n" for entry in entries))
        stream.flush()
        os.fsync(stream.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines, the oldest first; [] where there is no file.

    Raises:
        ArtifactError: a line is damaged.
    """
    if not path.exists():
        return []
    # A killed writer can leave a last line without its newline.
    whole = path.read_bytes().rpartition(b"\n")[0]
    with reading(path):
        return [open_sealed(orjson.loads(line)) for line in whole.splitlines()]
