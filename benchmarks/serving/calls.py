"""Count what one warm /search runs of ours: the modules it enters and the Python calls it makes.

    python benchmarks/serving/calls.py --workspace workspaces/sample [--text "blue running shoe"]
                                       [--code FOLDER] [--requests 7] [--top 25] [--json FILE]

Two figures are told: of a query that was asked before, as most of a shop's are, and of one that is new to the
service, which has to encode it (the same words, told apart by spaces behind them).

The whole ASGI application that BentoML serves (guard, fast path, service) is driven in this process over a
copy of a released workspace, request log and access log on, so that the counts are those of a served
request without its socket. A call is a `call` event of `sys.setprofile` in a file below the code's folder,
in any thread: entering a function, and each resumption of a coroutine or generator. A module is entered
where it has one. Counts, unlike times, do not hang on what else the machine does.

`--code` measures another checkout by the same definition: this file imports nothing of the project but the
service, which every version has as `bentos.service`.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

WARM = 20
"""Requests before one is counted: tokens, caches and kernels are there then."""
READY_SECONDS = 300.0
QUIET_SECONDS = 0.05
"""Waited before and after a request, so that what its threads do late counts as well."""


class Calls:
    """Call events in files below a folder, while it is open; installed in every thread that begins later.

    Args:
        root: the folder; what is installed below it (`.venv`) and this file do not count.
    """

    def __init__(self, root: Path) -> None:
        self._root = f"{root}/"
        self._apart = (f"{root}/.venv/", f"{root}/benchmarks/")
        self._ours: dict[str, str] = {}
        self.open = False
        self.seen: Counter[tuple[str, str]] = Counter()
        threading.setprofile(self._event)
        sys.setprofile(self._event)

    def _event(self, frame: FrameType, event: str, _: Any) -> None:
        if not self.open or event != "call":
            return
        name = frame.f_code.co_filename
        ours = self._ours.get(name)
        if ours is None:
            inside = name.startswith(self._root) and not name.startswith(self._apart)
            ours = self._ours[name] = name.removeprefix(self._root) if inside else ""
        if ours:
            self.seen[ours, frame.f_code.co_qualname] += 1


class Client:
    """Sends requests to an ASGI application, as a server would, without a socket."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        headers = [
            (b"host", b"localhost"), (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]  # fmt: skip
        return await self._ask("POST", path, headers, body)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        return await self._ask("GET", path, [(b"host", b"localhost")], b"")

    async def _ask(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": headers, "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 3000),
        }  # fmt: skip
        status, parts = 0, []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return status, b"".join(parts)


Rounds = list[Counter[tuple[str, str]]]


async def counted(app: Any, calls: Calls, text: str, requests: int) -> tuple[Rounds, Rounds]:
    """The call events of some requests, each counted alone: of one query again and again, and of new ones."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    started = asyncio.Event()

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"].startswith("lifespan.startup"):
            started.set()

    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, send))
    await inbox.put({"type": "lifespan.startup"})
    await asyncio.wait_for(started.wait(), READY_SECONDS)
    client, until = Client(app), time.monotonic() + READY_SECONDS
    while (await client.get("/release"))[0] != 200:
        if time.monotonic() > until:
            raise TimeoutError("no release answers; see the lines above")
        await asyncio.sleep(0.2)
    known: Rounds = []
    new: Rounds = []
    for number in range(WARM + 2 * requests):
        await asyncio.sleep(QUIET_SECONDS)
        calls.seen.clear()
        calls.open = number >= WARM
        asked = text if number < WARM + requests else text + " " * number
        status, answer = await client.post("/search", json.dumps({"query": {"text": asked}}).encode())
        await asyncio.sleep(QUIET_SECONDS)
        calls.open = False
        if status != 200:
            raise RuntimeError(f"/search answered {status}: {answer[:200]!r}")
        if number >= WARM:
            (known if asked == text else new).append(calls.seen.copy())
    await inbox.put({"type": "lifespan.shutdown"})
    await life
    return known, new


def measured(code: Path, workspace: Path, text: str, requests: int, scratch: Path) -> dict[str, Any]:
    """Modules and calls of the requests that have the fewest of them; the rest met a thread's own work.

    Args:
        code: the checkout whose service is measured.
        scratch: an empty folder; the workspace's releases are copied there, since a service writes.
    """
    shop = scratch / workspace.name
    shutil.copytree(workspace / "releases", shop / "releases")
    os.environ |= {"SHELFSPACE_RELEASES": str(shop), "SHELFSPACE_LIVE": str(scratch / "live")}
    os.environ.setdefault("BENTOML_HOME", str(scratch / "bentoml"))
    sys.path.insert(0, str(code))
    calls = Calls(code)
    from bentos import service

    known, new = asyncio.run(counted(service.Shelfspace.to_asgi(), calls, text, requests))
    return {"text": text, **figures(known), "new_query": figures(new)}


def figures(rounds: Rounds) -> dict[str, Any]:
    """Modules and calls of the request that has the fewest of them."""
    least = min(rounds, key=lambda one: one.total())
    by_file: Counter[str] = Counter()
    for (file, _), count in least.items():
        by_file[file] += count
    return {
        "modules": len(by_file),
        "calls": least.total(),
        "calls_of_each_request": [one.total() for one in rounds],
        "by_file": dict(by_file.most_common()),
        "by_function": {f"{file}:{name}": count for (file, name), count in least.most_common()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True, help="with a release; it is not written to")
    parser.add_argument("--text", default="blue running shoe", help="of the query")
    parser.add_argument("--code", type=Path, default=Path(__file__).resolve().parents[2], help="a checkout")
    parser.add_argument("--requests", type=int, default=7, help="counted, each alone")
    parser.add_argument("--top", type=int, default=25, help="functions printed")
    parser.add_argument("--json", type=Path, help="where all counts are written")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = measured(
            given.code.resolve(), given.workspace.resolve(), given.text, given.requests, Path(scratch)
        )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"query {found['text']!r}")
    for title, part in (("asked before", found), ("new", found["new_query"])):
        print(f"\n{title}: {part['modules']} modules, {part['calls']} calls of ours")
        print(f"calls of each request counted: {part['calls_of_each_request']}")
        for counts in (part["by_file"], dict(list(part["by_function"].items())[: given.top])):
            print()
            for name, count in counts.items():
                print(f"{count:6d}  {name}")


if __name__ == "__main__":
    main()
