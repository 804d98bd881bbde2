"""An hour of a shop's traffic as fast as the service takes it, every answer checked.

Searches by words and photo, neighbours, categories, vectors, and products put, changed and deleted
meanwhile. Every answer must show what was confirmed before its request was sent. Neighbours, categories
and vectors of products that nobody touches are compared with those of the same code asked in this process
before the load. The score of a search depends on what else was found, so a write moves it: searches are
asked again once the load is over, and compared with the same code over the same changes.
"""

import asyncio
import base64
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson

from benchmarks.serving.client import Load, Request, request, run
from benchmarks.serving.right import CLOSE, TOUCHED, K, compare_hits, compare_untouched, compared
from benchmarks.serving.servers import Server, start
from benchmarks.serving.shop import Shop, photo_of, title_of
from bentos.application import Application
from bentos.config import ServiceConfig

__all__ = ["HOUR", "Traffic", "mixed"]

HOUR = 18_000
"""Requests of an hour: five a second."""
MIX = {
    "text": 0.50, "photo": 0.04, "similar": 0.20, "classify": 0.08, "embed": 0.08,
    "put": 0.04, "change": 0.04, "delete": 0.02,
}  # fmt: skip
FIXED = 150
"""Different questions of each kind that reads."""
PATHS = {
    "text": "/search", "photo": "/search", "similar": "/similar", "classify": "/classify", "embed": "/embed",
    "put": "/products/put", "change": "/products/change", "delete": "/products/delete",
}  # fmt: skip


class Traffic:
    """Questions with their answers known in advance, and what was confirmed so far."""

    def __init__(self, shop: Shop, total: int, seed: int = 0) -> None:
        self.rows = len(shop.release.product_ids)
        self.rng = np.random.default_rng(seed)
        self.left = total
        self.kinds = list(MIX)
        self.fixed = {kind: self.bodies(kind) for kind in ("text", "photo", "similar", "classify", "embed")}
        self.expected = asyncio.run(answers_of(shop, self.fixed))
        self.prices: dict[str, int] = {}
        self.gone: set[str] = set()
        self.new: list[str] = []
        self.busy: set[str] = set()
        self.number = 0

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """The questions of one kind."""
        made: list[dict[str, Any]] = []
        for number in range(FIXED if kind != "photo" else FIXED // 5):
            row = (number * 7919 + 1) % self.rows
            row += row % TOUCHED == 0
            words = title_of(row).rpartition(" model")[0]
            if kind == "text":
                made.append({"query": {"text": words}, "k": K})
            elif kind == "photo":
                photo = base64.b64encode(photo_of(row)).decode()
                made.append({"query": {"photo": photo}, "k": K})
            elif kind == "similar":
                made.append({"product_id": f"P{row:06d}", "k": K})
            else:
                made.append({"item": {"title": title_of(row), "price": 10.0}})
        return made

    def requests(self, connection: int) -> Iterator[Request]:
        """Requests of one connection until all are asked."""
        while self.left > 0:
            self.left -= 1
            kind = str(self.rng.choice(self.kinds, p=list(MIX.values())))
            yield self.write(kind) if kind in {"put", "change", "delete"} else self.read(kind)

    def read(self, kind: str) -> Request:
        number = int(self.rng.integers(len(self.fixed[kind])))
        state = (frozenset(self.gone), dict(self.prices)) if kind in {"text", "photo", "similar"} else None
        return request(PATHS[kind], orjson.dumps(self.fixed[kind][number]), kind, (number, state))

    def write(self, kind: str) -> Request:
        if kind == "put":
            self.number += 1
            product = f"N{self.number:05d}"
            item = {"product_id": product, "title": f"new {title_of(self.number)}", "price": 10.0}
            return request(PATHS[kind], orjson.dumps({"item": item}), kind, product)
        product = self.free_product()
        if kind == "change":
            version = self.prices.get(product, 1000) + 1
            change = {"product_id": product, "price": float(version)}
            return request(PATHS[kind], orjson.dumps({"change": change}), kind, (product, version))
        return request(PATHS[kind], orjson.dumps({"product_id": product}), kind, product)

    def free_product(self) -> str:
        """A product that may be touched, is there, and has no write under way."""
        while True:
            product = f"P{int(self.rng.integers(self.rows // TOUCHED)) * TOUCHED:06d}"
            if product not in self.gone and product not in self.busy:
                self.busy.add(product)
                return product

    def check(self, asked: Request, status: int, body: bytes) -> str:
        """What is wrong with an answer; "" for nothing. Also remembers what a write confirmed."""
        if status != 200:
            return f"{asked.kind}: {status} {body[:200]!r}"
        answer = orjson.loads(body)
        if asked.kind in self.fixed:
            number, state = asked.key  # type: ignore[misc]
            wrong = self.compare(asked.kind, answer["result"], self.expected[asked.kind][number], state)
            return f"{asked.kind} {number}: {wrong}" if wrong else ""
        if asked.kind == "put":
            self.new.append(str(asked.key))
        elif asked.kind == "change":
            product, self.prices[product] = asked.key  # type: ignore[misc]
            self.busy.discard(product)
        else:
            self.gone.add(str(asked.key))
        return ""

    def compare(self, kind: str, got: dict[str, Any], want: dict[str, Any], state: Any) -> str:
        if kind == "embed":
            nearness = float(np.dot(got["vector"], want["vector"]))
            return "" if nearness > 1 - CLOSE else f"cosine {nearness}"
        if kind == "classify":
            differs = abs(got["score"] - want["score"])
            return "" if got["label"] == want["label"] and differs < 2e-3 else f"{got} for {want}"
        wrong = compare_hits(got["hits"], *state)
        return wrong or (compare_untouched(got["hits"], want["hits"]) if kind == "similar" else "")


def asked_again(server: Server, fixed: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the server answers once nobody writes any more, asked one by one."""
    url = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        return {
            kind: [client.post(PATHS[kind], json=body).raise_for_status().json()["result"] for body in bodies]
            for kind, bodies in fixed.items()
        }


async def answers_of(
    shop: Shop, fixed: dict[str, list[dict[str, Any]]], changed: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """What the release answers to each question, asked one by one in this process.

    Args:
        changed: with the changes that the workspace holds.
    """
    where = {"releases": shop.workspace.root} if changed else {"baked_release": shop.release.folder}
    application = Application(ServiceConfig(shop.settings, **where))
    application.engine.refresh()
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, bodies in fixed.items():
        answers = []
        for body in bodies:
            answer = await application.answer(PATHS[kind][1:], body)
            answers.append(orjson.loads(orjson.dumps(answer["result"], option=orjson.OPT_SERIALIZE_NUMPY)))
        found[kind] = answers
    application.close()
    return found


def watch_memory(server: Server, samples: list[tuple[float, float]], stop: threading.Event) -> None:
    """Seconds and megabytes, once a second."""
    begin = time.monotonic()
    while not stop.wait(1):
        samples.append((round(time.monotonic() - begin, 1), round(server.memory(), 1)))


def mixed(
    shop: Shop, folder: Path, total: int = HOUR, concurrency: int = 16, most: float = 600
) -> dict[str, Any]:
    """The load, and what came of it."""
    traffic = Traffic(shop, total)
    samples: list[tuple[float, float]] = []
    stop = threading.Event()
    with start(shop, folder) as server:
        watcher = threading.Thread(target=watch_memory, args=(server, samples, stop))
        watcher.start()
        try:
            load = asyncio.run(run(server.port, traffic.requests, concurrency, most, traffic.check))
        finally:
            stop.set()
            watcher.join()
        searches = {kind: traffic.fixed[kind] for kind in ("text", "photo", "similar")}
        served = asked_again(server, searches)
        status = server.stop()
    return {
        "requests": sum(load.statuses.values()),
        **facts(load),
        "after": compared(served, asyncio.run(answers_of(shop, searches, changed=True))),
        "memory": memory(samples),
        "exit": status,
    }


def facts(load: Load) -> dict[str, Any]:
    """The figures of a load."""
    kinds = {
        kind: {
            "requests": len(times),
            "p50_ms": round(load.milliseconds(0.5, kind), 2),
            "p99_ms": round(load.milliseconds(0.99, kind), 2),
        }
        for kind, times in sorted(load.seconds.items())
    }
    return {
        "seconds": round(load.elapsed, 1),
        "per_second": round(load.rate, 1),
        "statuses": {str(k): v for k, v in sorted(Counter(load.statuses).items())},
        "broken": load.broken,
        "checked": load.checked,
        "wrong": len(load.wrong),
        "first_wrong": load.wrong[:3],
        "kinds": kinds,
    }


def memory(samples: list[tuple[float, float]]) -> dict[str, Any]:
    """The curve, and its growth from the end of the first fifth to the last tenth."""
    values = [size for _, size in samples]
    early, late = values[len(values) // 5 : 2 * len(values) // 5], values[-max(1, len(values) // 10) :]
    return {
        "samples": samples,
        "early_mb": round(float(np.median(early or values)), 1),
        "late_mb": round(float(np.median(late)), 1),
        "highest_mb": max(values),
    }
