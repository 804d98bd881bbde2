"""The keys file of a workspace, changed as a whole: keys are added, replaced and taken out.

`shelfspace keys` calls these; the service itself only reads (see bentos.auth.keys).
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from filelock import FileLock

from bentos.auth.keys import SCOPES, Key, KeysFile, ScopeName, create_key, read_keys, write_keys
from shelfspace.errors import SettingsError
from shelfspace.workspace import Workspace

__all__ = ["add_key", "describe_key", "keys_path", "revoke_key", "rotate_key"]


def keys_path(workspace: Workspace) -> Path:
    """The keys file of a workspace: SHELFSPACE_KEYS, else keys.json in its folder."""
    named = os.environ.get("SHELFSPACE_KEYS")
    return Path(named).expanduser().resolve() if named else workspace.root / "keys.json"


def add_key(
    path: Path, name: str, scopes: str, rate: float, burst: float, days: float | None
) -> tuple[str, Key]:
    """Add a key to a file, which is made where it is not there.

    Args:
        path: the keys file.
        name: who uses it; the first 100 characters are kept.
        scopes: of `SCOPES`, with commas between them.
        rate, burst: requests a second, and at once.
        days: until it expires; None for never.

    Returns:
        the key as it is sent, which nothing keeps, and what the file keeps of it.

    Raises:
        SettingsError: an argument is not usable, or the file is damaged.
    """
    chosen = tuple(dict.fromkeys(part.strip() for part in scopes.split(",") if part.strip()))
    if not chosen or set(chosen) - set(SCOPES):
        raise SettingsError("--scopes", scopes, f"give one or several of {', '.join(SCOPES)}, with commas")
    if not rate > 0 or not burst >= 1:
        raise SettingsError("--rate, --burst", (rate, burst), "give a rate above 0, a burst from 1")
    if days is not None and not 0 < days < 36_500:
        raise SettingsError("--days", days, "give a number of days above 0")
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    token, key = create_key(name[:100], cast("tuple[ScopeName, ...]", chosen), rate, burst, expires)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        kept = read_keys(path).keys if path.exists() else ()
        write_keys(path, KeysFile(keys=(*kept, key)))
    return token, key


def rotate_key(path: Path, key_id: str, hours: float) -> tuple[str, Key]:
    """Add a key with the rights of another, which stays valid for some hours more at most.

    Args:
        path: the keys file.
        key_id: of the key to replace.
        hours: how long clients have to move; 0 ends the old key at once.

    Returns:
        the new key as it is sent, and what the file keeps of it.

    Raises:
        SettingsError: there is no such key, the hours are not usable, or the file cannot be read.
    """
    if not 0 <= hours < 24 * 365:
        raise SettingsError("--hours", hours, "give a number of hours from 0 on")
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    made: list[tuple[str, Key]] = []

    def replace(old: Key) -> tuple[Key, ...]:
        made.append(create_key(old.name, old.scopes, old.rate, old.burst, old.expires))
        over = end if old.expires is None else min(end, old.expires)
        return old.model_copy(update={"expires": over}), made[0][1]

    change_key(path, key_id, replace)
    return made[0]


def revoke_key(path: Path, key_id: str) -> int:
    """Take a key out; returns how many are left. The file stays, even empty: then nobody is let in.

    Raises:
        SettingsError: there is no such key, or the file cannot be read.
    """
    return change_key(path, key_id, lambda _: ())


def change_key(path: Path, key_id: str, change: Callable[[Key], tuple[Key, ...]]) -> int:
    """Put what `change` makes of a key in its place; returns how many keys there are then."""
    if not path.exists():
        # Not even the lock is made beside a file that is not there.
        raise SettingsError("keys", str(path), "make a key first: shelfspace keys create")
    with FileLock(f"{path}.lock"):
        keys = read_keys(path).keys
        if key_id not in {key.id for key in keys}:
            raise SettingsError("id", key_id, "name a key that `shelfspace keys list` shows")
        left = [part for key in keys for part in (change(key) if key.id == key_id else (key,))]
        write_keys(path, KeysFile(keys=tuple(left)))
    return len(left)


def describe_key(key: Key) -> str:
    """One line: id, state, scopes, limit, since when, until when, name; separated by tabs."""
    until = f"until {key.expires:%Y-%m-%d %H:%M}" if key.expires else "no end"
    state = "expired" if key.expired(datetime.now(UTC).timestamp()) else "valid"
    limit = f"{key.rate:g}/s, {key.burst:g} at once"
    facts = (key.id, state, ",".join(key.scopes), limit, f"since {key.created:%Y-%m-%d}", until, key.name)
    return "\t".join(facts)
