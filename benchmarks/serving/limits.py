"""More than the service takes, its end under load, and where a request's time goes."""

import asyncio
import itertools
import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.serving.client import Request, run, run_apart
from benchmarks.serving.servers import Server, start, start_bare
from benchmarks.serving.shop import Shop
from benchmarks.serving.throughput import requests_of
from bentos.metrics import STAGES

__all__ = ["counting_cost", "end_under_load", "overload", "stage_times"]

CONNECTIONS = 256
STAGE = re.compile(r'shelfspace_stage_seconds_sum\{stage="(\w+)"\} (\S+)')
TOTAL = re.compile(r'shelfspace_request_seconds_(sum|count)\{route="search",status="2xx"\} (\S+)')
INSIDE = ("featurize", "encode", "search")


def overload(shop: Shop, folder: Path, seconds: float = 8) -> dict[str, Any]:
    """Four times as many connections as are served at once; memory, statuses, and the answer after."""
    bodies = requests_of("/search", len(shop.release.product_ids))
    with start(shop, folder) as server:
        run_apart(server.port, bodies, 16, 2)
        before = server.memory()
        load = run_apart(server.port, bodies, CONNECTIONS, seconds)
        after = run_apart(server.port, bodies, 1, 1)
        refused = load.statuses[429] + load.statuses[503]
        return {
            "connections": CONNECTIONS,
            "statuses": {str(k): v for k, v in sorted(load.statuses.items())},
            "with_retry_after": load.retry,
            "refused": refused,
            "broken": load.broken,
            "p99_ms": round(load.milliseconds(0.99), 1),
            "memory_before_mb": round(before, 1),
            "memory_after_mb": round(server.memory(), 1),
            "answers_after": dict(after.statuses) == {200: sum(after.statuses.values())},
        }


def end_under_load(shop: Shop, folder: Path) -> dict[str, Any]:
    """SIGTERM while 16 connections ask: what was taken up is answered whole, and is in the log."""
    bodies = requests_of("/search", len(shop.release.product_ids))
    server = start(shop, folder).wait()

    def requests(number: int) -> Any:
        return itertools.islice(itertools.cycle(bodies), number, None)

    def terminate() -> None:
        time.sleep(3)
        server.process.terminate()

    stopper = threading.Thread(target=terminate)
    stopper.start()
    load = asyncio.run(run(server.port, requests, 16, 60))
    stopper.join()
    status = server.stop()
    rows = [
        json.loads(line)
        for file in (folder / "live").glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    logged = sum(row["status"] == 200 for row in rows)
    return {
        "exit": status,
        "answered": load.statuses[200],
        "logged": logged,
        "lost": logged - load.statuses[200],
        "other_statuses": {str(k): v for k, v in load.statuses.items() if k != 200},
        "closed_between_requests": load.broken,
    }


def stage_times(shop: Shop, folder: Path, seconds: float = 10) -> dict[str, Any]:
    """Mean microseconds a text query spends in each stage, asked one by one, from the server's /metrics."""
    bodies = requests_of("/search", len(shop.release.product_ids))
    with start(shop, folder) as server:
        run_apart(server.port, bodies, 1, 1)
        before = scrape(server)
        load = run_apart(server.port, bodies, 1, seconds)
        after = scrape(server)
    count = after["count"] - before["count"]
    spent = {stage: (after[stage] - before[stage]) / count * 1e6 for stage in (*STAGES, "sum")}
    total = spent.pop("sum")
    inside = sum(spent[stage] for stage in INSIDE)
    return {
        "products": len(shop.release.product_ids),
        "requests": int(count),
        "microseconds": {stage: round(value, 1) for stage, value in spent.items()},
        "service": round(total, 1),
        "outside_share": round(1 - inside / total, 3),
        "client_p50_ms": round(load.milliseconds(0.5), 2),
    }


def scrape(server: Server) -> dict[str, float]:
    """Sums of the stages, and sum and count of all searches."""
    text = server.get("/metrics").decode()
    return {name: float(value) for name, value in (*STAGE.findall(text), *TOTAL.findall(text))}


def counting_cost(shop: Shop, folder: Path, seconds: float = 2, rounds: int = 5) -> dict[str, Any]:
    """What counting costs: /similar, the quickest route, with metrics and without, on bare uvicorn."""
    bodies: list[Request] = requests_of("/similar", len(shop.release.product_ids))
    (folder / "with").mkdir()
    (folder / "without").mkdir()
    shares = []
    with start_bare(shop, folder / "with") as on, start_bare(shop, folder / "without", "--no-metrics") as off:
        for server in (on, off):
            run_apart(server.port, bodies, 1, 1)
        for _ in range(rounds):
            rates = [run_apart(server.port, bodies, 1, seconds).rate for server in (on, off)]
            shares.append(rates[0] / rates[1])
    return {
        "share_of_uncounted": round(sorted(shares)[rounds // 2], 3),
        "rounds": orjson.loads(orjson.dumps(shares)),
    }
