"""Queries of several parts: what the encoder says of each part, put together by their weights."""

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.engine import blended, own_evidence
from retrieval.query import SearchQuery

__all__ = ["own_together", "put_together"]


def put_together(
    queries: Sequence[SearchQuery], catalogue: CatalogueView, vectors: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) vectors and (n, k) class probabilities of n queries, from those of all their parts."""
    made, start = [], 0
    for query in queries:
        own = slice(start, start + len(query.parts))
        start = own.stop
        made.append(blended(query, catalogue, vectors[own], classes[own]))
    return np.stack([vector for vector, _ in made]), np.stack([known for _, known in made])


def own_together(
    queries: Sequence[SearchQuery], catalogue: CatalogueView, parts: Sequence[Mapping[str, np.ndarray]]
) -> list[dict[str, np.ndarray]]:
    """What each query is compared by, from what all their parts are; see `EncodedQuery.own`."""
    found, start = [], 0
    for query in queries:
        given = parts[start : start + len(query.parts)]
        start += len(query.parts)
        found.append(own_evidence(query, catalogue, given))
    return found
