"""Writes that are whole or absent, and readers that name a damaged file with the way to get it back.

A write goes to a temporary name first and is renamed then: a process killed at any moment leaves either
the old bytes or the new ones, and temporary names that the next write of the same target removes.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import yaml

from shelfspace.errors import ArtifactError
from shelfspace.hashing import tree_hashes
from shelfspace.sealed import open_sealed, seal_object
from shelfspace.sealed_tables import read_sealed_table, write_sealed_table
from shelfspace.way_back import way_back

__all__ = [
    "SEAL",
    "atomic_directory",
    "check_sealed_folder",
    "json_bytes",
    "link_or_copy",
    "read_array",
    "read_artifact",
    "read_json",
    "read_parquet",
    "read_yaml",
    "reading",
    "seal_folder",
    "sync",
    "write_array",
    "write_bytes",
    "write_json",
    "write_sealed_json",
    "write_table",
    "write_text",
]

Content = TypeVar("Content")

YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Some seven times as fast as the one in Python, where PyYAML was built with it."""

SEAL = "files.json"
"""Note of the files of a folder and their hashes."""


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path` atomically and durably; parents are made."""
    with _replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return path


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`, and put what was written there in its place; parents are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    yield temporary
    os.replace(temporary, path)


def write_array(path: Path, array: np.ndarray) -> Path:
    """Write an .npy file atomically and durably; parents are made.

    Raises:
        ValueError: an array of objects, which only pickle can write.
    """
    with _replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())
    return path


def write_text(path: Path, text: str) -> Path:
    """`write_bytes` for text, as UTF-8."""
    return write_bytes(path, text.encode())


def json_bytes(value: object) -> bytes:
    """JSON with sorted keys and two-space indent; numpy scalars and arrays, dataclasses are allowed."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
    return orjson.dumps(value, option=options) + b"\n"


def write_json(path: Path, value: object) -> Path:
    """Write `json_bytes` atomically."""
    return write_bytes(path, json_bytes(value))


def write_sealed_json(path: Path, value: Mapping[str, Any]) -> Path:
    """`write_json` of an object with a checksum inside: for what no record or manifest has a digest of."""
    return write_json(path, seal_object(value))


def seal_folder(folder: Path) -> None:
    """Note the hash of each file of a folder that no record describes."""
    write_sealed_json(folder / SEAL, {"files": tree_hashes(folder, skip=frozenset({SEAL}))})


def check_sealed_folder(folder: Path) -> None:
    """Compare a folder with what `seal_folder` noted; one of an earlier version has no note.

    Raises:
        ArtifactError: a file is damaged, missing or further; names it.
    """
    if not (folder / SEAL).exists():
        return
    noted, there = read_json(folder / SEAL)["files"], tree_hashes(folder, skip=frozenset({SEAL}))
    for name in sorted(noted.keys() | there.keys()):
        if noted.get(name) != there.get(name):
            raise ArtifactError(f"{folder / name} is damaged or missing; {way_back(folder / name)}")


@contextmanager
def reading(path: Path, *unlike: type[Exception]) -> Iterator[None]:
    """Name a file of ours that cannot be read, and the way to get it back.

    Args:
        path: of the file.
        unlike: what a reader raises besides where the content is not as it was written.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; {way_back(path)}") from error
    except (OSError, ValueError, EOFError, pa.ArrowException, yaml.YAMLError, *unlike) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ArtifactError(f"{path} is damaged ({said}); {way_back(path)}") from error


def read_json(path: Path) -> Any:
    """What a JSON file of ours holds; where an object carries a checksum, only as it was written.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    with reading(path):
        return open_sealed(orjson.loads(path.read_bytes()))


def read_yaml(path: Path) -> Any:
    """What a YAML file that we or a tool of ours wrote holds; not for files that people write.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    with reading(path):
        return yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)  # noqa: S506 - a safe one


def read_parquet(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """A table that `write_table` wrote, or some of its columns, as it was written.

    Raises:
        ArtifactError: it is missing or damaged, or lacks a column.
    """
    with reading(path):
        return read_sealed_table(path, columns)


def read_array(path: Path, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    """An .npy file; with "r" it is memory-mapped.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    with reading(path):
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)


def read_artifact(path: Path, what: str, read: Callable[[Any], Content]) -> Content:
    """What a JSON file of ours says.

    Args:
        what: it holds, in the plural, for the message.
        read: makes something of the object; what is not as it was written raises ValueError, KeyError,
            TypeError or AttributeError.

    Raises:
        ArtifactError: the file is missing, damaged, or not what `read` reads.
    """
    stored = read_json(path)
    try:
        return read(stored)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{what} at {path} are damaged: {error!r}; {way_back(path)}") from error


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as zstd Parquet with checksums, atomically; equal tables give equal bytes."""
    with _replacing(path) as temporary:
        write_sealed_table(temporary, table)
    return path


def link_or_copy(source: str, target: str) -> None:
    """For `shutil.copytree`: a hard link where the file system allows one, of files that nobody changes."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries: then a renamed file is there after a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield an empty temporary folder that replaces `target` when the block ends without error.

    On an error the temporary folder is removed and `target` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for leftover in target.parent.glob(f".{target.name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = target.parent / f".{target.name}.{os.getpid()}.tmp"
    temporary.mkdir()
    try:
        yield temporary
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    if target.exists():
        old = target.parent / f".{target.name}.{os.getpid()}.old.tmp"
        os.replace(target, old)
        os.replace(temporary, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(temporary, target)
