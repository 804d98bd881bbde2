"""/search: what answers words, a photo, a sound, a product, or a mixture; without any, what passes."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bentos.api.contract import Form
from bentos.api.parsing import read_search
from bentos.api.requests import Query, SearchRequest
from bentos.api.responses import EXAMPLE_HIT, Hits
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from bentos.errors import RequestError
from retrieval.engine import browse

__all__ = ["SEARCH"]

EXAMPLE_FACETS: dict[str, JsonValue] = {
    "category": {"Shoes": 31, "Shoes > Running": 20},
    "brand": {"Northpeak": 12},
    "language": {"en": 31},
    "in_stock": 25,
    "has_photo": 30,
    "price": [{"from": 19.0, "to": 59.0, "count": 16}, {"from": 61.0, "to": 149.0, "count": 15}],
}


class PriceRange(BaseModel):
    """A range of prices, both ends included."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    from_: float = Field(alias="from")
    to: float
    count: int


class Facets(BaseModel):
    """How many products each further choice would leave; values by count, the most frequent first."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_FACETS})

    category: dict[str, int] = Field(description="By path, at every level.")
    brand: dict[str, int]
    language: dict[str, int]
    in_stock: int
    has_photo: int
    price: list[PriceRange]


class FoundHits(Hits):
    """One page of what a query found."""

    total: int = Field(
        0,
        description="How many can be paged to: the ranked candidates and all that has every word of the "
        "query, as far as they pass; sorted by price, what of them is relevant enough; of browsing, all that "
        "pass.",
    )
    page: int = 1
    facets: Facets | None = Field(None, description="Where they were asked for.")


async def found(asked: Asked) -> Outcome:
    """What is found; browsing needs no encoder.

    Raises:
        RequestError: 404 for a product that a query names and that is not there.
    """
    call, loaded = asked.call, asked.loaded
    if call.queries[0].whole is None:
        return await asked.backend.aside(browsed, asked)
    for number, query in enumerate(call.queries):
        # Looking at the changes costs a look at their file.
        if query.product and loaded.view().row_of(query.product) is None:
            place, remedy = f"{call.place(number)}.product_id", f"name a product of release {loaded.id}"
            raise RequestError(404, place, query.product, remedy)
    return await asked.backend.batched(call, loaded)


def browsed(asked: Asked) -> Outcome:
    """The answer of a search without a query."""
    view = asked.loaded.view()
    page = browse(asked.loaded.catalogue(view), asked.backend.rules, asked.call.options)
    return Outcome(NOTHING, view=view, results=[page])


SEARCH = Reading(
    name="search",
    summary="Products that answer words, a photo, a sound, a product, or a mixture of them.",
    names=("query", "queries"),
    item=Query,
    options=SearchRequest,
    alone="filters",
    read=read_search,
    result=FoundHits,
    example={"hits": [EXAMPLE_HIT], "total": 57, "page": 1},
    examples={
        "one": {"query": {"text": "blue trail running shoe"}, "k": 5},
        "several": {"queries": [{"text": "leather bag"}, {"text": "rain jacket"}], "k": 3},
        "filtered, with facets": {
            "query": {"text": "running shoe"},
            "k": 24,
            "page": 1,
            "sort": "price_up",
            "filters": {"category": ["Shoes"], "price_to": 100, "in_stock": True},
            "facets": True,
        },
        "like this one, but in red": {
            "query": {"text": "red", "product_id": "P00017", "weights": {"text": 1, "product": 2}}
        },
        "browse": {"filters": {"category": ["Bags"]}, "k": 24, "facets": True},
    },
    form=Form(
        {"text": "text", "photo": "file", "sound": "file", "product_id": "text"},
        {"k": "integer", "page": "integer", "sort": "text"},
        within="query",
    ),
    names_products=True,
    run=found,
)
