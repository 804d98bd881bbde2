"""What one query asks for, once it is checked: its parts, what each weighs, and how the answer is cut."""

from bentos.api.limits import Limits
from bentos.api.requests import Query, SearchRequest
from bentos.errors import RequestError
from catalog.product import ProductInput
from retrieval.filters.columns import Filters
from retrieval.query import NO_FILTERS, SearchOptions, SearchQuery, mixture

__all__ = ["form_of", "split"]


def split(query: Query, whole: ProductInput, place: str) -> SearchQuery:
    """A query's parts; those that weigh the same are one item, as long as no product is among them.

    Args:
        whole: the query's words, photos and sounds, decoded from base64.
        place: how the query is called in messages.

    Raises:
        RequestError: 422 where no part weighs anything.
    """
    weights = query.weights
    if not (whole.photos or whole.sounds or query.product_id) and weights.text > 0:
        return SearchQuery(whole.title, whole, ((whole, 1.0),))  # words alone, whatever they weigh
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


def form_of(request: SearchRequest, limits: Limits) -> SearchOptions:
    """How a search is answered.

    Raises:
        RequestError: 422 for a price range that is none, or more hits than are answered.
    """
    limits.check_results(request.k)
    if request.filters is None:
        return SearchOptions(request.k, request.page, request.sort, NO_FILTERS, request.facets)
    asked = request.filters
    low, high = asked.price_from, asked.price_to
    if low is not None and high is not None and low > high:
        raise RequestError(422, "filters.price_from", low, "give at most price_to")
    filters = Filters(
        category=tuple(asked.category),
        brand=tuple(asked.brand),
        language=tuple(asked.language),
        price_from=low,
        price_to=high,
        in_stock=asked.in_stock,
        has_photo=asked.has_photo,
    )
    return SearchOptions(request.k, request.page, request.sort, filters, request.facets)
