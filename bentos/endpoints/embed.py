"""/embed: the vectors of products."""

from typing import Any

from pydantic import BaseModel, Field

from bentos.api.contract import Form
from bentos.api.forms import ITEM_FIELDS
from bentos.api.parsing import read_items
from bentos.api.requests import EXAMPLE_ITEM, ProductItem
from bentos.endpoints.endpoint import Asked, Outcome, Reading

__all__ = ["EMBED"]


class Embedding(BaseModel):
    """The product vector: length 1, comparable within one release only."""

    product_id: str = ""
    vector: list[float] = Field(description="L2-normalised; its length is the release's `dim`.")


def vectors(asked: Asked, outcome: Outcome) -> list[dict[str, Any]]:
    """The vector of each item."""
    pairs = zip(asked.call.product_ids, outcome.vectors, strict=True)
    return [{"product_id": product, "vector": vector} for product, vector in pairs]


EMBED = Reading(
    name="embed",
    summary="The vector of one product (`item`) or of several (`items`).",
    names=("item", "items"),
    item=ProductItem,
    read=read_items,
    result=Embedding,
    example={"product_id": "", "vector": [0.06, -0.11]},
    sequenced=False,
    examples={
        "one": {"item": EXAMPLE_ITEM},
        "several": {"items": [EXAMPLE_ITEM, {"title": "Leather bag"}]},
    },
    form=Form(ITEM_FIELDS, within="item"),
    shape=vectors,
)
