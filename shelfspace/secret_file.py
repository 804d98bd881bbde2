"""A secret in a file of its own: 32 random bytes and their checksum, readable by the owner only."""

import hashlib
import secrets
from pathlib import Path

from shelfspace.files import write_bytes

__all__ = ["BYTES", "make_secret", "read_secret"]

BYTES = 32


def make_secret(path: Path) -> bytes:
    """Draw a secret and write it, whole or not at all."""
    secret = secrets.token_bytes(BYTES)
    write_bytes(path, secret + _checksum(secret))
    path.chmod(0o600)
    return secret


def read_secret(path: Path) -> bytes | None:
    """The secret in a file; None where it is missing or damaged. A bare one has no checksum."""
    kept = path.read_bytes() if path.exists() else b""
    secret, said = kept[:BYTES], kept[BYTES:]
    return None if len(secret) != BYTES or (said and said != _checksum(secret)) else secret


def _checksum(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=16).digest()
