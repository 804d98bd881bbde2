"""What is read of queries: what the encoder says of each of their parts, put together by their weights."""

from collections.abc import Mapping, Sequence

import numpy as np

from bentos.serving.outcome import Job, Outcome
from bentos.serving.query_cache import ReadQuery
from bentos.serving.request_rows import item_facts
from catalog.product import ProductInput
from models.features.table import FeatureTable
from retrieval.catalogue.view import CatalogueView
from retrieval.changes.view import LayeredView
from retrieval.engine import blended, own_evidence
from retrieval.lexical.tokens import query_terms
from retrieval.query import SearchQuery

__all__ = ["query_outcome"]


def query_outcome(
    job: Job,
    view: LayeredView,
    table: FeatureTable | None,
    encoded: tuple[np.ndarray, np.ndarray],
    known: list[ReadQuery] | None,
) -> Outcome:
    """What is read of the queries of a search; what they find comes later.

    Args:
        table: features of their parts; None where nothing is to be encoded.
        encoded: vectors and class probabilities of their parts.
        known: what was read of them before; then nothing is encoded.

    Raises:
        KeyError: a product that a query names is not there.
    """
    queries, (vectors, classes) = job.call.queries, encoded
    if known is not None:
        vectors = np.stack([one.vector for one in known])
        classes = np.stack([one.probabilities for one in known])
        return Outcome(vectors, classes, view=view, read=known)
    parts = [] if table is None else job.loaded.encoder.own_evidence(table, vectors)
    own = [dict(part) for part in parts]
    if [query for query in queries if query.product or len(query.parts) != 1]:
        catalogue = job.loaded.catalogue(view)
        own = own_together(queries, catalogue, parts)
        vectors, classes = put_together(queries, catalogue, vectors, classes)
    read = [
        # Copies: a row of its own keeps no whole batch in memory.
        ReadQuery(
            vector.copy(),
            row.copy(),
            query_terms(query.text, query.also),
            item_facts(query.whole or ProductInput()),
            {name: part.copy() for name, part in by.items()},
        )
        for query, vector, row, by in zip(queries, vectors, classes, own, strict=True)
    ]
    job.loaded.queries.keep(queries, read)
    return Outcome(vectors, classes, view=view, read=read)


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
