"""Neighbours of a product: by its vectors by modality beside its own, or by one modality alone."""

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.ranking.blending import unit_length
from retrieval.ranking.neighbours import CONSIDERED, PRODUCT, like_one
from retrieval.ranking.rules import rule_scores
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["reordered", "similar_by_modality"]

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


def reordered(
    catalogue: CatalogueView, product: str, scores: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of a product's neighbours by the rule PRODUCT.

    The nearest `CONSIDERED` are put in order anew; what lies further keeps its place, and no score that is
    higher than one before it. So more neighbours begin with the same ones as fewer.

    Args:
        scores, rows: (m,) cosine and rows of the catalogue's view, best first; row -1 is padding. At least
            `CONSIDERED` of them, where there are so many products.
    """
    there = int(np.count_nonzero(rows >= 0))
    place = catalogue.position_of(product)
    if place is None:
        return scores, rows
    found = like_one(place, catalogue.places.of_rows(rows[:there]), scores[:there], catalogue.search.own)
    told = rule_scores(PRODUCT, found)
    order = np.arange(len(rows))
    head = min(CONSIDERED, there)
    order[:head] = np.lexsort((found.rows[:head], -np.round(told[:head], DECIMALS)))
    by = np.concatenate([told, scores[there:]]).astype(np.float32)[order]
    return np.minimum.accumulate(by), rows[order]
