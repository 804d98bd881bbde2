"""What every index over the rows of a release does."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["RowIndex"]


class RowIndex(Protocol):
    """Search over the n unit vectors of one embeddings table; never changed once built.

    Attributes:
        vectors: (n, d) float32, the truth that results are ranked by.
    """

    vectors: np.ndarray

    def __len__(self) -> int: ...

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best rows of each query, best first; ties by row.

        Args:
            queries: (q, d) float32; scored by inner product.
            k: results per query, at least 1.
            allowed_rows: only these rows may be found: row numbers, or an (n,) bool mask.

        Returns:
            scores (q, k) float32 and rows (q, k) int64; where fewer than k rows may be found, the
            rest is row -1 with score -inf.

        Raises:
            InputError: queries of another width or not finite, k below 1, a row out of range.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the index below `folder` (made when absent); the vectors are not copied."""
        ...

    def describe(self) -> dict[str, Any]:
        """Kind, rows, dim, parameters and measured recall, JSON-able."""
        ...
