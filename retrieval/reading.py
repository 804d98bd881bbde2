"""The words of a query, read before anything is looked for or encoded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.product import ProductInput
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters
from retrieval.lexical.corrections import correct
from retrieval.query import SearchQuery, mixture
from retrieval.understanding import phrases, understand

__all__ = ["read_query"]


def read_query(query: SearchQuery, catalogue: CatalogueView, chosen: Filters) -> SearchQuery:
    """The query as it is searched: what its words say of price and stock is in its filters and taken out of
    them, and typing errors in the others are put right.

    The query itself where that changes nothing, where it is to be taken literally, or names a product.

    Args:
        chosen: the shopper's own filters.
    """
    if query.literal or not query.text:
        return query
    read = None
    found = phrases(query.text)
    if found:
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
    left = read.text if read else query.text
    said: tuple[Mapping[str, Any], ...]
    text, said = correct(catalogue.search.lexical, left, query.ignore)
    if text == query.text or catalogue.named(query.text):
        return query
    if read is None:
        return replace(with_words(query, text), said=said)
    said = (*read.said, *said)
    return replace(with_words(query, text), filters=read.filters, cheap=read.cheap, said=said)


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
