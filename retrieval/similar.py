"""Neighbours of a product by one modality alone: its photo's, its words', its sound's."""

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.ranking.blending import unit_length
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["similar_by_modality"]

DECIMALS = 6
"""Cosines that agree to these count as tied; ties stand by position."""


def similar_by_modality(
    catalogue: CatalogueView, indexes: ModalityIndexes, name: str, position: int, k: int, banned: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The k products nearest to one by a modality that it has: positions, best first, and cosines.

    Args:
        banned: positions that may not be shown.
    """
    table = catalogue.modalities[name]
    query = unit_length(table[np.array([position])])[0]
    fresh = catalogue.fresh
    old = indexes.search(name, query, k, np.concatenate([catalogue.hidden, fresh, banned, [position]]))
    new = np.setdiff1d(fresh, np.append(banned, position))
    rows = np.concatenate([old, new])
    vectors = np.asarray(table[rows], np.float32)
    there = np.any(vectors != 0, axis=1)
    rows, vectors = rows[there], unit_length(vectors[there])
    cosine = vectors @ query
    order = np.lexsort((rows, -np.round(cosine, DECIMALS)))[:k]
    return rows[order], cosine[order]
