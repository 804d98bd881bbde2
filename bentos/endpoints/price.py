"""/price: what comparable listings cost, how demand follows the price, and which price earns most."""

import asyncio
from typing import Any, Literal

from pydantic import BaseModel, Field

from bentos.api.contract import Contract, Form, ParsedRequest
from bentos.api.items import Files
from bentos.api.limits import Limits
from bentos.api.parsing import read_named
from bentos.api.requests import AttributeValue, Request
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from bentos.errors import RequestError
from catalog.product import ProductInput

__all__ = ["PRICE"]

WITHOUT = (
    "this release has no price suggestions; the next one has them",
    "此版本没有价格建议；下一版本将包含它们",
)
Amount = Field(None, gt=0, le=1e12, allow_inf_nan=False, description="In the catalogue's currency.")


class PricedListing(Request):
    """A listing that is not in the catalogue."""

    title: str = Field("", max_length=2000)
    description: str = Field("", max_length=20_000)
    brand: str = Field("", max_length=200)
    attributes: dict[str, AttributeValue] = Field(default_factory=dict, max_length=100)
    category: str = Field("", max_length=500, description="Path such as `Home > Rugs`.")
    price: float | None = Amount
    currency: str = Field("", max_length=3, description="Empty, or the catalogue's.")


class PriceOptions(Request):
    """What is known beside the catalogue."""

    listing: PricedListing | None = Field(None, description="Instead of a product.")
    cost: float | None = Field(
        None, gt=0, le=1e12, allow_inf_nan=False,
        description="What a piece costs the shop; default the catalogue's.",
    )  # fmt: skip


class Comparable(BaseModel):
    """A listing that says the like."""

    product_id: str
    title: str
    price: float | None
    likeness: float = Field(description="Cosine of what the two listings say, 0 to 1.")


class PriceAdvice(BaseModel):
    """What is known of one price; null where nothing supports a number, with the reason."""

    product_id: str
    currency: str
    price: float | None = Field(description="Today's.")
    suggested: float | None = Field(description="What comparable listings cost, ending as the shop's do.")
    low: float | None = Field(description="The share `insights.price.coverage` of prices lies from here,")
    high: float | None = Field(description="to here.")
    place: Literal["below", "within", "above"] | None = Field(description="Of today's price and that range.")
    comparables: list[Comparable]
    reason: str | None = Field(description="Why no price is suggested.")
    reason_zh: str | None = Field(description="The reason in Chinese, as of all reasons.")
    elasticity: float | None = Field(description="Change of demand in percent where the price rises by one.")
    elasticity_error: float | None = Field(description="Its standard error.")
    elasticity_of: Literal["product", "category", "catalogue"] | None
    elasticity_reason: str | None = Field(description="Why the product has none of its own.")
    elasticity_reason_zh: str | None
    best: float | None = Field(description="The price near today's that earns most.")
    best_for: Literal["margin", "revenue"] | None = Field(description="Revenue where no cost is known.")
    gain: float | None = Field(description="Of it, as a share of today's; null where that is nothing.")
    best_reason: str
    best_reason_zh: str


def read_price(
    contract: Contract, request: Any, parts: list[Any], single: bool, limits: Limits, files: Files | None
) -> ParsedRequest:
    """The call: of products, or of one listing.

    Raises:
        RequestError: 422 for both, an empty listing, or a cost above its price.
    """
    listing = request.listing
    if listing is None:
        return read_named(contract, request, parts, single, limits, files)
    if parts:
        raise RequestError(422, "listing", "beside a product", "give either product_id or listing")
    if not (listing.title or listing.description or listing.brand or listing.attributes or listing.category):
        raise RequestError(
            422, "listing", "nothing in words", "give its title, brand, attributes or category"
        )
    if listing.price is not None and request.cost is not None and request.cost > listing.price:
        remedy = f"give a cost below the price, {listing.price:.2f}, or another price"
        raise RequestError(422, "cost", request.cost, remedy)
    return ParsedRequest(contract, True, (), ("",), body=request)


async def price(asked: Asked) -> Outcome:
    """Advice on products (404 for one that is not there), or on a listing."""
    body = asked.call.body
    options = body if isinstance(body, PriceOptions) else PriceOptions()
    if options.listing is not None:
        result = await asyncio.to_thread(of_listing, asked, options.listing, options.cost)
        return Outcome(NOTHING, view=asked.loaded.view(), results=[result])
    from insights.price.advice import advise_product, without

    asked.require_named()
    view = asked.loaded.view()
    catalogue = asked.loaded.catalogue(view)
    kept = asked.loaded.application("price_suggestions")
    results = []
    for number, product in enumerate(asked.call.product_ids):
        place = catalogue.position_of(product)
        if place is None:
            raise asked.gone(number)
        hit = catalogue.hit(place)
        if options.cost is not None and hit["price"] is not None and options.cost > hit["price"]:
            remedy = f"give a cost below the price of {product}, {hit['price']:.2f}"
            raise RequestError(422, "cost", options.cost, remedy)
        if kept is None:
            found = without(hit["price"], asked.loaded.why_unserved("price_suggestions", WITHOUT))
        else:
            found = advise_product(kept, product, hit["price"], options.cost)
        results.append(shown(asked, found, product, hit["currency"]))
    return Outcome(NOTHING, view=view, results=results)


def of_listing(asked: Asked, listing: PricedListing, cost: float | None) -> dict[str, Any]:
    """Advice on a listing.

    Raises:
        RequestError: 422 for a price of another currency.
    """
    from insights.price.advice import advise_listing, without

    kept = asked.loaded.application("price_suggestions")
    if kept is None:
        reason = asked.loaded.why_unserved("price_suggestions", WITHOUT)
        return shown(asked, without(listing.price, reason), "", listing.currency)
    given = listing.currency.upper()
    if given and kept.currency and given != kept.currency:
        remedy = f"give prices and costs in {kept.currency}, the catalogue's currency"
        raise RequestError(422, "listing.currency", listing.currency, remedy)
    item = ProductInput(
        title=listing.title, description=listing.description, brand=listing.brand,
        attributes={name: str(value) for name, value in listing.attributes.items()},
    )  # fmt: skip
    found = advise_listing(kept, item, listing.category, listing.price, cost)
    return shown(asked, found, "", kept.currency)


def shown(asked: Asked, found: dict[str, Any], product: str, currency: str) -> dict[str, Any]:
    """The answer: comparable products with title and price of now, as far as they are there."""
    likeness = {one["product_id"]: one["likeness"] for one in found["comparables"]}
    catalogue = asked.loaded.catalogue(asked.loaded.view())
    near = [
        {name: hit[name] for name in ("product_id", "title", "price")} | {"likeness": hit["score"]}
        for hit in asked.shown(catalogue, likeness.items())
    ]
    return {**found, "product_id": product, "currency": currency, "comparables": near}


PRICE = Reading(
    name="price",
    summary="What comparable listings cost, and which price earns most: of a product (`product_id`), of "
    "several (`product_ids`), or of a `listing` that is not there yet.",
    names=("product_id", "product_ids"),
    item=str,
    options=PriceOptions,
    alone="listing",
    read=read_price,
    result=PriceAdvice,
    example={
        "product_id": "p00017",
        "currency": "EUR",
        "price": 79.0,
        "suggested": 84.99,
        "low": 61.2,
        "high": 118.4,
        "place": "within",
        "comparables": [{"product_id": "p00004", "title": "Trail shoe", "price": 89.9, "likeness": 0.71}],
        "reason": None,
        "reason_zh": None,
        "elasticity": -1.7,
        "elasticity_error": 0.3,
        "elasticity_of": "product",
        "elasticity_reason": None,
        "elasticity_reason_zh": None,
        "best": 84.99,
        "best_for": "margin",
        "gain": 0.04,
        "best_reason": "8% higher: +4.0% margin expected",
        "best_reason_zh": "提价 8%：预计毛利 +4.0%",
    },
    examples={
        "one": {"product_id": "p00017"},
        "several": {"product_ids": ["p00017", "p00004"]},
        "a new listing": {
            "listing": {"title": "Trail shoe, green", "category": "Shoes > Running", "price": 80.0},
            "cost": 41.5,
        },
    },
    form=Form(top={"product_id": "text", "cost": "number", "listing": "object"}),
    names_products=True,
    scope="insights",
    run=price,
)
