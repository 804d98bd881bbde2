"""More than the service takes, its end under load, and where a request's time goes."""

import asyncio
import itertools
import json
import re
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.serving.client import Request, run, run_apart
from benchmarks.serving.servers import Server, start, start_bare
from benchmarks.serving.shop import Shop
from benchmarks.serving.throughput import requests_of
from bentos.telemetry.metrics import STAGES

__all__ = ["counting_cost", "end_under_load", "overload", "stage_times"]

CONNECTIONS = 256
STAGE = re.compile(r'shelfspace_stage_seconds_sum\{stage="(\w+)"\} (\S+)')
TOTAL = re.compile(r'shelfspace_request_seconds_(sum|count)\{route="search",status="2xx"\} (\S+)')
ENCODER, VECTORS, WORDS = ("featurize", "encode"), ("search",), ("words",)
"""Stages that are the encoder, the index of vectors and the index of words."""


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
    """Mean microseconds a text query spends in each stage, asked one by one, from the server's /metrics.

    `outside_share` is what is spent outside the encoder and both indexes, of vectors and of words;
    `outside_share_but_vectors` counts the index of words as outside too.
    """
    bodies = requests_of("/search", len(shop.release.product_ids))
    with start(shop, folder) as server:
        run_apart(server.port, bodies, 1, 1)
        before = scrape(server)
        load = run_apart(server.port, bodies, 1, seconds)
        after = scrape(server)
    count = after["count"] - before["count"]
    spent = {stage: (after[stage] - before[stage]) / count * 1e6 for stage in (*STAGES, "sum")}
    total = spent.pop("sum")
    return {
        "products": len(shop.release.product_ids),
        "requests": int(count),
        "microseconds": {stage: round(value, 1) for stage, value in spent.items()},
        "service": round(total, 1),
        "outside_share": outside(spent, total, *ENCODER, *VECTORS, *WORDS),
        "outside_share_but_vectors": outside(spent, total, *ENCODER, *VECTORS),
        "client_p50_ms": round(load.milliseconds(0.5), 2),
    }


def outside(spent: dict[str, float], total: float, *stages: str) -> float:
    """Share of a request's time that is spent in none of some stages."""
    return round(1 - sum(spent[stage] for stage in stages) / total, 3)


def scrape(server: Server) -> dict[str, float]:
    """Sums of the stages, and sum and count of all searches."""
    text = server.get("/metrics").decode()
    return {name: float(value) for name, value in (*STAGE.findall(text), *TOTAL.findall(text))}


def counting_cost(shop: Shop, folder: Path, seconds: float = 2, rounds: int = 5) -> dict[str, Any]:
    """What metrics and logs cost: /similar, the quickest route, on bare uvicorn, with both and without one.

    Returns:
        route; `metrics` and `logs`, each the median share of the rate without it; `rounds`, the shares.
    """
    bodies: list[Request] = requests_of("/similar", len(shop.release.product_ids))
    without = {"metrics": "--no-metrics", "logs": "--no-logs"}
    for name in ("both", *without):
        (folder / name).mkdir()
    shares: dict[str, list[float]] = {name: [] for name in without}
    with ExitStack() as running:
        both = running.enter_context(start_bare(shop, folder / "both"))
        others = {
            name: running.enter_context(start_bare(shop, folder / name, flag))
            for name, flag in without.items()
        }
        for server in (both, *others.values()):
            run_apart(server.port, bodies, 1, 1)
        for _ in range(rounds):
            rate = run_apart(both.port, bodies, 1, seconds).rate
            for name, server in others.items():
                shares[name].append(rate / run_apart(server.port, bodies, 1, seconds).rate)
    medians = {name: round(sorted(found)[rounds // 2], 3) for name, found in shares.items()}
    rounded = {name: [round(share, 3) for share in found] for name, found in shares.items()}
    return {"route": "/similar", **medians, "rounds": rounded}
