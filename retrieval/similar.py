"""Neighbours of a product: by its vectors by modality beside its own, or by one modality alone."""

from collections.abc import Mapping

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.ranking.blending import unit_length
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.hybrid import Rows, picked
from retrieval.ranking.rules import rule_scores
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["CONSIDERED", "PRODUCT", "like_one", "reordered", "similar_by_modality"]

PRODUCT = "beside"
"""The rule that neighbours go by where it was measured to find more of the same category."""
CONSIDERED = 50
"""The nearest by product vector that are put in order by all that is known; 100 and 200 measure alike."""
SIGN_AND_REST = np.int32(-0x70000001)
"""All bits but the three that a shifted half of 16 bits leaves as copies of its sign."""

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


def like_one(place: int, rows: np.ndarray, cosine: np.ndarray, tables: Mapping[str, Rows]) -> Candidates:
    """Candidates of a query that is a product.

    Args:
        place: of the product in the tables.
        rows: (m,) of the candidates there.
        cosine: (m,) by the product vectors.
        tables: name to (n, d) of all products by each modality, of unit length; zero where one lacks it.
    """
    zero, own, both = np.zeros(len(rows), np.float32), {}, np.append(rows, place)
    for name, table in tables.items():
        seen = single(picked(table, both))
        if seen[-1].any():
            own[name] = seen[:-1] @ seen[-1]
    return Candidates(
        rows=rows,
        cosine=cosine,
        lexical=zero,
        agreement=zero,
        covered=zero,
        feedback=zero,
        feedback_agreement=zero,
        certainty=0.0,
        words=0,
        unknown_share=0.0,
        bound=0.0,
        beside="product",
        own=own,
    )


def single(table: np.ndarray) -> np.ndarray:
    """A table as float32; of halves that are finite in a fifth of the time that numpy takes.

    Shifted to where float32 has them, exponent and fraction of a half say 2^112 times too little.
    """
    if table.dtype != np.float16:
        return np.asarray(table, np.float32)
    bits = table.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= SIGN_AND_REST
    found = bits.view(np.float32)
    found *= np.float32(2.0**112)
    return found


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
