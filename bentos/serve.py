"""`shelfspace serve`, `python -m bentos`: serve a workspace's Bento, on loopback or, with API keys, anywhere.

The workspace is watched, so a promoted or rolled-back release is swapped in without a restart.
Variables that are set already win over what is set here, but for BENTOML_HOME.
"""

import argparse
import ipaddress
import os
import sys
import time
from pathlib import Path
from typing import Any

from bentos.auth.keys import read_keys
from bentos.auth.manage import keys_path
from bentos.build import bento_environment, bento_folder, bento_home, check_code
from bentos.config import SERVER, database_address
from shelfspace.errors import ArtifactError, SettingsError, ShelfspaceError
from shelfspace.files import read_json
from shelfspace.machine import machine_fault
from shelfspace.ports import check_port_free
from shelfspace.settings import Settings, load_settings, merge
from shelfspace.workspace import Workspace

__all__ = ["bento_settings", "command", "environment", "find_bento", "main"]

DRAIN_SECONDS = 30
"""How long a stopping server waits for requests in flight."""


def find_bento(workspace: Workspace, tag: str = "") -> str:
    """The tag to serve: the one asked for, else the one bento.json names, else the latest built.

    Raises:
        ArtifactError: there is none, or the one asked for was never built here.
    """
    record = workspace.root / "bento" / "bento.json"
    latest = bento_home(workspace) / "bentos" / "shelfspace" / "latest"
    chosen = tag
    if not chosen and record.is_file():
        chosen = str(read_json(record).get("bento", ""))
    if not chosen and latest.is_file():
        chosen = f"shelfspace:{latest.read_text().strip()}"
    if not chosen or not bento_folder(workspace, chosen).is_dir():
        what = f"no Bento {chosen}" if chosen else "no Bento yet"
        remedy = f"make one with: {workspace.command('demo')}"
        raise ArtifactError(f"workspace {workspace.name} has {what}; {remedy}")
    return chosen


def bento_settings(workspace: Workspace, tag: str, asked: dict[str, Any]) -> Settings:
    """The settings the Bento was built with, or those of SHELFSPACE_SETTINGS; `asked` wins over both."""
    file = os.environ.get("SHELFSPACE_SETTINGS")
    if file:
        return load_settings(Path(file), {"service": asked})
    baked = read_json(bento_folder(workspace, tag) / "src" / "bentos" / "baked" / "settings.json")
    return load_settings(overrides=merge(baked, {"service": asked}))


def bindable(host: str, keyed: bool) -> str:
    """The address to bind: any with API keys, a loopback one without.

    Raises:
        SettingsError: no address, or an open one without keys.
    """
    name = "127.0.0.1" if host == "localhost" else host
    try:
        safe = ipaddress.ip_address(name).is_loopback
    except ValueError:
        raise SettingsError("service.host", host, "give an address, such as 127.0.0.1 or 0.0.0.0") from None
    if not safe and not keyed:
        remedy = (
            "use 127.0.0.1, or make an API key first (shelfspace keys create); "
            "there are no API keys, so it is not opened to a network"
        )
        raise SettingsError("service.host", host, remedy)
    return name


def has_keys(path: Path) -> bool:
    """Whether there is a keys file with a key that is still valid.

    Raises:
        SettingsError: the file is damaged.
    """
    if not path.exists():
        return False
    return any(not key.expired(time.time()) for key in read_keys(path).keys)


def command(tag: str, settings: Settings, keyed: bool = False) -> list[str]:
    """The `bentoml serve` command line.

    Raises:
        SettingsError: the host is no address, or not a loopback one and there are no keys.
    """
    host, port = bindable(settings.service.host, keyed), str(settings.service.port)
    stop = ["--timeout-graceful-shutdown", str(DRAIN_SECONDS)]
    return [sys.executable, "-m", "bentoml", "serve", tag, "--host", host, "--port", port, *stop]


def environment(workspace: Workspace, settings: Settings) -> dict[str, str]:
    """What the serving process is told: where releases, media and logs are, how many threads."""
    threads = str(settings.service.threads)
    defaults = {
        "SHELFSPACE_RELEASES": str(workspace.root),
        "SHELFSPACE_LIVE": str(workspace.live),
        "SHELFSPACE_MEDIA": str(workspace.snapshot),
        SERVER: str(os.getpid()),  # `bentoml serve` takes this process's place
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }
    return {**defaults, **bento_environment(workspace)}


def main(arguments: list[str] | None = None) -> int:
    """Replace this process by `bentoml serve`; returns 2 with a message where that is refused."""
    parser = argparse.ArgumentParser(prog="python -m bentos", description=__doc__)
    parser.add_argument("--catalog", help="preset or catalogue folder; default SHELFSPACE_CATALOG or sample")
    parser.add_argument("--bento", default="", help="tag to serve; default: the one of the workspace")
    parser.add_argument("--host", help="address; default service.host; an open one needs API keys")
    parser.add_argument("--port", type=int, help="default service.port")
    given = parser.parse_args(arguments)
    try:
        workspace = Workspace.find(given.catalog)
        tag = find_bento(workspace, given.bento)
        asked = {k: v for k, v in (("host", given.host), ("port", given.port)) if v is not None}
        settings = bento_settings(workspace, tag, asked)
        database_address(settings, os.environ)
        keyed = has_keys(keys_path(workspace))
        line = command(tag, settings, keyed)
        check_port_free(line[line.index("--host") + 1], settings.service.port)
        check_code(bento_folder(workspace, tag))  # last, for it reads all of it
    except ShelfspaceError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        said = machine_fault(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
        return 2
    asks = "asks for API keys" if keyed else "open to this machine, no API keys"
    place = f"http://{line[6]}:{line[8]} (API: /docs; {asks})"
    print(f"serving {line[4]} on {place}", file=sys.stderr, flush=True)
    os.execve(line[0], line, environment(workspace, settings))  # noqa: S606
    return 0
