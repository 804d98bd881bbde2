"""/search: what answers words, a photo, a sound, a product, or a mixture; without any, what passes."""

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bentos.api.contract import Contract, Form, ParsedRequest
from bentos.api.items import Files, product_input
from bentos.api.limits import Limits
from bentos.api.past import PersonalRequest, PersonalSearch, check_times
from bentos.api.requests import Query, SearchRequest
from bentos.api.responses import EXAMPLE_HIT, Hit, Hits
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading, encoded
from bentos.errors import RequestError
from bentos.serving.leaning import WEIGHED, leaning_of, weighed
from catalog.product import ProductInput
from retrieval.engine import browse
from retrieval.filters.columns import Filters
from retrieval.query import NO_FILTERS, SearchOptions, SearchQuery, mixture
from shelfspace.errors import InputError

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


class Understood(BaseModel):
    """What was made of some of a query's words, beside looking for them."""

    kind: Literal["spelling", "price", "currency", "attribute", "synonym", "exclusion"]
    text: str = Field(description="As typed; given in the query's `ignore`, it is not understood so.")
    meaning: str = Field(description="What was made of it, in a short sentence.")
    filters: dict[str, JsonValue] | None = Field(
        None, description="The filters that it became; null where it narrows nothing."
    )


class FoundHits(Hits):
    """One page of what a query found."""

    total: int = Field(
        0,
        description="How many can be paged to: the ranked candidates and all that has every word of the "
        "query, as far as they pass; sorted by price, what of them is relevant enough; of browsing, all that "
        "pass.",
    )
    page: int = 1
    understood: list[Understood] = Field(
        default_factory=list,
        description="What was made of the query's words; nothing is made of them unsaid.",
    )
    nearest: list[Hit] = Field(
        default_factory=list,
        description="Where nothing answers the query, and `hits` is empty: what comes nearest to it.",
    )
    facets: Facets | None = Field(None, description="Where they were asked for.")


def read_search(
    contract: Contract,
    request: PersonalRequest,
    parts: list[Query],
    single: bool,
    limits: Limits,
    files: Files | None,
) -> ParsedRequest:
    """The call of a checked search; without queries it browses."""
    options = options_of(request)
    queries = [
        query_of(query, "query" if single else f"queries[{number}]", limits, files)
        for number, query in enumerate(parts)
    ]
    items = tuple([item for query in queries for item, _ in query.parts])
    found = tuple(queries) or (SearchQuery(),)
    ids = ("",) * len(found)
    if not request.shopper and not request.events:
        return ParsedRequest(contract, single, items, ids, request.k, queries=found, options=options)
    if request.shopper and request.events:
        raise RequestError(422, "shopper", "given with events", "give shopper or events, not both")
    check_times(request.events, "events")
    call = PersonalSearch(contract, single, items, ids, request.k, queries=found, options=options)
    return replace(call, shopper=request.shopper, past=tuple(request.events))


def query_of(query: Query, place: str, limits: Limits, files: Files | None) -> SearchQuery:
    """What a checked query asks for.

    Args:
        place: how the query is called in messages.
        files: of a form; they belong to its single query.

    Raises:
        RequestError: 422 where it holds nothing, too much, or nothing that weighs anything; 413 for a file
            that is too large.
    """
    limits.check_text(f"{place}.text", query.text)
    more = files is not None or query.photo or query.sound or query.product_id
    if query.text and query.weights.text > 0 and not more:
        words = ProductInput(title=query.text)
        # Words alone, whatever they weigh.
        parts = ((words, 1.0),)
        return SearchQuery(query.text, words, parts, literal=query.literal, ignore=tuple(query.ignore))
    limits.check_text(f"{place}.product_id", query.product_id)
    return split(query, product_input(query, place, limits, files), place)


def split(query: Query, whole: ProductInput, place: str) -> SearchQuery:
    """A query's parts; a photo and a sound that weigh the same are one item where nothing stands beside them.

    Args:
        whole: the query's words, photos and sounds, decoded from base64.

    Raises:
        RequestError: 422 where no part weighs anything.
    """
    weights = query.weights
    given = {
        "text": (ProductInput(title=whole.title), weights.text) if whole.title else None,
        "photo": (ProductInput(photos=whole.photos), weights.photo) if whole.photos else None,
        "sound": (ProductInput(sounds=whole.sounds), weights.sound) if whole.sounds else None,
    }
    parts = [part for part in given.values() if part is not None and part[1] > 0]
    product = query.product_id if weights.product > 0 else ""
    if not parts and not product:
        raise RequestError(
            422, f"{place}.weights", weights.model_dump(), "let one of the given parts weigh something"
        )
    text = whole.title if weights.text > 0 else ""
    if not product and not text and len({weight for _, weight in parts}) == 1:
        parts = [(ProductInput(photos=whole.photos, sounds=whole.sounds), 1.0)]
    product_weight = weights.product if product else 0.0
    words_weight, beside = mixture(text, parts, product_weight if product else None)
    weighed = (product, product_weight, words_weight, beside)
    return SearchQuery(text, whole, tuple(parts), *weighed, query.literal, tuple(query.ignore))


def options_of(request: SearchRequest) -> SearchOptions:
    """How a search is answered.

    Raises:
        RequestError: 422 for a price range that is none.
    """
    asked, filters = request.filters, NO_FILTERS
    if asked is not None:
        try:
            filters = Filters(
                category=tuple(asked.category),
                brand=tuple(asked.brand),
                language=tuple(asked.language),
                price_from=asked.price_from,
                price_to=asked.price_to,
                in_stock=asked.in_stock,
                has_photo=asked.has_photo,
                without=tuple(asked.without),
            )
        except InputError as error:
            raise RequestError.of(error) from error
        if filters == NO_FILTERS:
            filters = NO_FILTERS  # told from others by identity
    return SearchOptions(request.k, request.page, request.sort, filters, request.facets, request.collapse)


async def found(asked: Asked) -> Outcome:
    """What is found; browsing needs no encoder.

    Raises:
        RequestError: 404 for a product that a query names and that is not there; 403 or 400 for a shopper
            without a key for it.
    """
    call, loaded = asked.call, asked.loaded
    leaning = None
    if isinstance(call, PersonalSearch):
        if call.shopper:
            asked.visitor.require("shopper")
        name = asked.backend.shoppers.pseudonym(call.shopper, "shopper")
        recommender = loaded.application("recommendation")
        leaning = await asked.backend.aside(leaning_of, recommender, name, call.past)
    if call.queries[0].whole is None:
        return await asked.backend.aside(browsed, asked)
    for number, query in enumerate(call.queries):
        # Looking at the changes costs a look at their file.
        if query.product and loaded.view().row_of(query.product) is None:
            place, remedy = f"{call.place(number)}.product_id", f"name a product of release {loaded.id}"
            raise RequestError(404, place, query.product, remedy)
    if leaning is None or call.options.sort != "relevance" or call.options.page * call.k > WEIGHED:
        return await encoded(asked)
    wide = replace(call, options=replace(call.options, size=WEIGHED, page=1))
    outcome = await encoded(replace(asked, call=wide))
    results = [weighed(result, leaning, call.options) for result in outcome.results or []]
    return replace(outcome, results=results)


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
    options=PersonalRequest,
    alone="filters",
    read=read_search,
    result=FoundHits,
    example={
        "hits": [EXAMPLE_HIT],
        "total": 57,
        "page": 1,
        "understood": [
            {"kind": "price", "text": "under 100", "meaning": "at most 100 EUR", "filters": {"price_to": 100}}
        ],
        "nearest": [],
    },
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
            "query": {"text": "red", "product_id": "p00017", "weights": {"text": 1, "product": 2}}
        },
        "a price in the words, taken back": {
            "query": {"text": "running shoe under 100", "ignore": ["under 100"]},
        },
        "by somebody": {
            "query": {"text": "bag"},
            "events": [{"product_id": "p00017", "time": "2026-05-01T10:00:00Z"}],
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
