"""Queries of words that a release was asked before: the most frequent ones need no encoder.

What shoppers type repeats itself: a few queries are most of all requests. What is read of a query's text
hangs on nothing but the release, so it is kept as long as the release answers; which products it finds is
looked up anew each time, in the catalogue of that moment.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bentos.telemetry.metrics import METRICS
from retrieval.lexical.tokens import QueryTerms
from retrieval.query import SearchQuery

__all__ = ["QueryCache", "ReadQuery"]

LONGEST = 256
"""Characters of a text that is kept; longer ones are no query that many ask."""


@dataclass(frozen=True, eq=False)
class ReadQuery:
    """What is read of a query before anything is looked for.

    Attributes:
        vector: (d,) float32 of unit length.
        probabilities: (k,) float32 of the classes.
        terms: of its words.
        facts: what the request log says of it.
        own: as `EncodedQuery.own`.
    """

    vector: np.ndarray
    probabilities: np.ndarray
    terms: QueryTerms
    facts: Mapping[str, Any]
    own: Mapping[str, np.ndarray] = field(default_factory=dict)


class QueryCache:
    """The queries that were asked last, by their text as it was given; safe for several threads.

    Args:
        size: how many are kept; 0 keeps none.
    """

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self._read: OrderedDict[str, ReadQuery] = OrderedDict()
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        return len(self._read)

    def known(self, queries: Sequence[SearchQuery]) -> list[ReadQuery] | None:
        """What was read of some queries; None where one of them is not known, or is more than words."""
        if not self.size or not queries:
            return None
        with self._mutex:
            found = [self._read.get(query.text) for query in queries if words_alone(query)]
            known = [one for one in found if one is not None]
            whole = len(known) == len(queries)
            if whole:
                for query in queries:
                    self._read.move_to_end(query.text)
            METRICS.query_cache["hit" if whole else "miss"] += len(found)
        return known if whole else None

    def forget(self) -> None:
        """Know none of them any more."""
        with self._mutex:
            self._read.clear()

    def keep(self, queries: Sequence[SearchQuery], read: Sequence[ReadQuery]) -> None:
        """Remember what was read of those queries that are words alone."""
        if not self.size:
            return
        with self._mutex:
            for query, one in zip(queries, read, strict=True):
                # A text is kept where nothing was made of it: it is not read again.
                if words_alone(query) and not (query.said or query.literal or query.ignore):
                    if len(query.text) > LONGEST:
                        continue
                    self._read[query.text] = one
            while len(self._read) > self.size:
                self._read.popitem(last=False)


def words_alone(query: SearchQuery) -> bool:
    """Whether a query is a text and nothing else."""
    whole = query.whole
    return whole is not None and not (
        query.product or whole.photos or whole.sounds or not query.text or whole.title != query.text
    )
