"""Which requests are answered on the side, and what is said of them.

A question is chosen by a hash of what it asks, never by chance: the same one is chosen every time, whichever
of two releases is live.
"""

from dataclasses import dataclass, field
from typing import Any

import xxhash

from bentos.api.parsing import Files, ParsedRequest
from bentos.api.past import PersonalSearch
from catalog.product import ProductInput

__all__ = ["Task", "eligible", "kind_of", "question", "sampled", "shown"]

ENDPOINTS = frozenset({"search", "similar", "classify"})
MOST_ITEMS = 16
"""Of one request; longer ones are left out."""
OF_A_FILE = 65_536
"""Bytes of a photo or sound that tell it from others."""
SPACE = 2**64


@dataclass(frozen=True, eq=False)
class Task:
    """A request that was answered, and is to be answered again on the side.

    Attributes:
        body, files: as they came.
        results: what the live release answered, an item each.
        live: that release.
        sequence: of the last change of the catalogue that they know of.
        seconds: it took.
        size: bytes of its photos and sounds.
    """

    call: ParsedRequest
    body: Any
    files: Files | None
    results: Any = field(repr=False)
    live: str
    sequence: int
    seconds: float
    size: int


def eligible(call: ParsedRequest) -> bool:
    """Whether a request asks a release's opinion: browsing does not; what a shopper did goes nowhere."""
    if call.endpoint not in ENDPOINTS or isinstance(call, PersonalSearch) or not 0 < len(call) <= MOST_ITEMS:
        return False
    return not call.queries or call.queries[0].whole is not None


def sampled(call: ParsedRequest, share: float) -> bool:
    """Whether a request is among the share that is answered on the side, by what its first item asks."""
    return xxhash.xxh3_64_intdigest(question(call, 0)) < share * SPACE


def question(call: ParsedRequest, number: int) -> bytes:
    """What item `number` asks, whatever else stands in the request."""
    said = [call.endpoint, call.modality]
    item: ProductInput | None
    if call.queries:
        query = call.queries[number]
        item = query.whole
        said += [query.product, query.text]
    else:
        item = call.items[number] if call.items else None
        said += [call.product_ids[number]] if item is None else []
    parts = [text.encode(errors="replace") for text in said]
    if item is not None:
        texts = (item.title, item.brand, item.description, *item.attributes.values(), str(item.price))
        parts += [text.encode(errors="replace") for text in texts]
        parts += [data[:OF_A_FILE] for data in (*item.photos, *item.sounds)]
    return b"\0".join(parts)


def kind_of(call: ParsedRequest, number: int) -> str:
    """What kind of question it is: classify, similar, words, photo, sound, product, or mixed."""
    if not call.queries:
        return call.endpoint
    query = call.queries[number]
    whole = query.whole or ProductInput()
    given = {"words": whole.title, "photo": whole.photos, "sound": whole.sounds, "product": query.product}
    found = [name for name, value in given.items() if value]
    return found[0] if len(found) == 1 else "mixed"


def shown(call: ParsedRequest, number: int, texts: bool) -> str:
    """What people read of a question: a product's id; words only where they may be kept; else "".

    Args:
        texts: `service.log_query_text`.
    """
    if not call.queries:
        product = call.product_ids[number]
        if call.endpoint == "similar":
            return product + (f" ({call.modality})" if call.modality else "")
        return product or (call.items[number].title[:200] if texts else "")
    query = call.queries[number]
    return ", ".join(part for part in (query.text[:200] if texts else "", query.product) if part)
