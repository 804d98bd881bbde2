"""/embed: the vectors of products."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bentos.api.contract import Form
from bentos.api.forms import ITEM_FIELDS
from bentos.api.parsing import ParsedRequest, read_items
from bentos.api.requests import EXAMPLE_ITEM, EmbedRequest
from bentos.api.responses import EXAMPLE_RELEASE
from bentos.endpoints.endpoint import Reading
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Outcome
from retrieval.filters.rules import Rules

__all__ = ["EMBED", "EmbedAnswer"]


class Embedding(BaseModel):
    """The product vector: length 1, comparable within one release only."""

    product_id: str = ""
    vector: list[float] = Field(description="L2-normalised; its length is the release's `dim`.")


class EmbedAnswer(BaseModel):
    """`result` for `item`, `results` for `items`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"release": EXAMPLE_RELEASE, "result": {"product_id": "", "vector": [0.06, -0.11]}}
        }
    )

    release: str = Field(description="Identifier of the release that answered.")
    result: Embedding | None = None
    results: list[Embedding] | None = None


def vectors(
    call: ParsedRequest, outcome: Outcome, loaded: LoadedRelease, rules: Rules
) -> list[dict[str, Any]]:
    """The vector of each item."""
    del loaded, rules
    pairs = zip(call.product_ids, outcome.vectors, strict=True)
    return [{"product_id": product, "vector": vector} for product, vector in pairs]


EMBED = Reading(
    name="embed",
    function="embed",
    summary="The vector of one product (`item`) or of several (`items`).",
    request_model=EmbedRequest,
    answer_model=EmbedAnswer,
    one="item",
    many="items",
    read=read_items,
    examples={
        "one": {"item": EXAMPLE_ITEM},
        "several": {"items": [EXAMPLE_ITEM, {"title": "Leather bag"}]},
    },
    form=Form(ITEM_FIELDS, within="item"),
    shape=vectors,
)
