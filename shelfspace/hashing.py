"""Content hashes and fingerprints: what decides whether work has to be done again."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xxhash

__all__ = [
    "bytes_hash",
    "content_hash",
    "file_hash",
    "fingerprint",
    "lowest_hashes",
    "tree_hash",
    "tree_hashes",
]


def content_hash(*parts: str | bytes) -> str:
    """xxh3-128 over the parts, length-prefixed so that ("ab", "c") differs from ("a", "bc").

    xxh3 is 5.6 times as fast as md5 on catalogue rows; it identifies, it does not protect.
    """
    digest = xxhash.xxh3_128()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def lowest_hashes(ids: Iterable[str], most: int) -> set[str]:
    """All ids, or of more than `most` those with the lowest hashes: the same choice whatever their order."""
    return set(sorted(set(ids), key=content_hash)[:most])


def fingerprint(value: Any) -> str:
    """Hash of a JSON-able value, independent of key order."""
    return content_hash(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str))


def bytes_hash(data: bytes) -> str:
    """xxh3-128 of bytes: the `file_hash` of a file that holds them."""
    return xxhash.xxh3_128_hexdigest(data)


def file_hash(path: Path) -> str:
    """xxh3-128 of a file's bytes, read in blocks of 1 MiB."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def tree_hash(directory: Path, *, skip: frozenset[str] = frozenset()) -> str:
    """Hash of all files below a folder, by relative path and bytes; `skip` names are left out."""
    return fingerprint(list(tree_hashes(directory, skip=skip).items()))


def tree_hashes(directory: Path, *, skip: frozenset[str] = frozenset()) -> dict[str, str]:
    """Relative path to hash of all files below a folder, in the order of their paths."""
    files = sorted(p for p in directory.rglob("*") if p.is_file() and p.name not in skip)
    return {p.relative_to(directory).as_posix(): file_hash(p) for p in files}
