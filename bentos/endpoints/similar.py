"""/similar: the neighbours of a product, by all of it or by its photo, its words, its sound alone."""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from bentos.api.contract import Form
from bentos.api.parsing import read_named
from bentos.api.requests import Request
from bentos.api.responses import EXAMPLE_HIT, Hits
from bentos.endpoints.endpoint import Asked, Outcome, Reading, encoded
from bentos.errors import RequestError
from retrieval.similar import similar_by_modality

__all__ = ["SIMILAR"]


class SimilarOptions(Request):
    """How many neighbours, and by what."""

    k: int = Field(10, ge=1, strict=True, description="Hits per product, itself left out.")
    modality: Literal["", "text", "image", "audio"] = Field(
        "", description="Nearest by this modality alone; default by all of the product."
    )


class SimilarHits(Hits):
    """Hits of one product, best first, without the product itself."""

    product_id: str


async def neighbours(asked: Asked) -> Outcome:
    """What the index gives, of one modality or of the whole product.

    Raises:
        RequestError: 404 for a product that is not there; 422 as for `by_modality`.
    """
    asked.require_named()
    if asked.call.modality:
        return await asked.backend.aside(by_modality, asked)
    return await encoded(asked)


def by_modality(asked: Asked) -> Outcome:
    """The answer by one modality.

    Raises:
        RequestError: 422 where a product lacks it, or the release does not hold vectors by it.
    """
    call, loaded = asked.call, asked.loaded
    view = loaded.view()
    catalogue = loaded.catalogue(view)
    name, results, vectors = call.modality, [], []
    if name not in catalogue.modalities:
        able = ", ".join(catalogue.modalities) or "no modality; build a new release"
        raise RequestError(422, "modality", name, f"leave it out, or go by what this release knows: {able}")
    banned = asked.backend.rules.valid(frozenset(), ()).banned(catalogue.columns)
    for number, product in enumerate(call.product_ids):
        place = catalogue.position_of(product)
        if place is None:
            raise asked.gone(number)
        if name not in catalogue.modalities_of(place):
            able = ", ".join(catalogue.modalities_of(place)) or "none"
            raise RequestError(422, "modality", name, f"{product} lacks it; it has {able}")
        rows, cosine = similar_by_modality(catalogue, loaded.alone, name, place, call.k, banned)
        hits = catalogue.hits(rows.tolist(), cosine.tolist())
        for hit in hits:
            hit["why"]["modality"] = name
        results.append({"product_id": product, "hits": hits})
        vectors.append(view.vector_of(product))
    return Outcome(np.stack(vectors), view=view, results=results)


def hits(asked: Asked, outcome: Outcome) -> list[dict[str, Any]]:
    """The hits of each product, without itself and what may not be shown."""
    if outcome.results is not None:
        return outcome.results
    call, view = asked.call, outcome.view
    assert outcome.scores is not None and outcome.rows is not None and view is not None  # noqa: S101, PT018
    results = []
    for number, product in enumerate(call.product_ids):
        left_out = (view.row_of(other) for other in (product, *asked.backend.rules.bans))
        without = {row for row in left_out if row is not None}
        found = asked.loaded.hits(outcome.scores[number], outcome.rows[number], call.k, without, view)
        results.append({"product_id": product, "hits": found})
    return results


SIMILAR = Reading(
    name="similar",
    summary="Products of the catalogue nearest to one of its products, which is left out.",
    names=("product_id", "product_ids"),
    item=str,
    options=SimilarOptions,
    read=read_named,
    result=SimilarHits,
    example={"product_id": "p00004", "hits": [EXAMPLE_HIT]},
    examples={
        "one": {"product_id": "p00017", "k": 5},
        "by photo alone": {"product_id": "p00017", "k": 5, "modality": "image"},
        "several": {"product_ids": ["p00017", "p00004"], "k": 3},
    },
    form=Form(top={"product_id": "text", "k": "integer", "modality": "text"}),
    names_products=True,
    run=neighbours,
    shape=hits,
)
