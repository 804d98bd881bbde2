"""The command line of API keys: create, list and revoke API keys."""

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from filelock import FileLock

from bentos.auth.keys import KeysFile, ScopeName, create_key, read_keys, write_keys
from shelfspace.errors import SettingsError, ShelfspaceError
from shelfspace.workspace import Workspace

__all__ = ["keys_path", "main"]


def keys_path(workspace: Workspace) -> Path:
    """The keys file of a workspace: SHELFSPACE_KEYS, else keys.json in its folder."""
    named = os.environ.get("SHELFSPACE_KEYS")
    return Path(named).expanduser().resolve() if named else workspace.root / "keys.json"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 2 with a message where it is refused."""
    given = parser().parse_args(arguments)
    try:
        path = Path(given.file).resolve() if given.file else keys_path(Workspace.open(given.catalog))
        return {"create": create, "list": show, "revoke": revoke}[given.command](path, given)
    except (ShelfspaceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    top = argparse.ArgumentParser(prog="python -m bentos.auth", description="API keys of the service.")
    top.add_argument("--catalog", help="preset or catalogue folder; default SHELFSPACE_CATALOG or sample")
    top.add_argument("--file", help="keys file; default SHELFSPACE_KEYS, else keys.json in the workspace")
    commands = top.add_subparsers(dest="command", required=True)
    new = commands.add_parser("create", help="add a key and print it once")
    new.add_argument("--name", default="", help="who uses it; shown by list")
    new.add_argument("--scopes", default="read", help="read, write, or read,write; default read")
    new.add_argument("--rate", type=float, default=50, help="requests a second; default 50")
    new.add_argument("--burst", type=float, default=100, help="requests at once; default 100")
    new.add_argument("--days", type=float, help="days until it expires; default never")
    commands.add_parser("list", help="show the keys there are, without the keys themselves")
    old = commands.add_parser("revoke", help="take a key out; the service follows within a second")
    old.add_argument("id", help="as list shows it")
    return top


def create(path: Path, given: argparse.Namespace) -> int:
    """Add a key; the key itself goes to the output, and what to do with it to the error stream."""
    scopes = tuple(dict.fromkeys(part.strip() for part in given.scopes.split(",") if part.strip()))
    if not scopes or set(scopes) - {"read", "write"}:
        raise SettingsError("--scopes", given.scopes, "give read, write, or read,write")
    if not given.rate > 0 or not given.burst >= 1:
        raise SettingsError(
            "--rate, --burst", (given.rate, given.burst), "give a rate above 0, a burst from 1"
        )
    if given.days is not None and not 0 < given.days < 36_500:
        raise SettingsError("--days", given.days, "give a number of days above 0")
    expires = None if given.days is None else datetime.now(UTC) + timedelta(days=given.days)
    token, key = create_key(
        given.name[:100], cast("tuple[ScopeName, ...]", scopes), given.rate, given.burst, expires
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        kept = read_keys(path).keys if path.exists() else ()
        write_keys(path, KeysFile(keys=(*kept, key)))
    print(token)
    print(f"key {key.id} is in {path}; it is shown this once, keep it now", file=sys.stderr)
    return 0


def show(path: Path, given: argparse.Namespace) -> int:
    """One line a key."""
    del given
    now = datetime.now(UTC).timestamp()
    for key in read_keys(path).keys:
        until = f"until {key.expires:%Y-%m-%d %H:%M}" if key.expires else "no end"
        state = "expired" if key.expired(now) else "valid"
        limit = f"{key.rate:g}/s, {key.burst:g} at once"
        facts = (key.id, state, ",".join(key.scopes), limit, f"since {key.created:%Y-%m-%d}", until, key.name)
        print("\t".join(facts))
    return 0


def revoke(path: Path, given: argparse.Namespace) -> int:
    """Take a key out. The file stays, even empty: then nobody is let in."""
    with FileLock(f"{path}.lock"):
        keys = read_keys(path).keys
        left = tuple(key for key in keys if key.id != given.id)
        if len(left) == len(keys):
            raise SettingsError("id", given.id, "name a key that `list` shows")
        write_keys(path, KeysFile(keys=left))
    print(f"key {given.id} is revoked; {len(left)} left", file=sys.stderr)
    return 0
