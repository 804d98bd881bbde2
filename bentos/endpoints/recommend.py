"""/recommend: what a shopper may want next, what goes with a cart or a product, and what is popular now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field, model_validator

from bentos.api.contract import Contract, Form, ParsedRequest
from bentos.api.items import Files
from bentos.api.limits import Limits
from bentos.api.past import PastEvent, PastEvents, check_times, table_of
from bentos.api.requests import Choices, ProductId, Request
from bentos.api.responses import EXAMPLE_HIT, Hit
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.recommended import Shelf
from insights.recommendation.serve import Ranked, Recommender
from retrieval.changes.view import LayeredView
from retrieval.filters.columns import Filters
from retrieval.query import SearchOptions

__all__ = ["RECOMMEND"]

MOST_IN_CART = 100
LATEST_SEEN = 20
"""Products that were put into a cart or viewed which count where nothing was bought."""


class Basis(Request):
    """What is recommended from: one of these, or nothing for somebody new."""

    shopper: str = Field(
        "", max_length=200, description="Your identifier of a shopper; needs a key of scope shopper."
    )
    events: PastEvents
    cart: Annotated[list[ProductId], Field(max_length=MOST_IN_CART)] = Field(
        default_factory=list, description="What lies in a cart."
    )
    product_id: str = Field("", max_length=200, description="A product of the catalogue.")

    @model_validator(mode="after")
    def _one(self) -> "Basis":
        given = [name for name in ("shopper", "events", "cart", "product_id") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of them, not {' and '.join(given)}")
        return self


class RecommendOptions(Request):
    """How much, and of what."""

    k: int = Field(10, ge=1, strict=True, description="Hits of one list.")
    category: Choices = Field(default_factory=list, description="Paths, each with all below; empty for all.")
    goes_with: bool = Field(False, description="Of a product or cart: leave out what merely looks like it.")
    new: bool = Field(
        False, description="Of a shopper or events: only what is new in the shop, bought four times at most."
    )


class ReasonAnswer(BaseModel):
    """Why a product is recommended."""

    kind: Literal["again", "before", "together", "beside", "like", "others", "popular", "new", "chosen"]
    text: str = Field(description="In English.")
    product_id: str = Field(description="The product that it is said of; empty without one.")
    title: str = Field(description="Of that product.")
    number: int = Field(description="again, before: days; popular: shoppers; else 0.")


class RecommendedHit(Hit):
    """A product that is recommended."""

    reason: ReasonAnswer


class Recommended(BaseModel):
    """One list."""

    hits: list[RecommendedHit]
    by: str = Field(description="Who ranked them: learned, own frequency, popularity, or co-purchases.")
    note: str = Field(description="What there was not enough evidence for; empty where nothing lacked.")


@dataclass(frozen=True)
class Bases(ParsedRequest):
    """A request for recommendations."""

    bases: tuple[Basis, ...] = ()
    goes_with: bool = False
    new: bool = False


def read_bases(
    contract: Contract,
    request: RecommendOptions,
    parts: list[Basis],
    single: bool,
    limits: Limits,
    files: Files | None,
) -> ParsedRequest:
    """The call of a route that recommends.

    Raises:
        RequestError: 422 for an event of a time that has not come, or long gone.
    """
    del limits, files
    for number, part in enumerate(parts):
        name = contract.names[0] if single else f"{contract.names[1]}[{number}]"
        check_times(part.events, f"{name}.events")
    ids, options = ("",) * len(parts), SearchOptions(filters=Filters(category=tuple(request.category)))
    return Bases(
        contract,
        single,
        (),
        ids,
        request.k,
        options=options,
        bases=tuple(parts),
        goes_with=request.goes_with,
        new=request.new,
    )


async def recommended(asked: Asked) -> Outcome:
    """The list of each basis.

    Raises:
        RequestError: 403 or 400 for a shopper without a key for it; 404 for a shopper or product that is not
            known.
    """
    call = asked.call
    assert isinstance(call, Bases)  # noqa: S101 - for the type checker
    names = []
    for number, basis in enumerate(call.bases):
        if basis.shopper:
            asked.visitor.require("shopper")
        field = f"{call.place(number)}.shopper"
        names.append(asked.backend.shoppers.pseudonym(basis.shopper, field))
    return await asked.backend.aside(lists, asked, call, names)


def lists(asked: Asked, call: Bases, names: Sequence[str]) -> Outcome:
    """All lists, from one state of the shop."""
    view = asked.loaded.view()
    catalogue, filters = asked.loaded.catalogue(view), call.options.filters
    recommender: Recommender = asked.loaded.application("recommendation") or unlearned(asked.loaded)
    rules = asked.backend.rules.valid(frozenset(), filters.category)
    shelf = Shelf(catalogue, recommender, rules, filters)
    results = []
    for number, (basis, name) in enumerate(zip(call.bases, names, strict=True)):
        place = call.place(number)
        ranked, without, note = ranked_by(recommender, basis, name, view, place, call)
        hits = [] if ranked is None else shelf.hits(ranked, call.k, without)
        alone = ranked is None or not (basis.product_id or call.goes_with or call.new)
        if len(hits) < call.k and alone:
            shown = {*without, *(hit["product_id"] for hit in hits)}
            hits += shelf.hits(recommender.popular, call.k - len(hits), shown, spread=ranked is None)
        by = recommender.popular.by if ranked is None else ranked.by
        results.append({"hits": hits, "by": by, "note": note})
    return Outcome(NOTHING, view=view, results=results)


@lru_cache(1)
def unlearned(loaded: LoadedRelease) -> Recommender:
    """Of a release that holds no recommendations, or damaged ones (/release says it): vectors alone."""
    return Recommender.unlearned(loaded.release.product_ids, loaded.vectors)


def ranked_by(
    recommender: Recommender, basis: Basis, name: str, view: LayeredView, place: str, call: Bases
) -> tuple[Ranked | None, Sequence[str], str]:
    """The ranking of a basis, None where popularity alone can say something; what is left out; and a note.

    Raises:
        RequestError: 404 for a shopper or a product that is not known.
    """
    if name:
        ranked = recommender.for_shopper(name, call.new)
        if ranked is None:
            remedy = (
                "name a shopper who bought something here, give `events`, or leave it out for what is popular"
            )
            raise RequestError(404, f"{place}.shopper", "unknown", remedy)
        return ranked, (), recommender.note
    if basis.events:
        return by_events(recommender, basis.events, view, place, call.new)
    products = basis.cart or ([basis.product_id] if basis.product_id else [])
    if not products:
        return None, (), "" if recommender.shoppers else recommender.note
    field = f"{place}.cart" if basis.cart else f"{place}.product_id"
    vectors = [vector_of(view, product, field) for product in products]
    return recommender.for_products(products, np.stack(vectors), call.goes_with), products, ""


def by_events(
    recommender: Recommender, events: Sequence[PastEvent], view: LayeredView, place: str, new: bool
) -> tuple[Ranked | None, Sequence[str], str]:
    """By purchases; without any, by what was last put into a cart or viewed."""
    for number, event in enumerate(events):
        if event.product_id not in recommender.rows:
            vector_of(view, event.product_id, f"{place}.events[{number}].product_id")
    table = table_of(events)
    ranked = recommender.for_events(table, new)
    if ranked is not None:
        return ranked, (), recommender.note
    latest = table.sort_values("time", ascending=False, kind="stable")["product_id"]
    there = (product for product in dict.fromkeys(latest) if view.row_of(product) is not None)
    seen = list(islice(there, LATEST_SEEN))
    note = "not enough evidence: none of the events is a purchase of a known product; "
    if not seen:
        return None, (), note + "what is popular is shown"
    vectors = np.stack([np.asarray(view.vector_of(product)) for product in seen])
    said = note + "what goes with the products looked at is shown"
    return recommender.for_products(seen, vectors, False), seen, said


def vector_of(view: LayeredView, product: str, field: str) -> np.ndarray:
    """The vector of a product that is there (404)."""
    if view.row_of(product) is None:
        raise RequestError(404, field, product, "name products of this catalogue")
    return np.asarray(view.vector_of(product))


RECOMMEND = Reading(
    name="recommend",
    summary="What a shopper may want next, what goes with a cart or a product, or what is popular, each with "
    "its reason.",
    names=("basis", "bases"),
    item=Basis,
    options=RecommendOptions,
    read=read_bases,
    result=Recommended,
    example={
        "hits": [
            {
                **EXAMPLE_HIT,
                "reason": {
                    "kind": "again",
                    "text": "you buy this about every 30 days",
                    "product_id": "",
                    "title": "",
                    "number": 30,
                },
            }
        ],
        "by": "learned",
        "note": "",
    },
    examples={
        "somebody new": {"basis": {}, "k": 12},
        "a cart": {"basis": {"cart": ["p00017", "p00004"]}, "k": 6},
        "a product": {"basis": {"product_id": "p00017"}, "k": 6, "goes_with": True},
        "what a shopper did": {
            "basis": {
                "events": [
                    {"product_id": "p00017", "time": "2026-05-01T10:00:00Z", "order_id": "1"},
                    {"product_id": "p00004", "kind": "view"},
                ]
            }
        },
        "several": {"bases": [{}, {"product_id": "p00017"}], "category": ["Shoes"]},
    },
    form=Form(),
    names_products=True,
    logged=False,
    run=recommended,
)
