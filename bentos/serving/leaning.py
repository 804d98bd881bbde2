"""What a shopper did weighs in what a search answers: hits that say as much of the query change places."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bentos.api.past import PastEvent, table_of
from insights.recommendation.serve import Recommender
from retrieval.query import SearchOptions

__all__ = ["WEIGHED", "leaning_of", "weighed"]

WEIGHED = 100
"""Hits that a history may put into another order."""
LEANING = 0.1
"""How much of its score a hit gains at most. From 0.1 to 0.5 the sample's later purchases rank alike."""


def leaning_of(
    recommender: Recommender | None, name: str, past: Sequence[PastEvent]
) -> Mapping[str, float] | None:
    """Product to how much somebody leans towards it, 0 to 1; None where nothing is known of them.

    Args:
        name: pseudonym of a shopper; "" for somebody whose events are given.
    """
    if recommender is None:
        return None
    found = recommender.leaning(name, table_of(past) if past else None)
    return None if found is None else dict(zip(recommender.product_ids, found.tolist(), strict=True))


def weighed(result: dict[str, Any], leaning: Mapping[str, float], options: SearchOptions) -> dict[str, Any]:
    """One page of an answer, its first hits ordered anew.

    A hit passes another only where both have as many of the query's words: who types the whole name of a
    product wants that one. What a rule pinned stays at the head.

    Args:
        result: its page is the first, of WEIGHED hits.
        options: the page that was asked for.
    """

    def score(hit: dict[str, Any]) -> float:
        return float(hit["score"]) * (1 + LEANING * leaning.get(hit["product_id"], 0.0))

    def said(hit: dict[str, Any]) -> tuple[bool, int]:
        return hit["pinned"], len(hit["why"]["words"])

    mixed: list[dict[str, Any]] = []
    for (pinned, _), run in groupby(result["hits"], said):
        mixed += sorted(run, key=lambda hit: 0.0 if pinned else -score(hit))
    first = (options.page - 1) * options.size
    shown = mixed[first : first + options.size]
    # A score says how sure the hit answers, which who asks does not change; it never rises down the page.
    scores = sorted((hit["score"] for hit in shown), reverse=True)
    hits = [{**hit, "score": own} for hit, own in zip(shown, scores, strict=True)]
    return {**result, "hits": hits, "page": options.page}
