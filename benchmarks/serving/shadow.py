"""What a release that answers on the side costs the live answers: one service thrice, under the same load."""

import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.serving.client import Load, Request, run_apart
from benchmarks.serving.rules import ruled
from benchmarks.serving.servers import Server, serve_root
from benchmarks.serving.shop import Shop, title_of
from benchmarks.serving.throughput import requests_of
from bentos.api.limits import Limits
from bentos.api.parsing import read_call
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.serving.shadow.side import Shadow
from releases.shadow import Order, order_shadow
from releases.shadow.kept import Status, read_status
from shelfspace.files import read_json, write_json
from shelfspace.settings import Settings

__all__ = ["compare_shadow"]

SHARES = {"off": 0.0, "tenth": 0.1, "all": 1.0}
"""Of the requests that are answered on the side as well."""
ROUTES = ("/search", "/similar")
READY_SECONDS = 300


def compare_shadow(
    shop: Shop,
    folder: Path,
    concurrencies: tuple[int, ...] = (1, 16),
    seconds: float = 2.0,
    rounds: int = 5,
) -> dict[str, Any]:
    """Rows by route, connections and share; memory of service and side; what became of the requests.

    The three services run at once and take turns. On the side is the release itself under another id: it
    works as hard as the live one. Every query is encoded, by both.
    """
    rows: list[dict[str, Any]] = []
    with ExitStack() as running:
        servers: dict[str, Server] = {}
        for name, share in SHARES.items():
            own = folder / name
            own.mkdir()
            root = workspace_of(shop, own / "shop", share)
            servers[name] = running.enter_context(serve_root(root, settings_of(shop), own))
        for name, share in SHARES.items():
            if share:
                wait(servers[name], folder / name / "live")
        for path in ROUTES:
            bodies = requests_of(path, len(shop.release.product_ids))
            for concurrency in concurrencies:
                loads, processor = in_turns(servers, bodies, concurrency, seconds, rounds)
                rows += [
                    {
                        "route": path,
                        "concurrency": concurrency,
                        "side": name,
                        "processor_ms": processor[name],
                        **figures(loads[name], loads["off"]),
                    }
                    for name in SHARES
                ]
        time.sleep(11)  # the side says its counts every ten seconds
        said = {name: told(folder / name / "live") for name, share in SHARES.items() if share}
        memory = {name: megabytes(server, said.get(name)) for name, server in servers.items()}
    counts = {name: dict(status.counts) for name, status in said.items()}
    products = len(shop.release.product_ids)
    return {"rows": rows, "memory": memory, "counts": counts, "noting_us": noting(), "products": products}


def noting(requests: int = 300, repeats: int = 7) -> dict[str, float]:
    """Processor microseconds that a live answer spends on the side: without one, and where it is, or is not,
    among the share; the least of some repeats."""
    shadow, limits = Shadow(ServiceConfig(Settings())), Limits.of(Settings())
    bodies = [{"query": {"text": title_of(number)}, "k": 10} for number in range(requests)]
    calls = [read_call(ENDPOINTS["search"], body, limits) for body in bodies]
    found = {}
    for name, share in {"off": 0.0, "not sampled": 1e-9, "sampled": 1.0}.items():
        shadow.asked = Order("side", share, "benchmark", "") if share else None
        spent = []
        for _ in range(repeats):
            begin = time.thread_time()
            for call, body in zip(calls, bodies, strict=True):
                shadow.offer(call, body, None, [], "live", 0, 0.01)
            spent.append((time.thread_time() - begin) / requests * 1e6)
        found[name] = round(min(spent), 2)
    return found


def in_turns(
    servers: dict[str, Server], bodies: list[Request], concurrency: int, seconds: float, rounds: int
) -> tuple[dict[str, list[Load]], dict[str, float]]:
    """Loads of each server in turn, and processor milliseconds of its own process a request, which others at
    work on the machine lengthen less."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    spent = dict.fromkeys(servers, 0.0)
    for number in range(rounds + 1):
        for name, server in servers.items():
            before = processor_seconds(server)
            load = run_apart(server.port, bodies, concurrency, seconds if number else 0.3)
            if set(load.statuses) != {200} or load.broken:
                raise RuntimeError(f"{name} answered {dict(load.statuses)}, {load.broken} connections broke")
            if number:  # the first round warms
                loads[name].append(load)
                spent[name] += processor_seconds(server) - before
    asked = {name: sum(load.statuses[200] for load in own) for name, own in loads.items()}
    return loads, {name: round(1000 * spent[name] / asked[name], 3) for name in servers}


def processor_seconds(server: Server) -> float:
    """That the service's process has had, without the one on its side."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def settings_of(shop: Shop) -> Any:
    """The shop's settings, without a cache of queries."""
    service = shop.settings.service.model_copy(update={"query_cache": 0})
    return shop.settings.model_copy(update={"service": service})


def workspace_of(shop: Shop, root: Path, share: float) -> Path:
    """A workspace with a copy of the shop's release, and one under another id that answers on the side."""
    ruled(shop.release, {}, root)
    if share:
        name = f"{int(shop.release.id.split('-')[0]) + 1:06}-{'0' * 8}"
        place = root / "releases" / name
        shutil.copytree(root / "releases" / shop.release.id, place)
        manifest = read_json(place / "release.json")
        write_json(place / "release.json", {**manifest, "id": name})
        order_shadow(replace(shop.workspace, root=root), name, share, "benchmark")
    return root


def wait(server: Server, live: Path) -> None:
    """Until the release on the side answers.

    Raises:
        RuntimeError: it does not come to.
    """
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        status = read_status(live)
        if status is not None and status.state == "answering":
            return
        time.sleep(0.2)
    raise RuntimeError(f"nothing answers on the side: {status}\n{server.log.read_text()[-2000:]}")


def told(live: Path) -> Status:
    """What a service says of its side."""
    status = read_status(live)
    assert status is not None
    return status


def megabytes(server: Server, status: Status | None) -> dict[str, float]:
    """What the service holds now, and the most that the process on its side has held; 0 without one."""
    own = psutil.Process(server.process.pid).memory_info().rss / 1e6
    return {"service_mb": round(own, 1), "side_mb": status.megabytes if status is not None else 0.0}


def figures(loads: list[Load], beside: list[Load]) -> dict[str, float]:
    """Medians over rounds, and the median over rounds of p50 and p99 as parts of those without a side."""

    def middle(values: list[float]) -> float:
        return round(float(np.median(values)), 3)

    found = {"per_second": middle([load.rate for load in loads])}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        own, other = ([load.milliseconds(share) for load in some] for some in (loads, beside))
        found[f"{name}_ms"] = middle(own)
        found[f"{name}_times"] = middle([ours / theirs for ours, theirs in zip(own, other, strict=True)])
    return found
