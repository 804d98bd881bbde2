"""Whether what an answer says of a hit is true of the listing and of the query."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.shopper.intention import Answer, Asked
from benchmarks.shopper.shop import Product, Shop
from benchmarks.shopper.spelling import terms
from benchmarks.shopper.titles import HAN

__all__ = ["untrue", "why_lines"]

SEEN = {"photo": {"image", "colour"}, "sound": {"audio"}, "text": {"text"}}
"""Part of a query to the modalities of a listing that can be like it."""
HAS = {"image": "photo", "colour": "photo", "audio": "sound"}


def why_lines(shop: Shop, asked: Asked) -> Iterator[tuple[Mapping[str, Any], str]]:
    """(hit, what is untrue of its line or "") of each hit of an answer that says why it was found."""
    query, answer = asked.intention.query, asked.answer
    for hit in answer.hits:
        why = hit.get("why") or {}
        if why.get("words") or why.get("modality") or hit.get("marks"):
            yield hit, untrue(hit, shop.by_id[hit["product_id"]], query, answer)


def typed_within(word: str, text: str) -> bool:
    """Whether a Chinese word stands in what was typed: beside others it may be cut elsewhere."""
    return all(HAN.match(letter) for letter in word) and word in text


def untrue(hit: Mapping[str, Any], product: Product, query: Mapping[str, Any], answer: Answer) -> str:
    """What is not true of a hit's line; "" where all is."""
    words, modality = hit["why"]["words"], hit["why"]["modality"]
    typed = terms(query.get("text", ""))
    meant = typed | said_terms(answer)
    own = terms(product.text)
    money = {t for one in answer.understood_as("price") for t in terms(one["text"])}
    for word in words:
        found = terms(word)
        if not found & meant and not typed_within(word, query.get("text", "")):
            return f"the query has no {word!r}"
        # A Chinese word within a longer one stands there, however the longer one is cut.
        if not (found <= own | said_terms(answer) or (HAN.search(word) and word in product.text)):
            return f"the listing has no {word!r}"
        if found & money:
            return f"{word!r} was a price"
    marks = [hit["title"][start:end] for start, end in hit.get("marks") or ()]
    strange = [m for m in marks if not (terms(m) & meant or (m and m.lower() in query["text"].lower()))]
    if strange:
        return f"{strange[0]!r} is marked and not of the query"
    return untrue_likeness(modality, product, query)


def untrue_likeness(modality: str, product: Product, query: Mapping[str, Any]) -> str:
    """What is not true of the modality that a hit is said to be closest by; "" where all is."""
    parts = {name for name in ("photo", "sound", "text") if query.get(name)}
    can = set().union(*(SEEN[name] for name in parts)) if not query.get("product_id") else set()
    if modality and can and modality not in can:
        return f"closest by {modality} to a {' and '.join(sorted(parts))}"
    if modality in HAS and not getattr(product, HAS[modality]):
        return f"closest by {modality}, which the listing lacks"
    return ""


def said_terms(answer: Answer) -> frozenset[str]:
    """Terms that the answer says it searched for: corrections and synonyms."""
    kinds = ("spelling", "synonym")
    return frozenset().union(*(terms(one["meaning"]) for kind in kinds for one in answer.understood_as(kind)))
