"""The secret that turns shopper ids into keyed hashes."""

import hashlib
import secrets
from pathlib import Path

from shelfspace.errors import ArtifactError
from shelfspace.files import write_bytes

__all__ = ["user_key"]

BYTES = 32


def user_key(state: Path) -> bytes:
    """The workspace's secret of 32 bytes; made once, readable by its owner only.

    Behind it in the file stands its checksum; a file of an earlier version has none.

    Args:
        state: the folder it is kept in.

    Raises:
        ArtifactError: the file is damaged: all shoppers would be counted as new ones.
    """
    path = state / "user.key"
    if not path.exists():
        key = secrets.token_bytes(BYTES)
        write_bytes(path, key + _checksum(key))
        path.chmod(0o600)
    kept = path.read_bytes()
    key, said = kept[:BYTES], kept[BYTES:]
    if len(key) != BYTES or (said and said != _checksum(key)):
        raise ArtifactError(
            f"the key of shopper ids {path} is damaged; restore it, or delete it: "
            "then all events are collected anew, under another key"
        )
    return key


def _checksum(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=16).digest()
