"""The real service beside the same application on bare uvicorn: requests a second and their time.

Both servers run at once and take turns under the same load, one idle while the other answers, so that
what else the machine does meets both alike. Every query is encoded (`service.query_cache` is 0), as the load
repeats its queries; what the cache gives where all queries were asked before is measured apart.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.serving.client import Load, Request, request, run_apart
from benchmarks.serving.servers import Server, settings_of, start, start_bare
from benchmarks.serving.shop import Shop, title_of

__all__ = ["ROUTES", "compare_servers", "requests_of"]

ROUTES = ("/search", "/embed", "/similar", "/classify")
BODIES = 500
AIMS = {1: 0.40, 16: 0.35}


def requests_of(path: str, rows: int) -> list[Request]:
    """Different requests to one route, over products that the shop has."""
    made = []
    for number in range(BODIES):
        row = (number * 7919) % rows
        words = title_of(row).rpartition(" model")[0]
        body: dict[str, Any] = {
            "/search": {"query": {"text": words}, "k": 10},
            "/similar": {"product_id": f"P{row:06d}", "k": 10},
        }.get(path, {"item": {"title": title_of(row), "price": 10.0}})
        made.append(request(path, orjson.dumps(body)))
    return made


def compare_servers(
    shop: Shop,
    folder: Path,
    concurrencies: tuple[int, ...] = (1, 16, 64),
    seconds: float = 2.0,
    rounds: int = 5,
) -> list[dict[str, Any]]:
    """One row a route, concurrency and size of the query cache: both servers' rate, p50 and p99, and the
    median share."""
    rows: list[dict[str, Any]] = []
    for cache, paths in ((0, ROUTES), (BODIES, ROUTES[:1])):
        service = shop.settings.service.model_copy(update={"query_cache": cache})
        told = replace(shop, settings=shop.settings.model_copy(update={"service": service}))
        with start_bare(told, folder) as bare, start(told, folder, **settings_of(folder)) as bento:
            servers = {"bento": bento, "bare": bare}
            for path in paths:
                bodies = requests_of(path, len(shop.release.product_ids))
                for concurrency in concurrencies:
                    loads = measure(servers, bodies, concurrency, seconds, rounds)
                    row = {"route": path, "concurrency": concurrency, "query_cache": cache}
                    rows.append({**row, **figures(loads)})
    return rows


def measure(
    servers: dict[str, Server], bodies: list[Request], concurrency: int, seconds: float, rounds: int
) -> dict[str, list[Load]]:
    """Loads of each server in turn; a short one first warms both."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for server in servers.values():
        run_apart(server.port, bodies, concurrency, 0.3)
    for _ in range(rounds):
        for name, server in servers.items():
            load = run_apart(server.port, bodies, concurrency, seconds)
            if set(load.statuses) != {200} or load.broken:
                raise RuntimeError(f"{name} answered {dict(load.statuses)}, {load.broken} connections broke")
            loads[name].append(load)
    return loads


def figures(loads: dict[str, list[Load]]) -> dict[str, Any]:
    """Medians over rounds, and the median over rounds of the share of the bare server's rate."""
    found: dict[str, Any] = {}
    for name, rounds in loads.items():
        found[name] = {
            "per_second": round(float(np.median([load.rate for load in rounds])), 1),
            "p50_ms": round(float(np.median([load.milliseconds(0.5) for load in rounds])), 2),
            "p99_ms": round(float(np.median([load.milliseconds(0.99) for load in rounds])), 2),
        }
    pairs = zip(loads["bento"], loads["bare"], strict=True)
    found["share"] = round(float(np.median([ours.rate / theirs.rate for ours, theirs in pairs])), 3)
    return found
