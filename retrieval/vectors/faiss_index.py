"""Nearest-vector search by faiss where a catalogue is large, and the file that says which index there is.

The embeddings table is the truth; an index is rebuilt from it and reads its true vectors back
for the final ranking, so scores are exact cosines whatever the index compresses. Ties are broken
by row (`retrieval.vectors.exact`), so equal input gives equal output.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.vectors.base import RowIndex
from retrieval.vectors.exact import ExactIndex, as_vectors, true_scores
from retrieval.vectors.proposed import ProposedIndex, packed_rows
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, reading, write_json

__all__ = ["TIMING", "FaissIndex", "load_index"]

TIMING = "timing.json"
"""File of an index that says how fast it was; no part of its content."""

PEEK = 2
"""Candidates of an approximate index beyond k, so that a tie at the cut is seen."""
SPARE = 6
"""The same at least where 8-bit codes confuse neighbours; half of k where that is more.

Each costs a read of a true vector.
"""
PREPARED = 64
"""Search parameters kept per index, one for each number of candidates."""


class FaissIndex(ProposedIndex):
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

    def spare(self, k: int) -> int:
        """See `ProposedIndex.spare`."""
        return max(SPARE, k // 2) if self._coded else PEEK

    def selector(self, rows: np.ndarray) -> Any:
        """See `ProposedIndex.selector`."""
        bits = packed_rows(rows, len(self))
        made = faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bits))
        made.bits = bits  # type: ignore[attr-defined]  # faiss keeps only a pointer to them
        return made

    def candidates(self, asked: np.ndarray, fetch: int, selector: Any) -> tuple[np.ndarray, np.ndarray]:
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
    with reading(folder / "index.json", KeyError, TypeError, AttributeError):
        facts = read_json(folder / "index.json")
        kind, shape = facts.pop("kind"), (facts.pop("rows"), facts.pop("dim"))
    if shape != vectors.shape:
        raise ArtifactError(f"the index at {folder} is over {shape} vectors, not {vectors.shape}")
    if kind == "exact":
        facts.pop("recall_at_10", None)
        return ExactIndex(vectors, facts)
    with reading(folder / "index.faiss", RuntimeError, KeyError):
        index = faiss.read_index(str(folder / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
        effort = int(facts.pop("effort"))
    timing = read_json(folder / TIMING) if (folder / TIMING).exists() else None
    if (index.ntotal, index.d) != shape:
        raise ArtifactError(f"{folder}/index.faiss holds {index.ntotal} vectors, its index.json says {shape}")
    return FaissIndex(index, vectors, effort, facts, timing)


def truth_of(index: faiss.Index, vectors: np.ndarray) -> Any:
    """Where faiss reads the (n, d) float32 that ranks candidates.

    A graph of whole vectors holds them itself, and has just read the ones that are asked for.
    """
    if isinstance(index, faiss.IndexHNSWFlat):
        return faiss.downcast_index(index.storage).get_xb()  # type: ignore[attr-defined]
    return faiss.swig_ptr(vectors)
