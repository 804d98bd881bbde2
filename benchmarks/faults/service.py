"""The real service killed with -9 under load: what it acknowledged is there, and it answers the same."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from benchmarks.faults.fault import Fault
from benchmarks.faults.served import child_of, kill_all, service, stopped, until
from benchmarks.faults.world import Ended, World
from benchmarks.serving.servers import Server
from shelfspace.files import read_json, write_json

__all__ = ["answered", "killed_services", "use", "write_all"]

THINGS = ("kettle", "lamp", "hose")
PUTS = 40
SEARCHERS = 3
WORKER = "_bentoml_impl.worker"
"""In the command line of the process that answers; the one that `python -m bentos` becomes watches it."""


def writes() -> list[tuple[str, dict[str, Any]]]:
    """What is written, in order: products added, and prices changed. Each call stands for itself."""
    made: list[tuple[str, dict[str, Any]]] = []
    for number in range(PUTS):
        common = {"price": 10.5 + number, "updated_at": f"2026-03-01T00:00:{number:02d}Z"}
        text = f"violet {THINGS[number % 3]} number {number}"
        item = {"product_id": f"s{number:02d}", "title": text, "description": f"{text} boils", **common}
        made.append(("/products/put", {"item": item}))
        made.append(("/products/change", {"change": {"product_id": f"p{number:03d}", **common}}))
    return made


def post(server: Server, path: str, body: dict[str, Any]) -> httpx.Response:
    address = f"http://127.0.0.1:{server.port}{path}"
    return httpx.post(address, json=body, trust_env=False, timeout=60)


def use(world: World) -> None:
    """Ask the service some things, and tell it a price: its logs are there then."""
    with stopped(service(world)) as server:
        for number in range(40):
            words = f"{THINGS[number % 3]} {number}"
            post(server, "/search", {"query": {"text": words}, "k": 3}).raise_for_status()
        for number in range(20, 25):
            change = {"product_id": f"p{number:03d}", "price": 20.0 + number}
            post(server, "/products/change", {"change": change}).raise_for_status()


def write_all(world: World) -> None:
    """Make every write in order, undisturbed."""
    with stopped(service(world)) as server:
        for path, body in writes():
            post(server, path, body).raise_for_status()


def answered(world: World) -> Ended:
    """Keep what the service answers to queries, and what it knows of all that was written."""
    with stopped(service(world)) as server:
        found = {}
        for words in ("violet kettle", "lamp", "green hose", "desk lamp bright", "number 7", "steel"):
            # By product: of those that score the same, the one that was written first comes first.
            hits = post(server, "/search", {"query": {"text": words}, "k": 100}).json()["result"]["hits"]
            found[words] = {hit["product_id"]: [hit["price"], round(hit["score"], 4)] for hit in hits}
        known = [part["product_id"] for _, body in writes() for part in body.values()]
        details = [post(server, "/products/get", {"product_id": one}).json() for one in known]
    for detail in details:
        detail.pop("sequence", None)
    write_json(world.workspace.root / "answers.json", {"found": found, "known": details})
    return Ended("done")


def kill_worker(server: Server) -> None:
    worker = child_of(server, WORKER)
    if worker is None:
        raise RuntimeError("the service has no worker to kill")
    worker.kill()


def under_load(kill: Callable[[Server], None], back: bool, world: World) -> Ended:
    """Write while others search; kill in the middle of that; note which writes were not acknowledged.

    Args:
        back: whether the service has to answer again by itself.
    """
    over, unwritten, made = threading.Event(), [], writes()
    with stopped(service(world)) as server:

        def search() -> None:
            while not over.is_set():
                with suppress(httpx.HTTPError):
                    post(server, "/search", {"query": {"text": "violet kettle"}, "k": 10})

        searchers = [threading.Thread(target=search) for _ in range(SEARCHERS)]
        for thread in searchers:
            thread.start()
        dead: list[int] = []

        def strike() -> None:
            kill(server)
            dead.append(server.process.pid)

        killer = threading.Timer(0.004, strike)
        for number, (path, body) in enumerate(made):
            if number == len(made) // 2:
                killer.start()
            try:
                sure = post(server, path, body).status_code == httpx.codes.OK
            except httpx.HTTPError:
                sure = False
                time.sleep(0.05)
            if not sure:
                unwritten.append(number)
        killer.join()
        over.set()
        for thread in searchers:
            thread.join()
        write_json(world.folder / "unwritten.json", unwritten)
        if not dead:
            return Ended("crashed", "nothing was killed")
        if back and not until(server.ready, 180):
            return Ended("crashed", "the worker did not come back")
    return Ended("killed")


def write_the_rest(world: World) -> Ended:
    """Start the service again, make the writes that were not acknowledged, and ask."""
    made = writes()
    with stopped(service(world)) as server:
        for number in read_json(world.folder / "unwritten.json"):
            post(server, *made[number]).raise_for_status()
    return answered(world)


def killed_services() -> list[Fault]:
    """kill -9 of the service under load: of the process that answers, and of all of it."""
    return [
        Fault(
            "kill -9 of the service",
            where,
            partial(under_load, kill, back),
            write_the_rest,
            ("killed",),
            "served",
        )
        for where, kill, back in (
            ("its worker, under load", kill_worker, True),
            ("all of it, under load", kill_all, False),
        )
    ]
