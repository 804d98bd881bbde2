"""Nearest-vector search behind one interface: exact for small catalogues, faiss above.

The embeddings table is the truth; an index is rebuilt from it and reads its true vectors back
for the final ranking, so scores are exact cosines whatever the index compresses. Ties are broken
by row (scores that agree to six decimals count as tied), so equal input gives equal output.
"""

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

DECIMALS = 6
"""Scores are compared at this precision: float32 dot products of unit vectors err below it."""
EXTRA = 16
"""Candidates fetched beyond k, so that a tie at the cut is seen."""
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
        fetch = min(len(self), 2 * k + EXTRA)
        _, found = self.index.search(asked, fetch, params=self._parameters(selector, fetch))
        scores, best = self._rank(asked, found, max(k, fetch))
        # A filter that agrees with the clusters can leave a probe short of k, and a tie at the cut
        # may reach past the candidates; those queries are scanned.
        reachable = len(self) if rows is None else len(rows)
        last = min(k, reachable) - 1
        short = best[:, last] < 0
        if fetch < reachable:
            short |= scores[:, last] <= scores[:, fetch - 1] + 10.0**-DECIMALS
        scores, best = scores[:, :k], best[:, :k]
        for q in np.flatnonzero(short):
            chosen = np.arange(len(self)) if rows is None else rows
            one = search_rows(self.vectors if rows is None else self.vectors[rows], asked[q : q + 1], k)
            scores[q : q + 1], best[q : q + 1] = renumber(one, chosen)
        return scores, best

    def _parameters(self, selector: Any, fetch: int) -> Any:
        options: dict[str, Any] = {} if selector is None else {"sel": selector}
        if isinstance(self.index, faiss.IndexIVF):
            return faiss.SearchParametersIVF(nprobe=self.effort, **options)  # type: ignore[call-arg]
        effort = max(self.effort, fetch)
        return faiss.SearchParametersHNSW(efSearch=effort, **options)  # type: ignore[attr-defined]

    def _rank(self, queries: np.ndarray, found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        true = np.einsum("qd,qcd->qc", queries, self.vectors[found])
        if found.min() < 0:  # -1 reads the last row: its score is taken back
            true[found < 0] = -np.inf
        return ordered(true, found, k)

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


def ordered(scores: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k of each line by score at six decimals, then by row; padded with -1 and -inf."""
    if len(scores) == 1:  # one query is the service's case: plain indexing is three times as fast
        order = np.lexsort((rows[0], -np.round(scores[0], DECIMALS)))[:k]
        best_scores, best_rows = scores[:, order].astype(np.float32, copy=False), rows[:, order]
    else:
        order = np.lexsort((rows, -np.round(scores, DECIMALS)), axis=1)[:, :k]
        best_scores = np.take_along_axis(scores, order, axis=1).astype(np.float32)
        best_rows = np.take_along_axis(rows, order, axis=1)
    missing = k - best_rows.shape[1]
    if missing > 0:
        best_scores = np.pad(best_scores, ((0, 0), (0, missing)), constant_values=-np.inf)
        best_rows = np.pad(best_rows, ((0, 0), (0, missing)), constant_values=-1)
    return best_scores, best_rows


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
    if not np.isfinite(asked).all():
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
