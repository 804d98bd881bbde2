"""Neighbours of a product by one modality alone: its photo's, its words', its sound's."""

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["DECIMALS", "nearest", "unit"]

DECIMALS = 6
"""Cosines that agree to these count as tied; ties stand by position."""


def nearest(
    shelf: CatalogueView, indexes: ModalityIndexes, name: str, position: int, k: int, banned: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The k products nearest to one by a modality that it has: positions, best first, and cosines.

    Args:
        banned: positions that may not be shown.
    """
    table = shelf.modalities[name]
    query = unit(table[np.array([position])])[0]
    fresh = shelf.fresh
    old = indexes.search(name, query, k, np.concatenate([shelf.hidden, fresh, banned, [position]]))
    new = np.setdiff1d(fresh, np.append(banned, position))
    rows = np.concatenate([old, new])
    vectors = np.asarray(table[rows], np.float32)
    there = np.any(vectors != 0, axis=1)
    rows, vectors = rows[there], unit(vectors[there])
    cosine = vectors @ query
    order = np.lexsort((rows, -np.round(cosine, DECIMALS)))[:k]
    return rows[order], cosine[order]


def unit(vectors: np.ndarray) -> np.ndarray:
    """(n, d) float32 of unit length: half precision had rounded them."""
    table = np.asarray(vectors, np.float32)
    return np.asarray(table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12))
