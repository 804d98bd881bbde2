"""Chooses an index by measurement: exact while that is quick, else the cheapest that recalls enough.

Synthetic clusters flatter inverted files, so recall is measured on the vectors themselves, and
on real queries where the caller has some (a text query lies elsewhere than the fused vectors).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np

from catalog.settings import ReleaseSettings
from models.index.search import ExactIndex, FaissIndex, VectorIndex, as_vectors

__all__ = ["build_index", "measure_recall"]

SAMPLE = 256
"""Queries behind a measured recall: its standard error at 0.99 is about 0.2 points."""
TRAIN_PER_LIST = 64
"""Vectors per list an inverted file learns from; faiss asks for 39 at least."""


def build_index(
    vectors: np.ndarray, settings: ReleaseSettings, queries: np.ndarray | None = None
) -> VectorIndex:
    """An index over unit vectors, its recall@10 measured against the exact answer.

    Up to `settings.exact_up_to` rows the index is exact. Above, an inverted file with 8-bit codes
    is tried, then an HNSW graph; each with rising effort until recall@10 reaches
    `settings.min_recall`. When none does, the index is exact and `describe()["reason"]` says so.

    Args:
        vectors: (n, d) float32, L2-normalised.
        settings: `exact_up_to` and `min_recall`.
        queries: (q, d) float32 real queries to calibrate on; default a sample of the vectors,
            each without itself in its answer.

    Raises:
        InputError: vectors are empty or of another type.
    """
    table = as_vectors(vectors)
    n = len(table)
    if n <= settings.exact_up_to:
        return ExactIndex(table, {"reason": f"{n} vectors are within release.exact_up_to"})
    asked, own = sample(table) if queries is None else (np.asarray(queries, np.float32)[:SAMPLE], None)
    truth = neighbours(ExactIndex(table), asked, own)
    tried: list[dict[str, Any]] = []
    lists = max(16, min(round(4 * math.sqrt(n)), n // 39))
    probes = [p for p in (1, 2, 4, 8, 16, 32, 64, 128) if p <= max(1, lists // 8)]
    plans = [
        (f"IVF{lists},SQ8", probes, lists * TRAIN_PER_LIST),
        ("HNSW24,SQ8", [32, 64, 128, 256], min(n, 50_000)),
    ]
    for factory, efforts, training in plans:
        built = train(table, factory, training)
        for effort in efforts:
            candidate = FaissIndex(built, table, effort)
            recall = overlap(neighbours(candidate, asked, own), truth)
            tried.append({"factory": factory, "effort": effort, "recall_at_10": round(recall, 4)})
            if recall >= settings.min_recall:
                note = {"factory": factory, "recall_at_10": round(recall, 4), "queries": len(asked)}
                return FaissIndex(built, table, effort, {**note, "tried": tried})
    best = max(tried, key=lambda t: t["recall_at_10"])
    reason = (
        f"no approximate index reached recall@10 {settings.min_recall}: "
        f"the best was {best['factory']} with {best['recall_at_10']}"
    )
    return ExactIndex(table, {"reason": reason, "tried": tried})


def measure_recall(index: VectorIndex, vectors: np.ndarray, queries: np.ndarray | None = None) -> float:
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


def neighbours(index: VectorIndex, queries: np.ndarray, own: np.ndarray | None) -> list[set[int]]:
    """The ten nearest rows of each query, its own row left out."""
    _, rows = index.search(queries, 11)
    result = []
    for q, line in enumerate(rows):
        kept = [int(r) for r in line if r >= 0 and (own is None or r != own[q])]
        result.append(set(kept[:10]))
    return result


def overlap(found: list[set[int]], truth: list[set[int]]) -> float:
    """Mean share of each true set that was found."""
    return float(np.mean([len(f & t) / len(t) for f, t in zip(found, truth, strict=True)]))


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
