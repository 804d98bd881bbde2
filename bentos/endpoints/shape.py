"""What the encoder and the index gave, as the results that a request is answered with."""

from typing import Any

from bentos.api.parsing import ParsedRequest
from bentos.endpoints.products import classification
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.filters.rules import Rules

__all__ = ["shape"]


def shape(call: ParsedRequest, outcome: Outcome, loaded: LoadedRelease, rules: Rules) -> list[dict[str, Any]]:
    """One result per item, as the answer models of `bentos.api.requests` describe."""
    if call.endpoint == "embed":
        pairs = zip(call.product_ids, outcome.vectors, strict=True)
        return [{"product_id": product, "vector": vector} for product, vector in pairs]
    if call.endpoint == "classify":
        assert outcome.probabilities is not None  # noqa: S101 - for the type checker
        names = loaded.encoder.labels
        return [
            classification(product, p, names)
            for product, p in zip(call.product_ids, outcome.probabilities, strict=True)
        ]
    if outcome.results is not None:
        return outcome.results
    view = outcome.view
    assert outcome.scores is not None and outcome.rows is not None and view is not None  # noqa: S101, PT018
    results = []
    for number, product in enumerate(call.product_ids):
        left_out = (view.row_of(other) for other in (product, *rules.bans))
        without = {row for row in left_out if row is not None}
        hits = loaded.hits(outcome.scores[number], outcome.rows[number], call.k, without, view)
        results.append({"product_id": product, "hits": hits})
    return results
