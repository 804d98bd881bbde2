"""Neighbours of a product by one modality alone: its photo's, its words', its sound's."""

import numpy as np

from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.filters.rules import Rules
from retrieval.similar import similar_by_modality

__all__ = ["similar_alone"]


def similar_alone(call: ParsedRequest, loaded: LoadedRelease, rules: Rules) -> Outcome:
    """The answer of /similar by one modality.

    Raises:
        RequestError: 422 where a product lacks it, or the release does not hold vectors by it.
    """
    view = loaded.view()
    shelf = loaded.shelf(view)
    name, results, vectors = call.modality, [], []
    if name not in shelf.modalities:
        able = ", ".join(shelf.modalities) or "no modality; build a new release"
        raise RequestError(422, "modality", name, f"leave it out, or go by what this release knows: {able}")
    banned = rules.valid(frozenset(), ()).banned(shelf.columns)
    for number, product in enumerate(call.product_ids):
        place = shelf.position_of(product)
        if place is None:  # deleted since the call was admitted
            raise RequestError(404, call.place(number)[:-1], product, "name a product that is still there")
        if name not in shelf.modalities_of(place):
            able = ", ".join(shelf.modalities_of(place)) or "none"
            raise RequestError(422, "modality", name, f"{product} lacks it; it has {able}")
        rows, cosine = similar_by_modality(shelf, loaded.alone, name, place, call.k, banned)
        hits = shelf.hits(rows.tolist(), cosine.tolist())
        for hit in hits:
            hit["why"]["modality"] = name
        results.append({"product_id": product, "hits": hits})
        vectors.append(view.vector_of(product))
    return Outcome(np.stack(vectors), view=view, results=results)
