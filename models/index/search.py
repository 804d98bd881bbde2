"""Nearest-vector search behind one interface: exact for small catalogues, faiss above.

The embeddings table is the truth; an index is rebuilt from it and reads its true vectors back
for the final ranking, so scores are exact cosines whatever the index compresses. Ties are broken
by row (scores that agree to six decimals count as tied), so equal input gives equal output.
"""

import math
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from catalog.errors import ArtifactError, InputError
from catalog.files import read_json, write_json
from models.index.protocol import RowIndex

__all__ = ["TIMING", "ExactIndex", "FaissIndex", "load_index", "search_rows"]

TIMING = "timing.json"
"""File of an index that says how fast it was; no part of its content."""

RAW: Any = faiss
"""faiss, for the functions that its type stubs leave out."""

DECIMALS = 6
"""Scores are compared at this precision: float32 dot products of unit vectors err below it."""
TIED = 10.0**-DECIMALS
EXTRA = 16
"""Candidates an exact scan fetches beyond k, so that a tie at the cut is seen."""
PEEK = 2
"""Candidates of an approximate index beyond k, so that a tie at the cut is seen."""
SPARE = 6
"""The same at least where 8-bit codes confuse neighbours; half of k where that is more.

Each costs a read of a true vector.
"""
WIDER = 8
"""How many times as many candidates are fetched for a query whose ties reach past the first ones."""
PREPARED = 64
"""Search parameters kept per index, one for each number of candidates."""
GATHER_ROWS = 4096
"""A filter that leaves at most this many rows is answered by an exact scan of those rows."""


class ExactIndex:
    """Scans all vectors; recall is 1 by construction.

    Args:
        vectors: (n, d) float32, kept by reference (a memory map stays one).
        note: what `describe` adds, such as why no approximate index is used.
    """

    def __init__(self, vectors: np.ndarray, note: dict[str, Any] | None = None) -> None:
        self.vectors = as_vectors(vectors)
        self.note = note or {}

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `RowIndex.search`."""
        asked = checked_queries(queries, self.vectors.shape[1], k)
        if allowed_rows is None:
            return search_rows(self.vectors, asked, k)
        rows = checked_rows(allowed_rows, len(self))
        return renumber(search_rows(self.vectors[rows], asked, k), rows)

    def save(self, folder: Path) -> None:
        write_json(folder / "index.json", self.describe())

    def describe(self) -> dict[str, Any]:
        n, d = self.vectors.shape
        return {"kind": "exact", "rows": n, "dim": d, "recall_at_10": 1.0, **self.note}


class FaissIndex:
    """An approximate faiss index proposes candidates; the true vectors rank them.

    Args:
        index: a trained faiss IVF or HNSW index over the rows of `vectors`.
        vectors: (n, d) float32, the truth.
        effort: `nprobe` of an IVF, `efSearch` of an HNSW.
        note: what `describe` adds: factory string, measured recall, what else was tried.
        timing: microseconds a query as measured at build time; kept in a file of its own, since it
            differs from run to run and the rest of an index does not.
    """

    def __init__(
        self,
        index: faiss.Index,
        vectors: np.ndarray,
        effort: int,
        note: dict[str, Any] | None = None,
        timing: dict[str, float] | None = None,
    ) -> None:
        self.index = index
        self.vectors = as_vectors(vectors)
        self.effort = effort
        self.note = note or {}
        self.timing = timing
        self._prepared: dict[int, Any] = {}
        self._truth = truth_of(index, self.vectors)
        self._coded = not isinstance(index, (faiss.IndexIVFFlat, faiss.IndexHNSWFlat))

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `RowIndex.search`; a narrow filter is answered exactly."""
        asked = checked_queries(queries, self.vectors.shape[1], k)
        selector, rows = None, None
        if allowed_rows is not None:
            rows = checked_rows(allowed_rows, len(self))
            if len(rows) <= max(GATHER_ROWS, 2 * k):
                return renumber(search_rows(self.vectors[rows], asked, k), rows)
            mask = np.zeros(len(self), dtype=bool)
            mask[rows] = True
            bits = np.packbits(mask, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bits))
        fetch = min(len(self), k + (max(SPARE, k // 2) if self._coded else PEEK))
        scores, best = self._candidates(asked, fetch, selector)
        if apart(scores, best, k):
            return scores[:, :k], best[:, :k]
        return self._settled(asked, k, rows, selector, (scores, best))

    def _candidates(self, asked: np.ndarray, fetch: int, selector: Any) -> tuple[np.ndarray, np.ndarray]:
        """(q, fetch) scores and rows as faiss orders them; scores of codes are replaced by true ones."""
        q = len(asked)
        rows = np.empty((q, fetch), np.int64)
        scores = np.empty((q, fetch), np.float32)
        # The C++ calls themselves: the wrapper's checks and copies are a tenth of a query's time.
        given, found, out = faiss.swig_ptr(asked), faiss.swig_ptr(rows), faiss.swig_ptr(scores)
        self.index.search_c(q, given, fetch, out, found, self._parameters(selector, fetch))  # type: ignore[attr-defined]
        if self._coded:
            true_scores(self._truth, asked, rows, scores)
        return scores, rows

    def _settled(
        self,
        asked: np.ndarray,
        k: int,
        allowed: np.ndarray | None,
        selector: Any,
        found: tuple[np.ndarray, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best of candidates that are not clearly apart, or too few."""
        reachable = len(self) if allowed is None else len(allowed)
        scores, best = self._ranked(asked, found)
        short = unsettled(scores, best, k, reachable)
        scores, best = padded(scores, best, k)
        for q in short:
            one = asked[q : q + 1]
            wide = min(len(self), WIDER * found[0].shape[1])
            result = self._ranked(one, self._candidates(one, wide, selector))
            # A filter that agrees with the clusters can leave a probe short of k, and a tie at the
            # cut may reach past the candidates; those queries are scanned.
            if len(unsettled(*result, k, reachable)):
                if allowed is None:
                    result = search_rows(self.vectors, one, k)
                else:
                    result = renumber(search_rows(self.vectors[allowed], one, k), allowed)
            scores[q : q + 1], best[q : q + 1] = padded(*result, k)
        return scores, best

    def _ranked(
        self, asked: np.ndarray, found: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Candidates by true score to six decimals, then by row; -inf where there is none."""
        scores, rows = found
        true_scores(self._truth, asked, rows, scores)
        return ordered(scores, rows, rows.shape[1])

    def _parameters(self, selector: Any, fetch: int) -> Any:
        if selector is None and fetch in self._prepared:
            return self._prepared[fetch]
        options: dict[str, Any] = {} if selector is None else {"sel": selector}
        made: Any
        if isinstance(self.index, faiss.IndexIVF):
            made = faiss.SearchParametersIVF(nprobe=self.effort, **options)  # type: ignore[call-arg]
        else:
            made = faiss.SearchParametersHNSW(efSearch=max(self.effort, fetch), **options)  # type: ignore[attr-defined]
        if selector is None and len(self._prepared) < PREPARED:
            self._prepared[fetch] = made
        return made

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(self.index, str(folder / "index.faiss"))
        facts = self.describe()
        timing = facts.pop("timing", None)
        write_json(folder / "index.json", facts)
        if timing is not None:
            write_json(folder / TIMING, timing)

    def describe(self) -> dict[str, Any]:
        n, d = self.vectors.shape
        timing = {} if self.timing is None else {"timing": self.timing}
        return {"kind": "faiss", "rows": n, "dim": d, "effort": self.effort, **self.note, **timing}


def load_index(folder: Path, vectors: np.ndarray) -> RowIndex:
    """Read what `save` wrote, over the same vectors; the faiss file is memory-mapped.

    Args:
        folder: holds index.json and, for an approximate index, index.faiss.
        vectors: (n, d) float32, the embeddings the index was built from.

    Raises:
        ArtifactError: files are missing or damaged, or belong to other vectors.
    """
    try:
        facts = read_json(folder / "index.json")
        kind, shape = facts.pop("kind"), (facts.pop("rows"), facts.pop("dim"))
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(f"the index at {folder} is missing or damaged: {error}") from error
    if shape != vectors.shape:
        raise ArtifactError(f"the index at {folder} is over {shape} vectors, not {vectors.shape}")
    if kind == "exact":
        facts.pop("recall_at_10", None)
        return ExactIndex(vectors, facts)
    try:
        index = faiss.read_index(str(folder / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
        effort = int(facts.pop("effort"))
        timing = read_json(folder / TIMING) if (folder / TIMING).exists() else None
    except (RuntimeError, ValueError, KeyError) as error:
        raise ArtifactError(f"the index at {folder} is missing or damaged: {error}") from error
    if (index.ntotal, index.d) != shape:
        raise ArtifactError(f"{folder}/index.faiss holds {index.ntotal} vectors, its index.json says {shape}")
    return FaissIndex(index, vectors, effort, facts, timing)


def search_rows(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact search by a full scan: scores and rows as `RowIndex.search` returns them."""
    fetch = min(len(vectors), k + EXTRA)
    if fetch == 0:
        return np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
    scores, rows = faiss.knn(queries, vectors, fetch, faiss.METRIC_INNER_PRODUCT)
    if fetch < len(vectors):
        # Ties that reach past what was fetched: the lowest rows must win, so those queries see all.
        rough = np.round(scores, DECIMALS)
        for q in np.flatnonzero(rough[:, k - 1] == rough[:, -1]):
            level = rough[q, k - 1]
            exact = vectors @ queries[q]
            keep = np.flatnonzero(np.round(exact, DECIMALS) >= level - 10.0**-DECIMALS)
            best_scores, best_rows = ordered(exact[None, keep], keep[None], k)
            scores[q, :k], rows[q, :k] = best_scores[0], best_rows[0]
            scores[q, k:], rows[q, k:] = -np.inf, -1
    return ordered(scores, rows, k)


def truth_of(index: faiss.Index, vectors: np.ndarray) -> Any:
    """Where faiss reads the (n, d) float32 that ranks candidates.

    A graph of whole vectors holds them itself, and has just read the ones that are asked for.
    """
    if isinstance(index, faiss.IndexHNSWFlat):
        return faiss.downcast_index(index.storage).get_xb()  # type: ignore[attr-defined]
    return faiss.swig_ptr(vectors)


def true_scores(table: Any, queries: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Inner products of queries (q, d) with rows (q, m) of a table, into `out`; -inf for row -1.

    The same two vectors give the same bits wherever they lie. What a graph says does not: it
    scores four vectors at a time, to other last bits.

    Args:
        table: faiss pointer to (n, d) float32.
    """
    (q, d), m = queries.shape, rows.shape[1]
    given, found, result = faiss.swig_ptr(queries), faiss.swig_ptr(rows), faiss.swig_ptr(out)
    threads = faiss.omp_get_max_threads()
    if threads > 1:  # faiss wakes all its threads for this, which takes longer than the work
        faiss.omp_set_num_threads(1)
    RAW.fvec_inner_products_by_idx(result, given, table, found, d, q, m)
    if threads > 1:
        faiss.omp_set_num_threads(threads)
    if rows.size and rows.min() < 0:  # faiss leaves 0 there
        out[rows < 0] = -np.inf


def apart(scores: np.ndarray, rows: np.ndarray, k: int) -> bool:
    """Whether (q, m) candidates are more than k, in order and farther apart than any tie.

    Then their order is certain, also that of the last against what was not fetched.
    """
    q, m = rows.shape
    if m <= k or (rows[0, -1] if q == 1 else rows[:, -1].min()) < 0:
        return False
    if q == 1:  # one query is the service's case: plain indexing is quicker
        line = scores[0]
        return np.count_nonzero(line[:-1] - line[1:] > 2 * TIED) == m - 1
    steps = scores[:, :-1] - scores[:, 1:] > 2 * TIED
    return np.count_nonzero(steps) == steps.size


def unsettled(scores: np.ndarray, rows: np.ndarray, k: int, reachable: int) -> np.ndarray:
    """Queries whose k best are not sure from (q, m) candidates, best first: too few, or tied at the cut."""
    last, fetched = min(k, reachable) - 1, rows.shape[1]
    short = rows[:, min(last, fetched - 1)] < 0
    if fetched < reachable:
        short |= scores[:, last] <= scores[:, -1] + TIED
    return np.flatnonzero(short)


def ordered(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k of each line by score at six decimals, then by row; padded with -1 and -inf."""
    if len(scores) == 1:  # one query is the service's case: plain indexing is three times as fast
        order = np.lexsort((rows[0], -np.round(scores[0], DECIMALS)))[:k]
        best_scores, best_rows = scores[:, order].astype(np.float32, copy=False), rows[:, order]
    else:
        order = np.lexsort((rows, -np.round(scores, DECIMALS)), axis=1)[:, :k]
        best_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
        best_rows = np.take_along_axis(rows, order, axis=1)
    return padded(best_scores, best_rows, k)


def padded(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k of each line, filled up with -1 and -inf."""
    missing = k - rows.shape[1]
    if missing <= 0:
        return scores[:, :k], rows[:, :k]
    return (
        np.pad(scores, ((0, 0), (0, missing)), constant_values=-np.inf),
        np.pad(rows, ((0, 0), (0, missing)), constant_values=-1),
    )


def renumber(result: tuple[np.ndarray, np.ndarray], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows found within a gathered part, as rows of the whole; `rows` ascends, so ties keep their order."""
    scores, found = result
    if len(rows) == 0:
        return scores, found
    return scores, np.where(found >= 0, rows[np.maximum(found, 0)], -1)


def as_vectors(vectors: np.ndarray) -> np.ndarray:
    """Check (n, d) float32, contiguous; a memory map is not copied."""
    if vectors.ndim != 2 or vectors.dtype != np.float32 or 0 in vectors.shape:
        raise InputError(
            "vectors", (vectors.shape, str(vectors.dtype)), "give a non-empty (n, d) float32 array"
        )
    return np.ascontiguousarray(vectors)


def checked_queries(queries: np.ndarray, dim: int, k: int) -> np.ndarray:
    """Queries as contiguous (q, dim) float32."""
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise InputError("queries", queries.shape, f"give an array of shape (q, {dim})")
    if k < 1:
        raise InputError("k", k, "ask for at least one result")
    asked = np.ascontiguousarray(queries, dtype=np.float32)
    flat = asked.ravel()
    # One pass by BLAS tells of almost every good input; where it does not, each number is looked at.
    if not math.isfinite(flat @ flat) and not np.isfinite(asked).all():
        raise InputError("queries", "nan or infinity", "give finite vectors")
    return asked


def checked_rows(allowed: np.ndarray, n: int) -> np.ndarray:
    """Ascending distinct row numbers of a mask or of row numbers."""
    given = np.asarray(allowed)
    if given.dtype == bool:
        if given.shape != (n,):
            raise InputError("allowed_rows", given.shape, f"give a mask of {n} rows")
        return np.flatnonzero(given)
    rows = given.astype(np.int64, copy=False)
    if not (rows[1:] > rows[:-1]).all():  # ascending rows, the usual case, need no sorting
        rows = np.unique(rows)
    if len(rows) and (rows[0] < 0 or rows[-1] >= n):
        raise InputError(
            "allowed_rows", int(rows[0] if rows[0] < 0 else rows[-1]), f"give rows from 0 to {n - 1}"
        )
    return rows
