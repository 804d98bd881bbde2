"""The two levels of search: rows of one release, and products that come, change and go."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["RowIndex", "VectorIndex"]


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


class VectorIndex(Protocol):
    """Search over products by identifier, while products come, change and go.

    A write that has returned is durable: it is there after a kill, and every later search sees
    it. There is therefore no `save`; a backend is opened where its data lies, and `close` only
    lets go of it. Scores that agree to six decimals are ties; of those the product that was
    added first comes first, and an update keeps a product's place.
    """

    @property
    def sequence(self) -> int:
        """Number of the last write; it rises with each and is never used twice."""
        ...

    def __len__(self) -> int: ...

    def __contains__(self, product_id: object) -> bool: ...

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Add products or replace their vectors; of an identifier given twice the last stays.

        Args:
            ids: n identifiers of 1 to 200 characters.
            vectors: (n, d) float32 of length 1.

        Raises:
            InputError: identifiers or vectors of another form.
            CapacityError: the backend is at its configured size.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Take products out; returns how many were there."""
        ...

    def search(
        self, queries: np.ndarray, k: int, allowed: Collection[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best products of each query, best first.

        Args:
            queries: (q, d) float32; scored by inner product.
            k: results per query, at least 1.
            allowed: only these products may be found; unknown ones are passed over.

        Returns:
            scores (q, k) float32 and identifiers (q, k) object; where fewer than k products may
            be found, the rest is None with score -inf.

        Raises:
            InputError: queries of another width or not finite, k below 1.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Kind, rows, dim, parameters and measured recall, JSON-able."""
        ...

    def close(self) -> None:
        """Let go of files and connections; nothing is lost."""
        ...
