"""The search call of a release beside the bare faiss call on the very same index.

Both ask the same faiss index with the same effort for ten neighbours; the search call also checks
its input, settles ties and, over changes, joins the delta. Rounds alternate, so that what else
the machine does meets both; the ratio is the median over rounds.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.changes.records import Header, Record
from retrieval.changes.view import LayeredIndex
from retrieval.vectors import build_index
from retrieval.vectors.exact import ExactIndex
from retrieval.vectors.faiss_index import FaissIndex
from shelfspace.settings import ReleaseSettings

__all__ = ["SIZES", "clustered", "compare", "index_speed", "shares"]

SIZES = (20_000, 100_000)
DIM = 256
QUERIES = 1000
CALLS = 32
"""Calls in a row of one way, before the next way has its turn."""
K = 10
CHANGED = 200
"""Products put since the release, in the row about changes."""


def clustered(rows: int, dim: int = DIM, seed: int = 0) -> np.ndarray:
    """(rows, dim) float32 unit vectors around one centre for every hundred rows."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(50, rows // 100), dim)).astype(np.float32)
    table = centres[rng.integers(0, len(centres), rows)]
    table = table + 0.7 * rng.standard_normal((rows, dim)).astype(np.float32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def compare(
    calls: dict[str, Callable[[np.ndarray], Any]], queries: np.ndarray, batch: int
) -> dict[str, list[float]]:
    """Microseconds a call, per round, of each of several ways to answer (batch, d) queries."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    width = CALLS * batch
    names = list(calls)
    for first in (*range(0, len(queries), width),) * (2 if batch == 1 else 8):
        rounds = [queries[at : at + batch] for at in range(first, first + width, batch)]
        asked = [part for part in rounds if len(part) == batch] or [queries[-batch:]]
        for name in names:
            call = calls[name]
            begin = time.perf_counter()
            for part in asked:
                call(part)
            times[name].append((time.perf_counter() - begin) / len(asked) * 1e6)
        # The second to ask the same finds the vectors in the processor's cache: each is first in turn.
        names = [*names[1:], names[0]]
    return times


def shares(times: dict[str, list[float]], base: str) -> dict[str, dict[str, float]]:
    """Median microseconds of each, and the median over rounds of the base's time over its own."""
    against = np.array(times[base])
    return {
        name: {
            "microseconds": round(float(np.median(spent)), 1),
            "of_base": round(float(np.median(against / np.array(spent))), 3),
        }
        for name, spent in times.items()
    }


def index_speed(scratch: Path, sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size and batch: what calibration chose, its recall, microseconds and shares.

    Args:
        scratch: folder for the delta logs.
    """
    faiss.omp_set_num_threads(1)
    found = []
    for n in sizes:
        table = clustered(n + QUERIES)
        vectors, queries = np.ascontiguousarray(table[:n]), np.ascontiguousarray(table[n:])
        index = build_index(vectors, ReleaseSettings(exact_up_to=min(n - 1, 5_000)), queries)
        facts = index.describe()
        for batch in (1, 16):
            times = compare(ways(index, vectors, scratch / f"{n}-{batch}"), queries, batch)
            row = {"rows": n, "dim": DIM, "batch": batch, "index": facts.get("factory", facts["kind"])}
            found.append({**row, "recall_at_10": facts["recall_at_10"], **shares(times, "faiss")})
    return found


def ways(index: Any, vectors: np.ndarray, folder: Path) -> dict[str, Callable[[np.ndarray], Any]]:
    """Bare faiss, the release's index, the service's view of it, and the view with changes over it."""
    ids = [f"P{row:06d}" for row in range(len(vectors))]
    header = Header("r", "e", vectors.shape[1])
    still = LayeredIndex(folder / "still.log", header, index, ids).view()
    changed = LayeredIndex(folder / "changed.log", header, index, ids)
    named = [*ids[: CHANGED // 2], *(f"N{n}" for n in range(CHANGED // 2))]
    changed.segment.write([Record("put", i, vector=v) for i, v in zip(named, vectors[:CHANGED], strict=True)])
    moved = changed.view()
    return {
        "faiss": bare(index),
        "search": lambda asked: index.search(asked, K),
        "service": lambda asked: still.search(asked, K),
        "changed": lambda asked: moved.search(asked, K),
    }


def bare(index: Any) -> Callable[[np.ndarray], Any]:
    """faiss alone, with the parameters of the index."""
    if isinstance(index, ExactIndex):
        return lambda asked: faiss.knn(asked, index.vectors, K, faiss.METRIC_INNER_PRODUCT)
    assert isinstance(index, FaissIndex)
    options = (
        faiss.SearchParametersIVF(nprobe=index.effort)  # type: ignore[call-arg]
        if isinstance(index.index, faiss.IndexIVF)
        else faiss.SearchParametersHNSW(efSearch=index.effort)  # type: ignore[attr-defined]
    )
    return lambda asked: index.index.search(asked, K, params=options)
