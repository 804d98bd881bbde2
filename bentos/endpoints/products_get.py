"""/products/get: all that is known of a product, and what is bought with it."""

from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bentos.api.contract import Form
from bentos.api.parsing import ParsedRequest, read_named
from bentos.api.requests import Request
from bentos.api.responses import EXAMPLE_RELEASE, Classification, Hit
from bentos.endpoints.classify import classification
from bentos.endpoints.endpoint import Reading, gone, require_named
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.rules import Rules

__all__ = ["GET_PRODUCTS", "GetAnswer"]

NOTHING = np.empty((0, 0), np.float32)


class GetRequest(Request):
    """One product of the catalogue in `product_id`, or several in `product_ids`."""

    product_id: str | None = None
    product_ids: list[str] | None = None


class ProductDetails(BaseModel):
    """All that is known of one product."""

    product_id: str
    title: str
    description: str
    brand: str
    attributes: dict[str, JsonValue]
    category: str
    language: str
    price: float | None
    currency: str
    on_hand: float | None = Field(description="Pieces in stock; null where the shop does not say.")
    photos: list[str] = Field(description="Media keys.")
    sounds: list[str] = Field(description="Media keys.")
    modalities: list[str] = Field(description="Those that /similar can go by.")
    guess: Classification | None = Field(
        description="The category that its vector speaks for; null where the release has no labels."
    )
    bought_together: list[Hit] = Field(description="Products of the same baskets; empty without events.")
    price_suggestion: dict[str, JsonValue] | None = Field(None, description="Null: no release holds one yet.")
    stock: dict[str, JsonValue] | None = Field(None, description="Null: no release holds one yet.")


class GetAnswer(BaseModel):
    """`result` for `product_id`, `results` for `product_ids`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "sequence": 0,
                "result": {
                    "product_id": "P00017",
                    "title": "Trail shoe, blue",
                    "description": "Light shoe with a grippy sole.",
                    "brand": "Northpeak",
                    "attributes": {"colour": "blue"},
                    "category": "Shoes > Running",
                    "language": "en",
                    "price": 79.0,
                    "currency": "EUR",
                    "on_hand": 12.0,
                    "photos": ["photos/P00017.jpg"],
                    "sounds": [],
                    "modalities": ["text", "image"],
                    "guess": {
                        "product_id": "P00017",
                        "label": "Shoes",
                        "score": 0.97,
                        "labels": [{"label": "Shoes", "score": 0.97}],
                    },
                    "bought_together": [],
                    "price_suggestion": None,
                    "stock": None,
                },
            }
        }
    )

    release: str
    sequence: int = Field(0, description="Number of the last change of the catalogue that is in the answer.")
    result: ProductDetails | None = None
    results: list[ProductDetails] | None = None


async def details(call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Outcome:
    """The products that a call names.

    Raises:
        RequestError: 404 for one that is not there.
    """
    require_named(call, loaded)
    view = loaded.view()
    shelf = loaded.shelf(view)
    results = []
    for number, product in enumerate(call.product_ids):
        place = shelf.position_of(product)
        if place is None:
            raise gone(call, number)
        results.append(page_of(shelf, place, loaded.encoder.labels, backend.rules))
    return Outcome(NOTHING, view=view, results=results)


def page_of(shelf: CatalogueView, place: int, labels: list[str], rules: Rules) -> dict[str, Any]:
    """One product, as `ProductDetails`."""
    hit = shelf.hit(place)
    product = hit["product_id"]
    guess = None
    if shelf.classes is not None:
        guess = classification(product, shelf.classes[np.array([place])][0], labels)
    names = ("product_id", "title", "brand", "category", "price", "currency", "on_hand")
    return {
        **{name: hit[name] for name in names},
        **shelf.details(place),
        "modalities": shelf.modalities_of(place),
        "guess": guess,
        "bought_together": together(shelf, product, rules),
        "price_suggestion": None,
        "stock": None,
    }


def together(shelf: CatalogueView, product: str, rules: Rules) -> list[dict[str, Any]]:
    """What is bought with a product, the strongest first, as far as it may be shown."""
    banned = set(rules.valid(frozenset(), ()).banned(shelf.columns).tolist())
    hits = []
    for other, weight in shelf.parts.together.get(product, ()):
        place = shelf.position_of(other)
        if place is None or place in banned:
            continue
        hits.append(shelf.hit(place, weight))
    return hits


GET_PRODUCTS = Reading(
    name="products/get",
    function="get_products",
    summary="All that is known of one product (`product_id`) or of several (`product_ids`).",
    request_model=GetRequest,
    answer_model=GetAnswer,
    one="product_id",
    many="product_ids",
    read=read_named,
    examples={"one": {"product_id": "P00017"}, "several": {"product_ids": ["P00017", "P00004"]}},
    form=Form(top={"product_id": "text"}),
    names_products=True,
    logged=False,
    run=details,
)
