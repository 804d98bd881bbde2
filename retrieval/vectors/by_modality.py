"""Half-precision scans of vectors by modality."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ModalityIndexes"]

EXTRA = 16
"""Candidates fetched beyond k, so that a tie at the cut is seen."""
BLOCK = 65_536


class ModalityIndexes:
    """Half-precision scans of a release's vectors by modality, made when first asked for.

    A product page asks for these now and then; an approximate index for each would double a release.

    Args:
        tables: name to (n, d) vectors, zero where a product lacks the modality.
    """

    def __init__(self, tables: Mapping[str, np.ndarray]) -> None:
        self._tables = tables
        self._mutex = threading.Lock()
        self._made: dict[str, tuple[Any, np.ndarray]] = {}

    def search(
        self, name: str, query: np.ndarray, k: int, out: np.ndarray, may: np.ndarray | None = None
    ) -> np.ndarray:
        """(m,) rows of the release, at least the k nearest that are not among `out`.

        Args:
            may: (n,) bool, the rows that may be found; None for all.
        """
        import faiss

        index, rows = self._index(name)
        if not len(out) and may is None:
            fetch = min(k + EXTRA, len(rows))
            return np.asarray(rows[index.search(query[None], fetch)[1][0]]) if fetch else rows
        bits = np.ones(len(rows), bool) if may is None else may[rows]
        bits[np.isin(rows, out)] = False
        fetch = min(k + EXTRA, int(bits.sum()))
        if fetch == 0:
            return np.empty(0, np.int64)
        packed = np.packbits(bits, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(rows), faiss.swig_ptr(packed))
        _, found = index.search(query[None], fetch, params=faiss.SearchParameters(sel=selector))  # type: ignore[call-arg]
        return np.asarray(rows[found[0][found[0] >= 0]])

    def _index(self, name: str) -> tuple[Any, np.ndarray]:
        import faiss

        with self._mutex:
            if name not in self._made:
                table = self._tables[name]
                rows = np.flatnonzero(np.any(np.asarray(table) != 0, axis=1))
                kind = faiss.ScalarQuantizer.QT_fp16
                index = faiss.IndexScalarQuantizer(table.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
                for start in range(0, len(rows), BLOCK):
                    index.add(np.asarray(table[rows[start : start + BLOCK]], np.float32))
                self._made[name] = (index, rows)
            return self._made[name]
