"""/stock-plan: what runs out, what to order and what lies too long, for the shop's people."""

import pandas as pd

from bentos.api.sheets import Column, Fact, Said, Sheet, Table
from bentos.endpoints.people import PeoplePage, lacking
from bentos.serving.applications.stock_plan import OpenedPlan
from bentos.serving.loaded_release import LoadedRelease

__all__ = ["STOCK_PLAN_PAGE"]

STATES = {
    "sold out": Said("Sold out", "已售罄"),
    "likely stock-out": Said("Likely stock-out", "可能缺货"),
    "order now": Said("Order now", "应订货"),
    "overstock": Said("Overstock", "库存过多"),
    "enough": Said("Enough", "充足"),
    "unknown stock": Said("Unknown stock", "库存未知"),
    "not enough evidence": Said("Not enough evidence", "证据不足"),
}
COLUMNS = (
    Column("product_id", Said("Product", "商品"), "product"),
    Column("shown_state", Said("State", "状态"), "said"),
    Column("on_hand", Said("In stock", "库存"), "number"),
    Column("weekly_demand", Said("A week", "每周需求"), "number", 1),
    Column("weeks_left", Said("Weeks it lasts", "可维持周数"), "number", 1),
    Column("lead_time_days", Said("Days an order takes", "订货天数"), "number"),
    Column("reorder_point", Said("Reorder point", "再订货点"), "number"),
    Column("order_up_to", Said("Order up to", "补至"), "number"),
    Column("order_now", Said("To order", "建议订货"), "number"),
    Column("why", Said("Why", "原因"), "said"),
)
WITHOUT = Said(
    "This release has no stock plan; run the insights job.",
    "此版本没有库存计划；请运行 insights 任务。",
)
PRESSING = ("sold out", "likely stock-out", "order now")


def sheet(loaded: LoadedRelease) -> Sheet:
    """What to order first, what lies too long, and all of it."""
    plan: OpenedPlan | None = loaded.application("stock_plan")
    if plan is None:
        return lacking(loaded, "stock_plan", WITHOUT)
    catalogue = loaded.catalogue()
    on_hand = {}
    for product in plan.plan.index:
        place = catalogue.position_of(product)
        if place is not None:
            on_hand[product] = catalogue.hit(place)["on_hand"]
    rows = pd.DataFrame(plan.advise(on_hand))
    if not len(rows):
        return Sheet(lacks=Said("The plan has no product.", "计划中没有商品。"))
    rows["shown_state"] = rows["state"].map(STATES)
    why = [Said(*both) for both in zip(rows["reason"], rows["reason_zh"], strict=True)]
    rows["why"] = pd.Series(why, rows.index, dtype=object)
    rows["rank"] = rows["state"].map(list(STATES).index)
    rows = rows.sort_values(["rank", "weekly_demand"], ascending=[True, False], kind="stable")
    counts = rows["state"].value_counts()
    if (rows["state"] == "not enough evidence").all():
        nothing = Said(
            "No product sold in two weeks or more, so no demand can be told.",
            "没有商品在两周以上有销售，无法估计需求。",
        )
        return Sheet(lacks=nothing, until=plan.until)
    steady = usual_orders(rows, plan.settings.review_days)
    pressing, over = rows[rows["state"].isin(PRESSING)], rows[rows["state"] == "overstock"]
    return Sheet(
        facts=[Fact(said, int(counts.get(state, 0))) for state, said in STATES.items()],
        until=plan.until,
        tables=[
            Table(
                "order",
                Said("Order first", "优先订货"),
                Said(
                    f"Levels serve {plan.settings.service_level:.0%} of the demand of all products together, "
                    "with stock of least value; the API's /stock takes another level or lead time. "
                    + steady.en,
                    f"各水平合计满足全部商品 {plan.settings.service_level:.0%} 的需求，且库存价值最低；"
                    "API 的 /stock 可指定其他水平或订货天数。" + steady.zh,
                ),
                COLUMNS,
                pressing,
            ),
            Table(
                "overstock",
                Said("Lies too long", "积压"),
                Said(
                    f"More than {plan.settings.overstock_weeks:g} weeks of demand in stock.",
                    f"库存超过 {plan.settings.overstock_weeks:g} 周的需求。",
                ),
                COLUMNS,
                over.sort_values("weeks_left", ascending=False, kind="stable"),
            ),
            Table(
                "all",
                Said("All products", "全部商品"),
                Said("; ".join(plan.said) + ".", "；".join(plan.said_zh) + "。"),
                COLUMNS,
                rows,
            ),
        ],
    )  # fmt: skip


def usual_orders(rows: pd.DataFrame, review_days: float) -> Said:
    """How many products a shop that keeps to these levels orders at each look, beside those of today.

    Between two orders of a product lies at least what its level is above its reorder point.
    """
    between = (rows["order_up_to"] - rows["reorder_point"]).astype("float64")
    asked = rows["weekly_demand"].astype("float64") * review_days / 7
    usual = round(float((asked / between).clip(upper=1).where(between > 0).sum()))
    today = int(rows["state"].isin(PRESSING).sum())
    behind, behind_zh = (
        (", since stock is below them", "，因为库存低于这些水平") if today > 2 * usual else ("", "")
    )
    return Said(
        "Only what lies in stock is counted: take off what is on its way already. A shop that keeps to these "
        f"levels orders about {usual} products each {review_days:g} days; today it is {today}{behind}.",
        "仅统计现有库存：在途数量请自行扣除。保持这些水平的店铺每 "
        f"{review_days:g} 天约订 {usual} 种商品；今天为 {today} 种{behind_zh}。",
    )


STOCK_PLAN_PAGE = PeoplePage(
    "stock-plan",
    Said("Stock plan", "库存计划"),
    Said(
        "What runs out, what to order and how much, and what lies too long.",
        "哪些将缺货、该订多少、哪些积压。",
    ),
    sheet,
    place=30,
)
