"""/products/delete: products taken out."""

from bentos.api.contract import Form
from bentos.api.parsing import ParsedRequest, read_named
from bentos.api.requests import ProductId, Request
from bentos.endpoints.writing import Writing, common_facts, require_known
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from retrieval.changes.records import Record

__all__ = ["DELETE_PRODUCTS"]


class DeleteRequest(Request):
    """A product to take out in `product_id`, or several in `product_ids`."""

    product_id: ProductId | None = None
    product_ids: list[ProductId] | None = None


async def delete(call: ParsedRequest, loaded: LoadedRelease, backend: Backend) -> list[Record]:
    """The records that say they are gone."""
    require_known(call, loaded)
    common = await backend.aside(common_facts, call, loaded)
    return [Record("delete", **facts) for facts in common]


DELETE_PRODUCTS = Writing(
    name="products/delete",
    function="delete_products",
    summary="Take products out; no later answer holds them.",
    request_model=DeleteRequest,
    one="product_id",
    many="product_ids",
    read=read_named,
    examples={"one": {"product_id": "P00017"}, "several": {"product_ids": ["P00017", "P00004"]}},
    form=Form(within="item"),
    names_products=True,
    records=delete,
)
