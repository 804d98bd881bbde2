"""/products/delete: products taken out."""

from bentos.api.parsing import read_named
from bentos.api.requests import ProductId, Request, Time
from bentos.endpoints.endpoint import Asked
from bentos.endpoints.writing import Writing, common_facts, require_known
from retrieval.changes.records import Record

__all__ = ["DELETE_PRODUCTS"]


class DeleteOptions(Request):
    """When the products went."""

    updated_at: Time = None


async def delete(asked: Asked) -> list[Record]:
    """The records that say they are gone."""
    require_known(asked)
    return [Record("delete", **facts) for facts in await asked.backend.aside(common_facts, asked)]


DELETE_PRODUCTS = Writing(
    name="products/delete",
    summary="Take products out; no later answer holds them.",
    names=("product_id", "product_ids"),
    item=ProductId,
    options=DeleteOptions,
    read=read_named,
    examples={"one": {"product_id": "p00017"}, "several": {"product_ids": ["p00017", "p00004"]}},
    names_products=True,
    records=delete,
)
