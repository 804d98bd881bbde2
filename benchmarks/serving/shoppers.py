"""Recommendations under load, and searches beside batches of events, of a released catalogue."""

import asyncio
import json
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from benchmarks.serving.client import Load, Request, request, run, run_apart
from benchmarks.serving.servers import Server, free_port, inherited
from releases import current

__all__ = ["bases_of", "batch", "recommendations"]

ASKED = 200
"""Different requests of each kind."""
CONNECTIONS = (1, 16)
EVERY = 1.0
"""Seconds between two batches of the lighter load of events."""
BATCH, BATCHES = 500, 100
"""Events of a batch, the most that one request may hold; batches a second that are prepared."""
SETTINGS = {"events": {"per_second": 1e9}, "service": {"query_cache": 0}}
KEPT = ("releases", "bento", "state/bentoml", "state/user.key", "inbox")
"""Of a workspace, what its service needs."""


def recommendations(workspace: Path, folder: Path, seconds: float = 2.0, rounds: int = 5) -> dict[str, Any]:
    """Rate and times of `/recommend` by basis, and of `/search` alone and beside batches of events.

    Args:
        workspace: of a released catalogue with events; a copy is served.
    """
    place = folder / "workspaces" / workspace.name
    for name in KEPT:
        source = workspace / name
        if source.is_dir():
            shutil.copytree(source, place / name)
        elif source.is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place / name)
    release = current(place)
    assert release is not None, f"{workspace} has no release; make demo makes one"
    ids = list(release.product_ids)
    events = pd.read_csv(next((workspace / "state" / "source").glob("*/events.csv*")), dtype=str)
    titles = release.products["title"].tolist()
    searches = [body({"query": {"text": title}}, "/search", "search") for title in titles[:ASKED]]
    with serve(place, folder) as server:
        found = {
            basis: [row(server, asked, connections, seconds, rounds) for connections in CONNECTIONS]
            for basis, asked in bases_of(events, ids).items()
        }
        beside = {
            name: asyncio.run(searched_beside(server.port, searches, ids, pause, seconds * rounds))
            for name, pause in (("nothing", None), ("a batch a second", EVERY), ("batch after batch", 0.0))
        }
        server.stop()
    return {"products": len(ids), "events": len(events), "recommend": found, "search_beside": beside}


def serve(place: Path, folder: Path) -> Server:
    """`python -m bentos` over a workspace, that takes as many events as are sent."""
    (folder / "params.yaml").write_text(json.dumps(SETTINGS))
    port = free_port()
    told = {
        **inherited(), "SHELFSPACE_WORKSPACES": str(place.parent), "SHELFSPACE_CATALOG": place.name,
        "SHELFSPACE_SETTINGS": str(folder / "params.yaml"),
    }  # fmt: skip
    return Server([sys.executable, "-m", "bentos", "--port", str(port)], told, folder / "bento.log", port)


def body(said: dict[str, Any], path: str, kind: str) -> Request:
    return request(path, orjson.dumps(said), kind)


def bases_of(events: pd.DataFrame, ids: list[str]) -> dict[str, list[Request]]:
    """What `/recommend` is asked, by basis: buyers, their purchases, carts, products, nobody."""
    bought = events[events["event"].eq("purchase")]
    shoppers = bought["user_id"].drop_duplicates().head(ASKED).tolist()
    of = {name: own.tail(50) for name, own in bought.groupby("user_id", sort=False)}
    histories = [
        [
            {"product_id": one.product_id, "kind": "purchase", "time": str(one.time)}
            for one in of[name].itertuples()
            if one.product_id in set(ids)
        ]
        for name in shoppers
    ]
    carts = [[ids[(7 * number + 3 * place) % len(ids)] for place in range(3)] for number in range(ASKED)]
    asked: dict[str, list[dict[str, Any]]] = {
        "shopper": [{"shopper": name} for name in shoppers],
        "events": [{"events": history} for history in histories if history],
        "cart": [{"cart": cart} for cart in carts],
        "product": [{"product_id": product} for product in ids[:ASKED]],
        "nobody": [{}],
    }
    return {
        name: [body({"basis": basis, "k": 12}, "/recommend", name) for basis in bases]
        for name, bases in asked.items()
    }


def row(
    server: Server, asked: list[Request], connections: int, seconds: float, rounds: int
) -> dict[str, Any]:
    """Median rate and percentiles of some rounds."""
    loads = [run_apart(server.port, asked, connections, seconds) for _ in range(rounds + 1)][1:]
    return {
        "connections": connections,
        "per_second": round(float(np.median([load.rate for load in loads])), 1),
        **{
            name: round(float(np.median([load.milliseconds(share) for load in loads])), 2)
            for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))
        },
        "answers": sum(load.statuses[200] for load in loads),
        "others": sum(sum(load.statuses.values()) - load.statuses[200] for load in loads),
    }


async def searched_beside(
    port: int, searches: list[Request], ids: list[str], pause: float | None, seconds: float
) -> dict[str, Any]:
    """Searches over four connections, while a fifth sends batches of events.

    Args:
        pause: seconds between the beginnings of two batches; None for no batch.
    """
    # Written before the load begins, so that it costs the client no time.
    prepared = [] if pause is None else [batch(ids) for _ in range(int(seconds * BATCHES))]
    end = time.perf_counter() + seconds

    def searching(connection: int) -> Iterator[Request]:
        number = connection
        while time.perf_counter() < end:
            yield searches[number % len(searches)]
            number += 4

    async def tell() -> Load:
        load = Load()
        while pause is not None and prepared and time.perf_counter() < end:
            begin = time.perf_counter()
            said = prepared.pop()
            one = await run(port, partial(once, said), 1, 60)
            load.statuses.update(one.statuses)
            for kind, times in one.seconds.items():
                load.seconds.setdefault(kind, []).extend(times)
            await asyncio.sleep(max(0.0, begin + pause - time.perf_counter()))
        return load

    load, told = await asyncio.gather(run(port, searching, 4, seconds + 60), tell())
    found = {
        "searches": load.statuses[200],
        "per_second": round(load.rate, 1),
        "p50_ms": round(load.milliseconds(0.5), 2),
        "p99_ms": round(load.milliseconds(0.99), 2),
        "batches": told.statuses[200],
        "refused": sum(told.statuses.values()) - told.statuses[200],
    }
    if told.statuses[200]:
        found |= {
            "batch_p50_ms": round(told.milliseconds(0.5), 1),
            "batch_p99_ms": round(told.milliseconds(0.99), 1),
        }
    return found


def once(said: Request, connection: int) -> Iterator[Request]:
    """One request."""
    del connection
    yield said


def batch(ids: list[str]) -> Request:
    """As many events as a request may hold, of a visit of its own."""
    visit = uuid.uuid4().hex[:16]
    events = [
        {"event_id": f"{visit}-{number}", "session": visit, "kind": "impression", "position": number % 40 + 1,
         "product_id": ids[number % len(ids)]}
        for number in range(BATCH)
    ]  # fmt: skip
    return request("/events", json.dumps({"events": events}).encode(), "batch")
