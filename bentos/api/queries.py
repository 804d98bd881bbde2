"""What one query asks for, once it is checked: its parts, what each weighs, and how the answer is cut."""

from bentos.api.items import Files, product_input
from bentos.api.limits import Limits
from bentos.api.requests import Query, SearchRequest
from bentos.errors import RequestError
from catalog.product import ProductInput
from retrieval.filters.columns import Filters
from retrieval.query import NO_FILTERS, SearchOptions, SearchQuery, mixture
from shelfspace.errors import InputError

__all__ = ["options_of", "query_of"]


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
        return SearchQuery(query.text, words, ((words, 1.0),))  # words alone, whatever they weigh
    limits.check_text(f"{place}.product_id", query.product_id)
    return split(query, product_input(query, place, limits, files), place)


def split(query: Query, whole: ProductInput, place: str) -> SearchQuery:
    """A query's parts; those that weigh the same are one item, as long as no product is among them.

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
    if not product and len({weight for _, weight in parts}) == 1:
        together = ProductInput(
            title=text,
            photos=whole.photos if weights.photo > 0 else (),
            sounds=whole.sounds if weights.sound > 0 else (),
        )
        parts = [(together, 1.0)]
    product_weight = weights.product if product else 0.0
    words_weight, beside = mixture(text, parts, product_weight if product else None)
    return SearchQuery(text, whole, tuple(parts), product, product_weight, words_weight, beside)


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
            )
        except InputError as error:
            raise RequestError.of(error) from error
        if filters == NO_FILTERS:
            filters = NO_FILTERS  # told from others by identity
    return SearchOptions(request.k, request.page, request.sort, filters, request.facets)
