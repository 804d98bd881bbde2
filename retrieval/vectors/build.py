"""Chooses an index by measurement: exact while that is quick, else the cheapest that recalls enough.

Synthetic clusters flatter inverted files, so recall is measured on the vectors themselves, and
on real queries where the caller has some (a text query lies elsewhere than the fused vectors).
What a query costs is counted, not timed: the same vectors then give the same index on a busy
machine too. The time is measured as well, and kept beside the index for a person to read.
"""

import math
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from retrieval.vectors.base import RowIndex
from retrieval.vectors.exact import ExactIndex, as_vectors
from retrieval.vectors.faiss_index import FaissIndex
from shelfspace.settings import ReleaseSettings

__all__ = ["build_index", "measure_recall"]

Found = Sequence[Set[Any]]
SAMPLE = 1024
"""Queries behind a measured recall: its standard error at 0.99 is 0.1 to 0.2 points."""
HELD_OUT = 4
"""At most one vector in so many is held out to measure recall with."""
TIMED = 64
"""Queries asked one by one to time a candidate."""
WHOLE_BYTES = 512 * 2**20
"""Up to this size of all vectors an index keeps a whole copy of them, else 8-bit codes.

Its scores are then true; behind codes every candidate costs a read of its vector from elsewhere in memory,
which at 100,000 x 256 was half of a query's time.
"""
TRAIN_PER_LIST = 64
"""Vectors per list an inverted file learns from; faiss asks for 39 at least."""
HOP_COST = 2.0
"""Cost of comparing with a neighbour in a graph, where comparing with the next of a list is 1.

Measured with faiss 1.15 on sentence vectors of product titles: 1.6 to 2.3 at 384 dimensions.
"""
MARGIN = 2.0
"""Standard errors by which a measured recall must lie above the one asked for.

Without it the recall of other queries would be as often below as above.
"""


@dataclass(frozen=True)
class Plan:
    """One family of index: how it is built and which efforts are tried, rising.

    Attributes:
        factory: faiss factory string.
        efforts: `nprobe` of an inverted file, `efSearch` of a graph.
        training: vectors to learn from.
    """

    factory: str
    efforts: Sequence[int]
    training: int

    @property
    def whole(self) -> bool:
        """Whether it keeps whole vectors: four times the memory of 8-bit codes."""
        return self.factory.endswith("Flat")


def build_index(
    vectors: np.ndarray, settings: ReleaseSettings, queries: np.ndarray | None = None
) -> RowIndex:
    """An index over unit vectors, its recall@10 measured against the exact answer.

    Up to `settings.exact_up_to` rows the index is exact. Above, an inverted file and an HNSW graph
    are tried with whole vectors, and with 8-bit codes where neither recalls enough; the other way
    round above WHOLE_BYTES. Each has rising effort until recall@10 is `settings.min_recall` by two
    standard errors. Of those that reach it the one with the least work a query is taken, if that is
    less than a full scan; else the index is exact and `describe()["reason"]` says so.
    `describe()["tried"]` holds every measurement.

    Args:
        vectors: (n, d) float32, L2-normalised.
        settings: `exact_up_to` and `min_recall`.
        queries: (q, d) float32 real queries to calibrate on; default a sample of the vectors,
            looked up in an index of the others. In a graph a vector finds its own neighbours more
            easily than a stranger's: on product titles, recall 0.999 against 0.989.

    Raises:
        InputError: vectors are empty or of another type.
    """
    table = as_vectors(vectors)
    n = len(table)
    if n <= max(settings.exact_up_to, HELD_OUT):
        return ExactIndex(table, {"reason": f"{n} vectors are within release.exact_up_to"})
    if queries is None:
        rows = np.random.default_rng(0).permutation(n)[: min(SAMPLE, n // HELD_OUT)]
        asked, others = table[rows], np.delete(table, rows, axis=0)
    else:
        asked, others = np.asarray(queries, np.float32)[:SAMPLE], table
    truth = neighbours(ExactIndex(others), asked, None)
    tried: list[dict[str, Any]] = []
    best: tuple[float, Plan, FaissIndex, dict[str, Any]] | None = None
    whole_first = table.nbytes <= WHOLE_BYTES
    for plan in sorted(plans(len(others)), key=lambda p: p.whole != whole_first):
        if best is not None and plan.whole != best[1].whole:
            break
        built = train(others, plan.factory, plan.training)
        for effort in plan.efforts:
            candidate = FaissIndex(built, others, effort)
            found = neighbours(candidate, asked, None)
            recall, error = overlap(found, truth), standard_error(found, truth)
            cost = work(candidate, asked)
            note = {"factory": plan.factory, "recall_at_10": round(recall, 4), "error": round(error, 4)}
            tried.append({**note, "effort": effort, "comparisons": round(cost)})
            if recall - MARGIN * error >= settings.min_recall:
                if best is None or cost < best[0]:
                    best = (cost, plan, candidate, note)
                break
    if best is not None and best[0] < n:
        cost, plan, chosen, note = best
        note = {**note, "queries": len(asked), "comparisons": round(cost), "tried": tried}
        inner = chosen.index if others is table else train(table, plan.factory, plan.training)
        index = FaissIndex(inner, table, chosen.effort, note)
        index.timing = timing(index, ExactIndex(table), asked)
        return index
    reason = refusal(tried, settings.min_recall, reached=best is not None)
    return ExactIndex(table, {"reason": reason, "tried": tried})


def plans(n: int) -> list[Plan]:
    """What is tried for n vectors, in order."""
    lists = max(16, min(round(4 * math.sqrt(n)), n // 39))
    probes = [p for p in (1, 2, 4, 8, 16, 32, 64, 128) if p <= max(1, lists // 8)]
    learn = lists * TRAIN_PER_LIST
    graph = [32, 64, 128, 256]
    return [
        Plan(f"IVF{lists},SQ8", probes, learn),
        Plan("HNSW24,SQ8", graph, min(n, 50_000)),
        Plan(f"IVF{lists},Flat", probes, learn),
        Plan("HNSW24,Flat", graph, min(n, 50_000)),
    ]


def refusal(tried: list[dict[str, Any]], least: float, *, reached: bool) -> str:
    """Why the index is exact after all."""
    if reached:
        return f"every approximate index that reached recall@10 {least} costs more than a full scan"
    best = max(tried, key=lambda t: t["recall_at_10"])
    return (
        f"no approximate index reached recall@10 {least}: "
        f"the best was {best['factory']} with {best['recall_at_10']}"
    )


def work(index: FaissIndex, queries: np.ndarray) -> float:
    """Vector comparisons a query, in units of one along a list (see HOP_COST)."""
    inner = index.index
    inverted = isinstance(inner, faiss.IndexIVF)
    counter: Any = getattr(faiss.cvar, "indexIVF_stats" if inverted else "hnsw_stats")
    with one_thread():
        counter.reset()
        index.search(queries, 10)
    compared = counter.ndis / len(queries)
    return compared + inner.nlist if isinstance(inner, faiss.IndexIVF) else HOP_COST * compared


def timing(chosen: RowIndex, exact: RowIndex, queries: np.ndarray) -> dict[str, float]:
    """Median microseconds of one query, asked alone on one thread, of an index and of a full scan."""
    result = {}
    with one_thread():
        for name, index in (("microseconds", chosen), ("exact_microseconds", exact)):
            seconds = []
            for query in queries[:TIMED, None]:
                begin = time.perf_counter()
                index.search(query, 10)
                seconds.append(time.perf_counter() - begin)
            result[name] = round(float(np.median(seconds)) * 1e6, 1)
    return result


def measure_recall(index: RowIndex, vectors: np.ndarray, queries: np.ndarray | None = None) -> float:
    """Recall@10 of an index against the exact answer over the same vectors, in [0, 1].

    The share of the true ten nearest that the index also returns, mean over queries. Without
    `queries`, a fixed sample of the vectors is used and no vector counts as its own neighbour.
    """
    table = as_vectors(vectors)
    asked, own = sample(table) if queries is None else (np.asarray(queries, np.float32), None)
    return overlap(neighbours(index, asked, own), neighbours(ExactIndex(table), asked, own))


def sample(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Evenly drawn rows as queries, and which rows they are."""
    rows = np.random.default_rng(0).permutation(len(vectors))[:SAMPLE]
    return vectors[rows], rows


def neighbours(index: RowIndex, queries: np.ndarray, own: np.ndarray | None) -> list[set[int]]:
    """The ten nearest rows of each query, its own row left out."""
    _, rows = index.search(queries, 11)
    result = []
    for q, line in enumerate(rows):
        kept = [int(r) for r in line if r >= 0 and (own is None or r != own[q])]
        result.append(set(kept[:10]))
    return result


def overlap(found: Found, truth: Found) -> float:
    """Mean share of each true set that was found."""
    return float(np.mean([len(f & t) / len(t) for f, t in zip(found, truth, strict=True)]))


def standard_error(found: Found, truth: Found) -> float:
    """Standard error of `overlap` over the queries."""
    shares = [len(f & t) / len(t) for f, t in zip(found, truth, strict=True)]
    return float(np.std(shares) / math.sqrt(len(shares)))


def train(vectors: np.ndarray, factory: str, training: int) -> faiss.Index:
    """A trained and filled faiss index; the same vectors give the same bytes."""
    index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    rows = np.sort(np.random.default_rng(1).permutation(len(vectors))[:training])
    # A graph grown by several threads differs from run to run; k-means sums in thread order too.
    with one_thread():
        index.train(vectors[rows])
        index.add(vectors)
    return index


@contextmanager
def one_thread() -> Iterator[None]:
    """Run faiss on one thread, then give it back those it had."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
