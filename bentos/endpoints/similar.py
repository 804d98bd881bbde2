"""/similar: the neighbours of a product, by all of it or by its photo, its words, its sound alone."""

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bentos.api.contract import Form
from bentos.api.parsing import ParsedRequest, read_named
from bentos.api.requests import Request
from bentos.api.responses import EXAMPLE_HIT, EXAMPLE_RELEASE, Hits
from bentos.endpoints.endpoint import Reading, gone, require_named
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.filters.rules import Rules
from retrieval.similar import similar_by_modality

__all__ = ["SIMILAR", "SimilarAnswer"]


class SimilarRequest(Request):
    """One product of the catalogue in `product_id`, or several in `product_ids`."""

    product_id: str | None = None
    product_ids: list[str] | None = None
    k: int = Field(10, ge=1, strict=True, description="Hits per product, itself left out.")
    modality: Literal["", "text", "image", "audio"] = Field(
        "", description="Nearest by this modality alone; default by all of the product."
    )


class SimilarHits(Hits):
    """Hits of one product, best first, without the product itself."""

    product_id: str


class SimilarAnswer(BaseModel):
    """`result` for `product_id`, `results` for `product_ids`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "result": {"product_id": "P00004", "hits": [EXAMPLE_HIT]},
            }
        }
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: SimilarHits | None = None
    results: list[SimilarHits] | None = None


async def neighbours(call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Outcome:
    """What the index gives, of one modality or of the whole product.

    Raises:
        RequestError: 404 for a product that is not there; 422 as for `by_modality`.
    """
    require_named(call, loaded)
    if call.modality:
        return await backend.aside(by_modality, call, loaded, backend.rules)
    return await backend.batched(call, loaded)


def by_modality(call: ParsedRequest, loaded: LoadedRelease, rules: Rules) -> Outcome:
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
        if place is None:
            raise gone(call, number)
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


def hits(call: ParsedRequest, outcome: Outcome, loaded: LoadedRelease, rules: Rules) -> list[dict[str, Any]]:
    """The hits of each product, without itself and what may not be shown."""
    if outcome.results is not None:
        return outcome.results
    view = outcome.view
    assert outcome.scores is not None and outcome.rows is not None and view is not None  # noqa: S101, PT018
    results = []
    for number, product in enumerate(call.product_ids):
        left_out = (view.row_of(other) for other in (product, *rules.bans))
        without = {row for row in left_out if row is not None}
        found = loaded.hits(outcome.scores[number], outcome.rows[number], call.k, without, view)
        results.append({"product_id": product, "hits": found})
    return results


SIMILAR = Reading(
    name="similar",
    function="similar",
    summary="Products of the catalogue nearest to one of its products, which is left out.",
    request_model=SimilarRequest,
    answer_model=SimilarAnswer,
    one="product_id",
    many="product_ids",
    read=read_named,
    examples={
        "one": {"product_id": "P00017", "k": 5},
        "by photo alone": {"product_id": "P00017", "k": 5, "modality": "image"},
        "several": {"product_ids": ["P00017", "P00004"], "k": 3},
    },
    form=Form(top={"product_id": "text", "k": "integer", "modality": "text"}),
    names_products=True,
    run=neighbours,
    shape=hits,
)
