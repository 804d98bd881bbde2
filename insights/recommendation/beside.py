"""What goes with products: their co-purchases; a product without any borrows those of what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.recommendation.knowledge import Knowledge

__all__ = ["COLUMNS", "Beside", "beside", "goes_with"]

LENDERS = 10
"""Sold products, nearest by vector, that lend a product without co-purchases theirs."""
POWER = 4
"""Of the cosine that a lender's word weighs."""
ALIKE = 10
"""Nearest products by vector that stand for a product rather than go with it, where no category says it."""
COLUMNS = ("product_id", "other_id", "weight", "through_id")
ROWS = 256
"""Products that are compared with all others at once."""


@dataclass(frozen=True)
class Beside:
    """What goes with some products.

    Attributes:
        scores: (n,) how much each product goes with them; 0 where nothing says it does.
        likeness: (n,) cosine to the nearest of them.
        sources: (n,) how much each product's own co-purchases count.
        given: (n,) bool, the products themselves, as far as they are known.
    """

    scores: np.ndarray
    likeness: np.ndarray
    sources: np.ndarray
    given: np.ndarray

    def source_of(self, known: Knowledge, product: int) -> int:
        """The product whose orders speak most for another; -1 where none does."""
        return strongest(known, product, self.sources)


def strongest(known: Knowledge, product: int, sources: np.ndarray) -> int:
    """Of products that count so much, (n,), the one whose orders speak most for another; -1 without any."""
    near, weight = known.together(product)
    counted = weight * sources[near]
    return int(near[counted.argmax()]) if counted.any() else -1


def beside(known: Knowledge, rows: Sequence[int], vectors: np.ndarray) -> Beside:
    """What goes with one product, or with those of a cart.

    Args:
        rows: of the products; -1 for one that is not among the known.
        vectors: (len(rows), d) their vectors.
    """
    given = np.zeros(known.products, bool)
    here = np.array([row for row in rows if row >= 0], np.int64)
    given[here] = True
    likeness = known.vectors @ vectors.T
    sources = np.zeros(known.products)
    for place, row in enumerate(rows):
        if row >= 0 and known.baskets.indptr[row + 1] > known.baskets.indptr[row]:
            sources[row] += 1
        else:
            lenders, weights = _lenders(known, likeness[:, place][None], row)
            sources[lenders[0]] += weights[0]
    scores = np.zeros(known.products)
    for source in np.flatnonzero(sources).tolist():
        near, weight = known.together(source)
        scores[near] += sources[source] * weight
    scores /= max(len(rows), 1)
    scores[given] = 0
    nearest = likeness.max(axis=1) if len(rows) else np.zeros(known.products)
    return Beside(scores, nearest, sources, given)


def _lenders(known: Knowledge, cosine: np.ndarray, own: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """(q, LENDERS) rows of the nearest sold products, and the weights of their words, which sum to at most 1.

    Args:
        cosine: (q, n) to all products.
        own: row that lends nothing, being the borrower; -1 for none.
    """
    able = (np.diff(known.baskets.indptr) > 0) & (np.arange(known.products) != own)
    near = np.where(able, cosine, -1.0)
    lenders = np.argsort(-near, axis=1, kind="stable")[:, :LENDERS]
    weights = np.maximum(np.take_along_axis(near, lenders, axis=1), 0) ** POWER
    return lenders, weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)


def goes_with(
    known: Knowledge, product_ids: Sequence[str], categories: Sequence[str], most: int
) -> pd.DataFrame:
    """What goes with each product without being one of its kind, the strongest first.

    One of its kind is what has the same category, or, where that is not said, one of the ALIKE nearest.

    Args:
        product_ids, categories: (n,) of the products; a category is "" where it is not known.
        most: rows of one product.

    Returns:
        product_id, other_id, weight, and through_id: "" where orders with the product itself say it, else
        the product like it whose orders do.
    """
    from scipy.sparse import csr_matrix

    ids = np.array(product_ids, dtype=object)
    kind = np.array(categories, dtype=object)
    parts = [
        pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS}).astype({"weight": "float64"})
    ]
    alone = np.diff(known.baskets.indptr) == 0
    for begin in range(0, len(ids), ROWS):
        rows = np.arange(begin, min(begin + ROWS, len(ids)))
        cosine = known.vectors[rows] @ known.vectors.T
        cosine[np.arange(len(rows)), rows] = -1
        lenders, weights = _lenders(known, cosine)
        sources = np.zeros((len(rows), known.products))
        np.put_along_axis(sources, lenders, weights * alone[rows, None], axis=1)
        sources[np.arange(len(rows)), rows] = ~alone[rows]
        scores = (csr_matrix(sources) @ known.baskets).toarray()
        alike = np.argsort(-cosine, axis=1, kind="stable")[:, :ALIKE]
        same = np.zeros(scores.shape, bool)
        np.put_along_axis(same, alike, True, axis=1)
        said = (kind[rows] != "")[:, None] & (kind != "")[None]
        same = np.where(said, kind[rows][:, None] == kind[None], same)
        same[np.arange(len(rows)), rows] = True
        scores[same] = 0
        best = np.argsort(-scores, axis=1, kind="stable")[:, :most]
        row, rank = np.nonzero(np.take_along_axis(scores, best, axis=1) > 0)
        other = best[row, rank]
        speaks = [
            strongest(known, o, sources[r]) if alone[rows[r]] else -1
            for r, o in zip(row.tolist(), other.tolist(), strict=True)
        ]
        through = np.array([ids[source] if source >= 0 else "" for source in speaks], dtype=object)
        parts.append(
            pd.DataFrame(
                {
                    "product_id": ids[rows[row]],
                    "other_id": ids[other],
                    "weight": scores[row, other].round(6),
                    "through_id": through,
                }
            )
        )
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
