"""A release's index and the changes since, searched as one.

Rows 0 to n - 1 are the release's; products added since have numbers above. An updated product
keeps its row number, so a row always names the same product while a release lasts.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import faiss
import numpy as np

from retrieval.changes.records import Header
from retrieval.changes.segment import DeltaLimits, DeltaSegment
from retrieval.changes.state import DeltaView
from retrieval.vectors.base import RowIndex
from retrieval.vectors.exact import (
    TIED,
    checked_queries,
    checked_rows,
    ordered,
    padded,
    search_rows,
    true_scores,
)
from shelfspace.errors import InputError

__all__ = ["LayeredIndex", "LayeredView"]

SPARE = 4
"""Rows of the release fetched beyond k, in place of nearest ones that were updated or deleted."""


class LayeredView:
    """One state of both layers; never changed.

    Args:
        base: index of the release; None where there is none.
        ids: its n products, in row order.
        rows: product id to row of the release.
        delta: what changed since.
        dim: length of the vectors.
    """

    def __init__(
        self, base: RowIndex | None, ids: Sequence[str], rows: Mapping[str, int], delta: DeltaView, dim: int
    ) -> None:
        self.base = base
        self.delta = delta
        self._ids = ids
        self._rows = rows
        self._dim = dim

    def __len__(self) -> int:
        return len(self._ids) - len(self.delta.hidden) + len(self.delta.rows)

    def row_of(self, product_id: str) -> int | None:
        """The row number of a product; None where it is not there."""
        entry = self.delta.entries.get(product_id)
        if entry is not None:
            return entry.row
        return None if product_id in self.delta.gone else self._rows.get(product_id)

    def id_of(self, row: int) -> str:
        """The product of a row number that a search gave."""
        return self._ids[row] if row < len(self._ids) else self.delta.ids[row]

    def vector_of(self, product_id: str) -> np.ndarray:
        """(dim,) float32 of a product that is there.

        Raises:
            KeyError: it is not.
        """
        entry = self.delta.entries.get(product_id)
        if entry is not None and entry.vector is not None:
            return entry.vector
        if product_id in self.delta.gone or self.base is None:
            raise KeyError(product_id)
        return np.asarray(self.base.vectors[self._rows[product_id]])

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best rows of each query, as `RowIndex.search` gives them, over both layers.

        Args:
            allowed_rows: row numbers of either layer; those of products that are gone never count.
        """
        delta, n = self.delta, len(self._ids)
        untouched = self.base is not None and not len(delta.hidden) and not len(delta.rows)
        if untouched and allowed_rows is None:  # the index checks what it is asked
            return self.base.search(queries, k)  # type: ignore[union-attr]
        asked = checked_queries(queries, self._dim, k)
        allowed = None if allowed_rows is None else ascending(np.asarray(allowed_rows, np.int64))
        if untouched and allowed is not None:
            allowed = checked_rows(allowed[allowed < n], n)
            return self.base.search(asked, k, allowed)  # type: ignore[union-attr]
        near = self._search_base(asked, k, allowed)
        ours = delta.rows if allowed is None else delta.rows[np.isin(delta.rows, allowed)]
        if near is None and not len(ours):
            return padded(*empty(len(asked)), k)
        scores, rows = near or empty(len(asked))
        enough = (rows >= 0).sum(axis=1) > k  # what the release's index did not give lies below
        joined, names = scores, rows
        if len(ours):
            newer, places = nearest(asked @ self._vectors_of(ours).T, k + 1)
            joined, names = np.concatenate([scores, newer], 1), np.concatenate([rows, ours[places]], 1)
        best, found = nearest(joined, k + 1, names)
        clear = enough & (best[:, :-1] > best[:, 1:] + 2 * TIED).all(axis=1)
        best, found = padded(best, found, k)
        # Scores of two sources settle no tie: there both layers are scored by one function.
        for q in np.flatnonzero(~clear):
            best[q], found[q] = self._settled(asked[q : q + 1], k, rows[q : q + 1], ours)
        return best, found

    def _settled(
        self, asked: np.ndarray, k: int, near: np.ndarray, ours: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best of one query, ties by row, from the release's (1, m) rows and all of the delta's."""
        found = near
        if len(ours):
            _, places = search_rows(self._vectors_of(ours), asked, min(k, len(ours)))
            found = np.concatenate([near, ours[places]], axis=1)
        best, rows = ordered(self._exact_scores(asked, found), found, k)
        return best[0], rows[0]

    def _vectors_of(self, ours: np.ndarray) -> np.ndarray:
        """(m, dim) vectors of rows of the delta, ascending."""
        delta = self.delta
        if len(ours) == len(delta.rows):
            return delta.vectors
        return delta.vectors[delta.rows.searchsorted(ours)]

    def _search_base(
        self, asked: np.ndarray, k: int, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """(q, m) scores and rows of the release that still count: more than k, or all there are."""
        if self.base is None:
            return None
        n, hidden = len(self.base), self.delta.hidden
        if allowed is not None:
            inside = np.setdiff1d(allowed[(allowed >= 0) & (allowed < n)], hidden, assume_unique=True)
            return self.base.search(asked, min(k + 1, len(inside)), inside) if len(inside) else None
        most = min(n, k + 1 + len(hidden))
        fetch = min(most, k + SPARE)
        while True:
            scores, rows = self.base.search(asked, fetch)
            if len(hidden):
                place = np.minimum(hidden.searchsorted(rows), len(hidden) - 1)
                out = hidden[place] == rows
                scores, rows = np.where(out, -np.inf, scores), np.where(out, -1, rows)
            # Rare: a query whose nearest were mostly updated or deleted asks again for more.
            if fetch >= most or ((rows >= 0).sum(axis=1) > k).all():
                return scores, rows
            fetch = min(most, 4 * fetch)

    def _exact_scores(self, asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(q, m) float32 scores of rows of either layer; -inf for row -1."""
        scores = np.full(rows.shape, -np.inf, np.float32)
        n, ours = len(self._ids), self.delta.rows
        if self.base is not None:
            true_scores(faiss.swig_ptr(self.base.vectors), asked, np.where(rows < n, rows, -1), scores)
        if not len(ours):
            return scores
        # A product whose vector was replaced keeps its row of the release, where the delta speaks for it.
        place = np.minimum(ours.searchsorted(rows), len(ours) - 1)
        place = np.where(ours[place] == rows, place, -1)
        newer = np.empty(rows.shape, np.float32)
        true_scores(faiss.swig_ptr(self.delta.vectors), asked, place, newer)
        return np.where(place >= 0, newer, scores)


class LayeredIndex:
    """A release's immutable index with a durable delta segment over it.

    Args:
        segment_path: the delta log's file; made where absent.
        header: release, encoder and vector length of the log.
        base: index of the release; None for a log alone.
        ids: the release's products, in row order.
        limits: size of the log beyond which writes are refused.
        updated: time of a row as ISO 8601; "" where the catalogue does not say.

    Raises:
        ArtifactError: the log is damaged, or belongs to another release.
    """

    def __init__(
        self,
        segment_path: Path,
        header: Header,
        base: RowIndex | None = None,
        ids: Sequence[str] = (),
        limits: DeltaLimits | None = None,
        updated: Callable[[int], str] = lambda row: "",
    ) -> None:
        if len(ids) != (0 if base is None else len(base)):
            raise InputError("ids", len(ids), "give one identifier for each row of the index")
        self.base = base
        self._dim = header.dim
        self._ids = ids
        self._rows = {product: row for row, product in enumerate(ids)}
        self.segment = DeltaSegment(segment_path, header, self._rows, limits, updated)
        self._newest: LayeredView | None = None

    def view(self) -> LayeredView:
        """The newest state, to search and to read; the same object until something changes."""
        delta, newest = self.segment.view(), self._newest
        if newest is None or newest.delta is not delta:
            newest = self._newest = LayeredView(self.base, self._ids, self._rows, delta, self._dim)
        return newest

    @property
    def sequence(self) -> int:
        """Number of the last write; it rises with each and is never used twice."""
        return self.segment.view().sequence

    def close(self) -> None:
        """Let go of the log; views that were given stay good."""
        self.segment.close()


def ascending(rows: np.ndarray) -> np.ndarray:
    """Distinct rows in order; those that are, the usual case, are neither sorted nor copied."""
    return rows if bool((rows[1:] > rows[:-1]).all()) else np.unique(rows)


def empty(queries: int) -> tuple[np.ndarray, np.ndarray]:
    """No scores and rows for any query."""
    return np.empty((queries, 0), np.float32), np.empty((queries, 0), np.int64)


def nearest(scores: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The k best of (q, m) scores, best first, and their rows; without `rows`, their places."""
    lines = np.arange(len(scores))[:, None]
    if rows is None and scores.shape[1] > k:  # a long line is cut before it is sorted
        chosen = scores.argpartition(-k, axis=1)[:, -k:]
        return scores[lines, chosen], chosen
    order = (-scores).argsort(axis=1)[:, :k]
    return scores[lines, order], order if rows is None else rows[lines, order]
