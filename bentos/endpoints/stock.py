"""/stock: when to order a product and how much, for the people who run the shop."""

from typing import Any

from pydantic import BaseModel, Field

from bentos.api.contract import Form
from bentos.api.parsing import read_named
from bentos.api.requests import Request
from bentos.endpoints.endpoint import NOTHING, Asked, Outcome, Reading
from bentos.serving.applications.stock_plan import OpenedPlan

__all__ = ["STOCK"]

WITHOUT = ("this release has no stock plan; the next one has it", "此版本没有库存计划；下一版本将包含它")


class StockOptions(Request):
    """For which service, and with which lead time; what is not given is the plan's."""

    service_level: float | None = Field(
        None, gt=0, lt=1, description="Share of the pieces asked for that is to be there."
    )
    lead_time_days: float | None = Field(
        None, gt=0, le=1000, description="Days until an order arrives, above 0."
    )


class WeekAhead(BaseModel):
    """Pieces of one week to come."""

    week: str = Field(description="Its Monday.")
    mean: float
    q05: float
    q10: float
    q50: float
    q90: float
    q95: float


class StockAdvice(BaseModel):
    """What to keep of one product; null where nothing supports a number."""

    product_id: str
    state: str = Field(
        description="sold out, likely stock-out, order now, enough, overstock, unknown stock, or "
        "not enough evidence."
    )
    reason: str
    reason_zh: str = Field(description="The reason in Chinese.")
    evidence: str = Field(description="Whose sales it rests on: own sales, nearest products, or none.")
    served: float | None = Field(description="Share of the pieces asked for that is there at these levels.")
    weekly_demand: float | None
    lead_time_days: float | None
    on_hand: float | None
    weeks_left: float | None
    stockout_chance: float | None = Field(description="To run out before an order of today arrives.")
    safety_stock: float | None
    order_up_to: float | None = Field(description="At each review, order what lacks to it.")
    reorder_point: float | None = Field(
        description="Order when stock has fallen to it: it would hardly last until the order after."
    )
    order_quantity: float | None = Field(description="How much to order then.")
    order_now: float | None
    forecast: list[WeekAhead] = Field(description="The next weeks, with quantiles; empty without own sales.")


async def stock(asked: Asked) -> Outcome:
    """Advice on the products that a call names (404 for one that is not there)."""
    asked.require_named()
    view = asked.loaded.view()
    catalogue = asked.loaded.catalogue(view)
    on_hand: dict[str, float | None] = {}
    for number, product in enumerate(asked.call.product_ids):
        place = catalogue.position_of(product)
        if place is None:
            raise asked.gone(number)
        on_hand[product] = catalogue.hit(place)["on_hand"]
    plan: OpenedPlan | None = asked.loaded.application("stock_plan")
    said = asked.call.body
    options = said if isinstance(said, StockOptions) else StockOptions()
    if plan is None:
        why = asked.loaded.why_unserved("stock_plan", WITHOUT)
        known = {product: unknown(product, why) for product in on_hand}
    else:
        advised = plan.advise(on_hand, options.service_level, options.lead_time_days)
        known = {
            row["product_id"]: {**row, "forecast": plan.forecast.of(row["product_id"])} for row in advised
        }
    return Outcome(NOTHING, view=view, results=[known[product] for product in asked.call.product_ids])


def unknown(product: str, why: tuple[str, str]) -> dict[str, Any]:
    """The answer where nothing is known."""
    found = dict.fromkeys(StockAdvice.model_fields)
    return {
        **found, "product_id": product, "state": "not enough evidence", "reason": why[0],
        "reason_zh": why[1], "evidence": "none",
        "forecast": [],
    }  # fmt: skip


STOCK = Reading(
    name="stock",
    summary="When to order a product (`product_id`) or several (`product_ids`), and how much.",
    names=("product_id", "product_ids"),
    item=str,
    options=StockOptions,
    read=read_named,
    result=StockAdvice,
    example={
        "product_id": "p00017",
        "state": "order now",
        "reason": "4 left, 1.8 a week; an order takes 14 days",
        "reason_zh": "剩 4 件，每周 1.8 件；订货需 14 天",
        "evidence": "own sales",
        "served": 0.96,
        "weekly_demand": 1.8,
        "lead_time_days": 14.0,
        "on_hand": 4.0,
        "weeks_left": 2.2,
        "stockout_chance": 0.19,
        "safety_stock": 5.6,
        "order_up_to": 11.0,
        "reorder_point": 7.0,
        "order_quantity": 2.0,
        "order_now": 7.0,
        "forecast": [
            {"week": "2026-07-06", "mean": 1.8, "q05": 0.0, "q10": 0.0, "q50": 2.0, "q90": 4.0, "q95": 5.0}
        ],
    },
    examples={
        "one": {"product_id": "p00017"},
        "several": {"product_ids": ["p00017", "p00004"], "service_level": 0.98, "lead_time_days": 21},
    },
    form=Form(top={"product_id": "text", "service_level": "number", "lead_time_days": "number"}),
    names_products=True,
    scope="insights",
    run=stock,
)
