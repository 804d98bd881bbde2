"""Whether the answers of a served shop are what they must be, while and after products change."""

from itertools import pairwise
from typing import Any

__all__ = ["CLOSE", "TOUCHED", "K", "compare_all", "compare_hits", "compare_untouched", "compared"]

K = 10
"""Hits of an answer."""
TOUCHED = 20
"""One product in so many, by row number, may be changed and deleted."""
CLOSE = 2e-4
"""Scores that differ by less are equal: a batch sums in another order than one query."""


def compare_hits(hits: list[dict[str, Any]], gone: frozenset[str], prices: dict[str, int]) -> str:
    """Whether there are K, ordered, and as what was confirmed before the request says."""
    names = [hit["product_id"] for hit in hits]
    scores = [hit["score"] for hit in hits]
    if len(hits) != K or len(set(names)) != K:
        return f"{len(set(names))} different hits of {K}"
    if any(late > early + CLOSE for early, late in pairwise(scores)):
        return f"scores rise: {scores}"
    for hit in hits:
        if hit["product_id"] in gone:
            return f"{hit['product_id']} was deleted before"
        if (hit["price"] or 0) < prices.get(hit["product_id"], 0):
            return f"{hit['product_id']} shows {hit['price']}, changed before to {prices[hit['product_id']]}"
    return ""


def untouched(hits: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """Hits whose product nobody writes."""
    return [
        (hit["product_id"], hit["score"])
        for hit in hits
        if hit["product_id"][0] == "P" and int(hit["product_id"][1:]) % TOUCHED
    ]


def compare_untouched(hits: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    """Untouched products must come in the order and with the scores of the unchanged release."""
    for (name, score), (wanted, known) in zip(untouched(hits), untouched(expected), strict=False):
        if abs(score - known) > CLOSE:
            return f"{name} {score} where {wanted} {known} was expected"
        if name != wanted and name not in {n for n, s in untouched(expected) if abs(s - known) <= CLOSE}:
            last = untouched(expected)[-1][1]
            if abs(known - last) > CLOSE:  # a tie at the cut may bring in another product
                return f"{name} where {wanted} was expected, both {score}"
    return ""


def compare_all(hits: list[dict[str, Any]], expected: list[dict[str, Any]]) -> str:
    """Hits of the same state must be the same, in the same order; equal scores may change places."""
    if len(hits) != len(expected):
        return f"{len(hits)} hits where {len(expected)} were expected"
    scores = {hit["product_id"]: hit["score"] for hit in expected}
    for hit, want in zip(hits, expected, strict=True):
        name, known = hit["product_id"], want["score"]
        if abs(hit["score"] - known) > CLOSE or abs(scores.get(name, expected[-1]["score"]) - known) > CLOSE:
            return f"{name} {hit['score']} where {want['product_id']} {known} was expected"
    return ""


def compared(
    served: dict[str, list[dict[str, Any]]], expected: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """How many answers of the server differ from those of the same code over the same changes."""
    wrong = []
    for kind, answers in served.items():
        for number, (got, want) in enumerate(zip(answers, expected[kind], strict=True)):
            said = compare_all(got["hits"], want["hits"])
            if said:
                wrong.append(f"{kind} {number}: {said}")
    return {"checked": sum(map(len, served.values())), "wrong": len(wrong), "first_wrong": wrong[:3]}
