"""/products/change: a new price or stock of products."""

from pydantic import model_validator

from bentos.api.parsing import read_changes
from bentos.api.requests import Price, ProductId, Request, Stock, Time
from bentos.endpoints.endpoint import Asked
from bentos.endpoints.writing import Writing, common_facts, given_facts, require_known
from retrieval.changes.records import Record

__all__ = ["CHANGE_PRODUCTS"]


class ProductChange(Request):
    """A new price or stock of one product; what is not given stays."""

    product_id: ProductId
    price: Price | None = None
    on_hand: Stock | None = None
    updated_at: Time = None

    @model_validator(mode="after")
    def _says_something(self) -> "ProductChange":
        if self.price is None and self.on_hand is None:
            raise ValueError("give price or on_hand")
        return self


async def change(asked: Asked) -> list[Record]:
    """The records of what was given."""
    require_known(asked)
    common = await asked.backend.aside(common_facts, asked)
    return [
        Record("change", facts=given_facts(part, ("price", "on_hand")), **facts)
        for part, facts in zip(asked.call.parts, common, strict=True)
    ]


CHANGE_PRODUCTS = Writing(
    name="products/change",
    summary="Change price or stock; the next answer shows it.",
    names=("change", "changes"),
    item=ProductChange,
    read=read_changes,
    examples={
        "one": {"change": {"product_id": "p00017", "price": 69.0, "on_hand": 0}},
        "several": {"changes": [{"product_id": "p00017", "on_hand": 3}]},
    },
    names_products=True,
    records=change,
)
