"""The words of a query, read before anything is looked for or encoded."""

import re
from dataclasses import replace

from catalog.product import ProductInput
from catalog.text.clean import HAN, clean_text
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters
from retrieval.lexical.corrections import correct
from retrieval.lexical.synonyms import NO_SYNONYMS, Synonyms, expand, meaning_same
from retrieval.lexical.written import written_otherwise
from retrieval.query import SearchQuery, mixture
from retrieval.understanding import phrases, understand

__all__ = ["read_query", "without_request"]

_VERBS = r"(?:buy|get|find|see|have|order|purchase|look for|look at)"
_ASKING = "|".join(
    [
        r"(?:i|we)(?:['’]d| would)? (?:really |just |also )?(?:need|want|like)(?: to " + _VERBS + r")?",
        r"(?:(?:i|we)(?:['’](?:m|re)| am| are) )?(?:looking|searching|shopping|hunting) for",
        r"(?:need|want)(?: to " + _VERBS + r"|(?= an? | some ))",
        r"(?:can|could|do|would) (?:you|i|we) (?:please |maybe )?"
        r"(?:show|find|get|buy|have|sell|recommend|stock)(?: me| us)?",
        r"(?:please )?(?:show|find|get|give|recommend) (?:me|us)",
        r"where (?:can|do|could) (?:i|we) " + _VERBS,
        r"(?:have|has) (?:you|anyone) got",
        r"(?:is|are) there (?=any |an? )",
    ]
)
_FIRST = re.compile(
    rf"(?:(?:hi|hello|hey)\b[\s,.!]*)?(?:please[\s,]+)?(?:{_ASKING})\s+(?:(?:an?|some|any|the)\s+)?", re.I
)
_LAST = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you)[\s.!]*$", re.I)
_HAN_FIRST = re.compile(
    "(?:你好|您好|请问|麻烦)?[,，\\s]*(?:我?(?:想要|想买|想找|想看|要买|要找|需要|求购)|我[想要]|有没有|有卖|"
    "(?:给我|帮我)(?:找|看看?|推荐)|推荐)(?:一下)?(?:一?[个只把件条款台双套些](?=.))?"
)
_HAN_LAST = re.compile(r"(?:吗|呢|谢谢)[\s??!!。]*$")
_QUOTED = re.compile("[\"“”‘'「『](.*\\w.*?)[\"“”’'」』]")
_DIGIT, _LETTER, _LATIN = re.compile(r"\d"), re.compile(r"\w"), re.compile("[A-Za-z]{2}")
SIGN = "?"
_ENDS = " \t?？!！。"


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
    query = _understood(query, catalogue, chosen, synonyms)
    lexical = catalogue.search.lexical
    chinese = HAN.search(query.text)
    if query.words_weight is not None or (chinese and _LATIN.search(query.text)):
        # The word says which of the photo's kind is wanted: listings of another language are meant as well;
        # so they are by who writes in both.
        synonyms = synonyms.with_colours
    text, also, meant = expand(lexical, synonyms, query.text, query.ignore)
    ignore = query.ignore
    if chinese or _DIGIT.search(text) or lexical.compounds(text.lower().split()):
        others, ways = written_otherwise(lexical, text, ignore)
        also, meant = (*also, *others), (*meant, *ways)
        ignore = (*ignore, *(one["text"] for one in ways))
    text, said = correct(lexical, text, ignore)
    if not (meant or said):
        return query
    return replace(with_words(query, text), also=also, said=(*query.said, *meant, *said))


def _understood(
    query: SearchQuery, catalogue: CatalogueView, chosen: Filters, synonyms: Synonyms
) -> SearchQuery:
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
        mixed=query.words_weight is not None,
        listed=lambda word: meaning_same(catalogue.search.lexical, synonyms.with_colours, word),
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


def without_request(text: str) -> str:
    """A query without quotes around all of it and without the words that only ask ("I need a clock" asks for
    a clock): they are stop words of queries, not of listings. The query itself where it has none, or nothing
    else."""
    typed = text.strip()
    if ("<" in typed or not _LETTER.search(typed)) and not clean_text(typed):
        return SIGN  # a picture or markup alone asks for nothing, as "!!!" does
    found = quoted[1] if (quoted := _QUOTED.fullmatch(typed)) else typed
    for first, last in ((_FIRST, _LAST), (_HAN_FIRST, _HAN_LAST)):
        asking = first.match(found)
        if asking:
            found = last.sub("", found[asking.end() :]).strip(_ENDS)
        elif first is _FIRST:
            found = last.sub("", found)
    return text if found in ("", typed) else found
