"""What goes to the encoder's thread, and what comes back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bentos.api.parsing import ParsedRequest
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.query_cache import ReadQuery
from models.features.table import FeatureTable
from retrieval.changes.view import LayeredView
from retrieval.filters.rules import Rules
from retrieval.lexical.synonyms import NO_SYNONYMS, Synonyms

__all__ = ["Job", "Outcome"]


@dataclass(frozen=True, eq=False)
class Job:
    """One call on its way through the batcher.

    Attributes:
        features: of the call's items, where they were computed beforehand (photos and sounds).
        rules: merchandising rules that a search obeys.
        synonyms: by which the words of a search are read.
        asked: when it was queued.
    """

    call: ParsedRequest
    loaded: LoadedRelease
    features: FeatureTable | None = None
    rules: Rules = field(default_factory=Rules)
    synonyms: Synonyms = NO_SYNONYMS
    asked: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the encoder and the index gave for one call of n items.

    Attributes:
        vectors: (n, d) float32.
        probabilities: (n, classes) float32; None for similar, which encodes nothing.
        scores, rows: (n, m) for similar, else None.
        view: the state of release and changes that was searched.
        results: of a search, the answers to its queries.
        read: of a search, what was read of its queries.
        alone: of a put, facts of its items by each modality alone.
    """

    vectors: np.ndarray
    probabilities: np.ndarray | None = None
    scores: np.ndarray | None = None
    rows: np.ndarray | None = None
    view: LayeredView | None = None
    results: list[dict[str, Any]] | None = None
    alone: list[dict[str, Any]] | None = None
    read: Sequence[ReadQuery] = ()
