"""/classify: the categories of products, with their probabilities."""

from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from bentos.api.contract import Form
from bentos.api.forms import ITEM_FIELDS
from bentos.api.parsing import ParsedRequest, read_items
from bentos.api.requests import EXAMPLE_ITEM, EmbedRequest
from bentos.api.responses import EXAMPLE_RELEASE, Classification
from bentos.endpoints.endpoint import Reading
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.filters.rules import Rules

__all__ = ["CLASSIFY", "ClassifyAnswer", "classification"]

LABELS_SHOWN = 5


class ClassifyAnswer(BaseModel):
    """`result` for `item`, `results` for `items`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": EXAMPLE_RELEASE,
                "result": {
                    "product_id": "",
                    "label": "Shoes",
                    "score": 0.94,
                    "labels": [{"label": "Shoes", "score": 0.94}, {"label": "Bags", "score": 0.03}],
                },
            }
        }
    )

    release: str
    result: Classification | None = None
    results: list[Classification] | None = None


async def classified(call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> Outcome:
    """What the encoder gives, of a release that has categories (422)."""
    if not loaded.encoder.labels:
        remedy = "use /embed or /search; this release was trained without categories"
        raise RequestError(422, "endpoint", "classify", remedy)
    return await backend.batched(call, loaded)


def categories(
    call: ParsedRequest, outcome: Outcome, loaded: LoadedRelease, rules: Rules
) -> list[dict[str, Any]]:
    """The category of each item."""
    del rules
    assert outcome.probabilities is not None  # noqa: S101 - for the type checker
    names = loaded.encoder.labels
    pairs = zip(call.product_ids, outcome.probabilities, strict=True)
    return [classification(product, probabilities, names) for product, probabilities in pairs]


def classification(product: str, probabilities: np.ndarray, names: list[str]) -> dict[str, Any]:
    """The best labels of one item, ties by their order."""
    best = np.argsort(-probabilities, kind="stable")[:LABELS_SHOWN]
    labels = [{"label": names[i], "score": round(float(probabilities[i]), 6)} for i in best]
    return {"product_id": product, **labels[0], "labels": labels}


CLASSIFY = Reading(
    name="classify",
    function="classify",
    summary="The category of one product (`item`) or of several (`items`), with probabilities.",
    request_model=EmbedRequest,
    answer_model=ClassifyAnswer,
    one="item",
    many="items",
    read=read_items,
    examples={"one": {"item": EXAMPLE_ITEM}, "several": {"items": [{"title": "Leather bag"}]}},
    form=Form(ITEM_FIELDS, within="item"),
    run=classified,
    shape=categories,
)
