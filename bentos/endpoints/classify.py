"""/classify: the categories of products, with their probabilities."""

from typing import Any

import numpy as np

from bentos.api.contract import Form
from bentos.api.forms import ITEM_FIELDS
from bentos.api.parsing import read_items
from bentos.api.requests import EXAMPLE_ITEM, ProductItem
from bentos.api.responses import Classification
from bentos.endpoints.endpoint import Asked, Outcome, Reading, encoded
from bentos.errors import RequestError

__all__ = ["CLASSIFY", "classification"]

LABELS_SHOWN = 5


async def classified(asked: Asked) -> Outcome:
    """What the encoder gives, of a release that has categories (422)."""
    if not asked.loaded.encoder.labels:
        remedy = "use /embed or /search; this release was trained without categories"
        raise RequestError(422, "endpoint", "classify", remedy)
    return await encoded(asked)


def categories(asked: Asked, outcome: Outcome) -> list[dict[str, Any]]:
    """The category of each item."""
    assert outcome.probabilities is not None  # noqa: S101 - for the type checker
    labels = asked.loaded.encoder.labels
    pairs = zip(asked.call.product_ids, outcome.probabilities, strict=True)
    return [classification(product, probabilities, labels) for product, probabilities in pairs]


def classification(product: str, probabilities: np.ndarray, names: list[str]) -> dict[str, Any]:
    """The best labels of one item, ties by their order."""
    best = np.argsort(-probabilities, kind="stable")[:LABELS_SHOWN]
    labels = [{"label": names[i], "score": round(float(probabilities[i]), 6)} for i in best]
    return {"product_id": product, **labels[0], "labels": labels}


CLASSIFY = Reading(
    name="classify",
    summary="The category of one product (`item`) or of several (`items`), with probabilities.",
    names=("item", "items"),
    item=ProductItem,
    read=read_items,
    result=Classification,
    example={
        "product_id": "",
        "label": "Shoes",
        "score": 0.94,
        "labels": [{"label": "Shoes", "score": 0.94}, {"label": "Bags", "score": 0.03}],
    },
    sequenced=False,
    examples={"one": {"item": EXAMPLE_ITEM}, "several": {"items": [{"title": "Leather bag"}]}},
    form=Form(ITEM_FIELDS, within="item"),
    run=classified,
    shape=categories,
)
