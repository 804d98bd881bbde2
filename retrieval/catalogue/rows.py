"""Where products stand: those of the release in their rows, those added since close behind them."""

import numpy as np

from retrieval.changes.view import LayeredView

__all__ = ["RowMap"]


class RowMap:
    """Rows of a view, whose numbers above the release's have gaps, as 0, 1, ...; searched by them.

    It knows nothing of the catalogue that it serves: a catalogue is made with every write, and one that
    refers to itself would stay in memory until the next collection of cycles.

    Args:
        view: the state that is searched.
        size: products of the release.
    """

    def __init__(self, view: LayeredView, size: int) -> None:
        self._view = view
        self._n = size
        rows = view.delta.rows
        self.added = rows[np.searchsorted(rows, size) :]

    def __len__(self) -> int:
        return self._n + len(self.added)

    def of_row(self, row: int) -> int:
        """Where a row of the view stands."""
        return row if row < self._n else self._n + int(np.searchsorted(self.added, row))

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Where rows of the view stand; -1 stays."""
        if not len(self.added):
            return rows
        return np.where(rows < self._n, rows, self._n + np.searchsorted(self.added, rows))

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Rows of the view."""
        if not len(self.added):
            return positions
        after = np.clip(positions - self._n, 0, len(self.added) - 1)
        return np.where(positions < self._n, positions, self.added[after])

    def product(self, position: int) -> str:
        """The product at a position."""
        return self._view.id_of(position if position < self._n else int(self.added[position - self._n]))

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `retrieval.vectors.RowIndex.search`; the mask is over positions."""
        rows = None if allowed_rows is None else self.rows(np.flatnonzero(allowed_rows))
        scores, found = self._view.search(queries, k, rows)
        return scores, self.of_rows(found)
