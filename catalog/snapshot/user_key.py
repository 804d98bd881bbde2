"""The secret that turns ids of shoppers and of orders into keyed hashes."""

import hashlib
import re
from pathlib import Path

from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.secret_file import make_secret, read_secret

__all__ = ["ORDER", "order_pseudonym", "pseudonym", "read_user_key", "user_key", "user_key_path"]

ORDER = re.compile(r"order-[0-9a-f]{24}")
"""The keyed hash of an order's id, which is told by its form from an id as an earlier version kept it."""


def user_key_path(state: Path, named: str = "") -> Path:
    """Where the key lies: the file that `service.user_key_file` names, else `user.key` of the workspace."""
    return Path(named).expanduser().resolve() if named else state / "user.key"


def user_key(state: Path, named: str = "") -> bytes:
    """The workspace's secret of 32 bytes; made once, readable by its owner only.

    Behind it in the file stands its checksum; a file of an earlier version has none.

    Args:
        state: the folder it is kept in.
        named: `service.user_key_file`: a file that is kept elsewhere, which is never made here.

    Raises:
        ArtifactError: the file is damaged: all shoppers would be counted as new ones.
        SettingsError: the named file is not there.
    """
    path = user_key_path(state, named)
    if not path.exists():
        if named:
            remedy = "name a file of 32 random bytes (head -c 32 /dev/urandom), or leave it empty"
            raise SettingsError("service.user_key_file", str(path), remedy)
        return make_secret(path)
    return read_user_key(path)


def read_user_key(path: Path) -> bytes:
    """The secret in a file that is there.

    Raises:
        ArtifactError: the file is damaged.
    """
    key = read_secret(path)
    if key is None:
        raise ArtifactError(
            f"the key of shopper ids {path} is damaged; restore it, or delete it: "
            "then all events are collected anew, under another key"
        )
    return key


def pseudonym(user_id: str, key: bytes) -> str:
    """Keyed BLAKE2b of a shopper's id, 24 hexadecimal digits; "" stays ""."""
    return hashlib.blake2b(user_id.encode(), key=key, digest_size=12).hexdigest() if user_id else ""


def order_pseudonym(order_id: str, key: bytes) -> str:
    """Keyed BLAKE2b of an order's id, as `ORDER` has it, and no shopper's pseudonym; "" stays ""."""
    if not order_id:
        return ""
    digest = hashlib.blake2b(order_id.encode(), key=key, digest_size=12, person=b"order")
    return f"order-{digest.hexdigest()}"
