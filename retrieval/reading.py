"""The words of a query, read before anything is looked for or encoded."""

from dataclasses import replace

from catalog.product import ProductInput
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters
from retrieval.lexical.corrections import correct
from retrieval.lexical.synonyms import NO_SYNONYMS, Synonyms, expand
from retrieval.query import SearchQuery, mixture
from retrieval.understanding import phrases, understand
from retrieval.understanding.requests import without_request

__all__ = ["read_query"]


def read_query(
    query: SearchQuery, catalogue: CatalogueView, chosen: Filters, synonyms: Synonyms = NO_SYNONYMS
) -> SearchQuery:
    """The query without words that only ask, with what others say of price and stock put into its filters,
    and synonyms and typing errors in the rest replaced.

    The query itself where that is nothing: where it is to be taken literally, or names a product.

    Args:
        chosen: the shopper's own filters.
        synonyms: of the shop.
    """
    if query.literal or not query.text or catalogue.named(query.text):
        return query
    asked = without_request(query.text)
    if asked != query.text:
        query = with_words(query, asked)
    query = _understood(query, catalogue, chosen)
    lexical = catalogue.search.lexical
    if query.words_weight is not None:
        # The word says which of the photo's kind is wanted: listings of another language are meant as well.
        synonyms = synonyms.with_colours
    text, also, meant = expand(lexical, synonyms, query.text, query.ignore)
    text, said = correct(lexical, text, query.ignore)
    if not (meant or said):
        return query
    return replace(with_words(query, text), also=also, said=(*query.said, *meant, *said))


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
