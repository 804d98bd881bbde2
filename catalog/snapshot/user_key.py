"""The secret that turns shopper ids into keyed hashes."""

import secrets
from pathlib import Path

from shelfspace.files import write_bytes

__all__ = ["user_key"]


def user_key(state: Path) -> bytes:
    """The workspace's secret of 32 bytes; made once, readable by its owner only.

    Args:
        state: the folder it is kept in.
    """
    path = state / "user.key"
    if not path.exists():
        write_bytes(path, secrets.token_bytes(32))
        path.chmod(0o600)
    return path.read_bytes()
