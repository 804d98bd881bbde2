"""Neighbours of a product by one modality alone: its photo's, its words', its sound's."""

import numpy as np

from bentos.api.limits import Refusal
from bentos.api.parsing import Call
from bentos.serving.jobs import Outcome
from bentos.serving.loaded_release import LoadedRelease
from retrieval.catalogue.view import Shelf
from retrieval.filters.rules import Rules
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["nearest", "similar_alone"]

DECIMALS = 6
"""Cosines that agree to these count as tied; ties stand by position."""


def similar_alone(call: Call, loaded: LoadedRelease, rules: Rules) -> Outcome:
    """The answer of /similar by one modality.

    Raises:
        Refusal: 422 where a product lacks it, or the release does not hold vectors by it.
    """
    view = loaded.view()
    shelf = loaded.shelf(view)
    name, results, vectors = call.modality, [], []
    if name not in shelf.modalities:
        able = ", ".join(shelf.modalities) or "no modality; build a new release"
        raise Refusal(422, "modality", name, f"leave it out, or go by what this release knows: {able}")
    banned = rules.valid(frozenset(), ()).banned(shelf.columns)
    for number, product in enumerate(call.product_ids):
        place = shelf.position_of(product)
        if place is None:  # deleted since the call was admitted
            raise Refusal(404, call.place(number)[:-1], product, "name a product that is still there")
        if name not in shelf.modalities_of(place):
            able = ", ".join(shelf.modalities_of(place)) or "none"
            raise Refusal(422, "modality", name, f"{product} lacks it; it has {able}")
        rows, cosine = nearest(shelf, loaded.alone, name, place, call.k, banned)
        hits = [
            {**shelf.hit(row, round(score, 6)), "why": {"words": [], "modality": name}, "pinned": False}
            for row, score in zip(rows.tolist(), cosine.tolist(), strict=True)
        ]
        results.append({"product_id": product, "hits": hits})
        vectors.append(view.vector_of(product))
    return Outcome(np.stack(vectors), view=view, results=results)


def nearest(
    shelf: Shelf, indexes: ModalityIndexes, name: str, position: int, k: int, banned: np.ndarray
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
