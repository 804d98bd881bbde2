"""Rows of the request log: what drift is watched by."""

import time
from collections.abc import Sequence
from typing import Any

from bentos.api.parsing import ParsedRequest
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from catalog.product import ProductInput
from catalog.text.clean import detect_language

__all__ = ["item_facts", "log_row", "log_rows", "with_texts"]


def log_rows(
    call: ParsedRequest,
    outcome: Outcome,
    results: Sequence[dict[str, Any]],
    loaded: LoadedRelease,
    seconds: float,
) -> list[dict[str, Any]]:
    """One row a result of an answered request."""
    rows = []
    for number, result in enumerate(results):
        row = log_row(call.contract.name, loaded.id, 200, len(call.product_ids), seconds)
        if outcome.read:
            row |= outcome.read[number].facts
        elif call.items:
            row |= item_facts(call.items[number])
        row["top_label"], row["top_score"] = best_of(number, outcome, result, loaded)
        vector = outcome.vectors[number]
        row["vector"] = vector if vector.any() else None  # of a query without a word left to be looked for
        if "hits" in result:
            row["hits"] = len(result["hits"])
        rows.append(row)
    return rows


def with_texts(rows: list[dict[str, Any]], call: ParsedRequest) -> list[dict[str, Any]]:
    """The rows of a search with the words that were asked for; other rows as they are."""
    if not call.queries:
        return rows
    return [{**row, "text": query.text} for row, query in zip(rows, call.queries, strict=True)]


def best_of(
    number: int, outcome: Outcome, result: dict[str, Any], loaded: LoadedRelease
) -> tuple[str, float | None]:
    """The most probable category of an encoded item and its probability, else that of the best hit."""
    if outcome.probabilities is not None and outcome.probabilities[number].any():
        best = int(outcome.probabilities[number].argmax())
        return str(loaded.encoder.labels[best]), round(float(outcome.probabilities[number, best]), 6)
    hits = result.get("hits")
    return (hits[0]["category"], hits[0]["score"]) if hits else ("", None)


def log_row(endpoint: str, release: str, status: int, items: int, seconds: float) -> dict[str, Any]:
    """The columns every row of the request log has."""
    return {
        "time": time.time(),
        "endpoint": endpoint,
        "release": release,
        "status": status,
        "items": items,
        "seconds": round(seconds, 6),
        "text_length": 0,
        "language": "",
        "has_text": False,
        "has_photo": False,
        "has_sound": False,
        "price": None,
        "top_label": "",
        "top_score": None,
        "vector": None,
    }


def item_facts(item: ProductInput) -> dict[str, Any]:
    """Statistics of one item; never its text."""
    texts = [item.title, item.brand, *item.attributes.values(), item.description]
    text = " ".join(filter(None, texts))
    return {
        "text_length": sum(map(len, texts)),
        "language": detect_language(text[:1000]),
        "has_text": bool(text.strip()),
        "has_photo": bool(item.photos),
        "has_sound": bool(item.sounds),
        "price": item.price,
    }
