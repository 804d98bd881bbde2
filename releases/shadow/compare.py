"""How two answers to one question differ: hits by overlap and rank, categories by agreement."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["DEPTH", "answer_of", "differences", "overlap", "rank_overlap"]

DEPTH = 10
"""Hits of an answer that are compared."""
PERSISTENCE = 0.9
"""How surely somebody who looked at a hit looks at the next one: the weight of ranks in `rank_overlap`."""


def answer_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of one result of the service: the first hits with their scores, or the category."""
    if "hits" in result:
        return {
            "hits": [[hit["product_id"], round(float(hit["score"]), 4)] for hit in result["hits"][:DEPTH]]
        }
    return {"label": result["label"], "score": round(float(result["score"]), 4)}


def differences(live: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float | bool]:
    """How an answer differs from the live one: 1 and True say that it does not.

    Returns:
        `overlap`, `rank` and `first` of hits; `label` of a category.
    """
    if "label" in live:
        return {"label": live["label"] == other["label"]}
    ours, theirs = ([product for product, _ in answer["hits"]] for answer in (live, other))
    return {
        "overlap": round(overlap(ours, theirs), 4),
        "rank": round(rank_overlap(ours, theirs), 4),
        "first": ours[:1] == theirs[:1],
    }


def overlap(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Share of the longer list that both hold; 1 of two empty ones."""
    longest = max(len(ours), len(theirs))
    return len(set(ours) & set(theirs)) / longest if longest else 1.0


def rank_overlap(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Rank-biased overlap (Webber et al. 2010) of two rankings, cut at their end and scaled to 0 to 1.

    The mean over depths of the overlap of what stands above, the first ranks weighing most.
    """
    longest = max(len(ours), len(theirs))
    if not longest:
        return 1.0
    agreement, weights = 0.0, 0.0
    for depth in range(1, longest + 1):
        weight = PERSISTENCE ** (depth - 1)
        agreement += weight * overlap(ours[:depth], theirs[:depth])
        weights += weight
    return agreement / weights
