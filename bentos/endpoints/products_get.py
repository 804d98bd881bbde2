"""/products/get: all that is known of a product, and what is bought with it."""

from typing import Any

import numpy as np
from pydantic import BaseModel, Field, JsonValue

from bentos.api.contract import Form
from bentos.api.parsing import read_named
from bentos.api.responses import Classification, Hit
from bentos.endpoints.classify import classification
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from retrieval.catalogue.view import CatalogueView

__all__ = ["GET_PRODUCTS"]


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


async def details(asked: Asked) -> Outcome:
    """The products that a call names (404 for one that is not there)."""
    asked.require_named()
    view = asked.loaded.view()
    catalogue = asked.loaded.catalogue(view)
    results = []
    for number, product in enumerate(asked.call.product_ids):
        place = catalogue.position_of(product)
        if place is None:
            raise asked.gone(number)
        others = asked.loaded.insight("bought_together", product)
        page = page_of(catalogue, place, asked.loaded.encoder.labels)
        page["bought_together"] = asked.shown(catalogue, ((row["other_id"], row["weight"]) for row in others))
        results.append(page)
    return Outcome(NOTHING, view=view, results=results)


def page_of(catalogue: CatalogueView, place: int, labels: list[str]) -> dict[str, Any]:
    """One product, as `ProductDetails`, without what is bought with it."""
    hit = catalogue.hit(place)
    product = hit["product_id"]
    guess = None
    if catalogue.classes is not None:
        guess = classification(product, catalogue.classes[np.array([place])][0], labels)
    names = ("product_id", "title", "brand", "category", "price", "currency", "on_hand")
    return {
        **{name: hit[name] for name in names},
        **catalogue.details(place),
        "modalities": catalogue.modalities_of(place),
        "guess": guess,
    }


GET_PRODUCTS = Reading(
    name="products/get",
    summary="All that is known of one product (`product_id`) or of several (`product_ids`).",
    names=("product_id", "product_ids"),
    item=str,
    read=read_named,
    result=ProductDetails,
    example={
        "product_id": "p00017",
        "title": "Trail shoe, blue",
        "description": "Light shoe with a grippy sole.",
        "brand": "Northpeak",
        "attributes": {"colour": "blue"},
        "category": "Shoes > Running",
        "language": "en",
        "price": 79.0,
        "currency": "EUR",
        "on_hand": 12.0,
        "photos": ["photos/p00017-1.jpg"],
        "sounds": [],
        "modalities": ["text", "image"],
        "guess": {
            "product_id": "p00017",
            "label": "Shoes",
            "score": 0.97,
            "labels": [{"label": "Shoes", "score": 0.97}],
        },
        "bought_together": [],
    },
    examples={"one": {"product_id": "p00017"}, "several": {"product_ids": ["p00017", "p00004"]}},
    form=Form(top={"product_id": "text"}),
    names_products=True,
    logged=False,
    run=details,
)
