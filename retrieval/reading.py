"""The words of a query, read before anything is looked for or encoded."""

from dataclasses import replace

from catalog.product import ProductInput
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters
from retrieval.lexical.corrections import correct
from retrieval.query import SearchQuery, mixture
from retrieval.understanding import phrases, understand

__all__ = ["read_query"]


def read_query(query: SearchQuery, catalogue: CatalogueView, chosen: Filters) -> SearchQuery:
    """The query with what its words say of price and stock taken out of them and put into its filters, and
    typing errors in the others put right.

    The query itself where that is nothing: where it is to be taken literally, or names a product.

    Args:
        chosen: the shopper's own filters.
    """
    if query.literal or not query.text or catalogue.named(query.text):
        return query
    query = _understood(query, catalogue, chosen)
    text, said = correct(catalogue.search.lexical, query.text, query.ignore)
    return replace(with_words(query, text), said=(*query.said, *said)) if said else query


def _understood(query: SearchQuery, catalogue: CatalogueView, chosen: Filters) -> SearchQuery:
    found = phrases(query.text)
    if not found:
        return query
    place = catalogue.position_of(query.product) if query.product else None
    read = understand(
        query.text,
        found,
        catalogue.vocabulary,
        chosen,
        ignore=query.ignore,
        beside=bool(query.product),
        price=None if place is None else catalogue.price_of(place),
    )
    if read is None:
        return query
    return replace(with_words(query, read.text), filters=read.filters, cheap=read.cheap, said=read.said)


def with_words(query: SearchQuery, text: str) -> SearchQuery:
    """The query with other words; with none of them it is what stands beside them, or it browses."""
    if query.whole is None:
        return query
    kept = [(replace(item, title=text) if item.title else item, weight) for item, weight in query.parts]
    parts = tuple((item, weight) for item, weight in kept if item != ProductInput())
    if not parts and not query.product:
        return replace(query, text="", whole=None, parts=())
    words_weight, beside = mixture(text, parts, query.product_weight if query.product else None)
    whole = replace(query.whole, title=text)
    return replace(query, text=text, whole=whole, parts=parts, words_weight=words_weight, beside=beside)
