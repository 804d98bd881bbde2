"""What will be sold of each product, and what to keep of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assets.lib.insight import insight
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from shelfspace.files import write_bytes, write_json, write_table

if TYPE_CHECKING:
    from insights.demand.demand import ExpectedDemand

__all__ = ["stock_plan"]


@insight(
    folder="state/stock_plan",
    deps=["product_embeddings", "products", "shopper_events", "stock"],
    settings=lambda shop: [shop.settings.insights.demand.model_dump(), shop.settings.seed],
    kinds={"lightgbm", "scipy", "parquet"},
    code_version="3",
    description="Weekly demand of each product, how sure it is, and how much of it to keep.",
)
def stock_plan(shop: Shop, folder: Path) -> Facts:
    """Forecast demand, and plan the stock of the products that have a vector."""
    from insights.demand.demand import expect_demand, forecast_table
    from insights.demand.weekly import weekly_sales
    from insights.stock.advice import advice
    from insights.stock.plan import stock_plan as plan_of
    from insights.stock.plan import unit_values

    settings = shop.settings.insights.demand
    products, vectors = shop.embedded_products(), shop.vectors()
    ids, stock = products["product_id"].to_numpy(object), shop.table("stock")
    sales = weekly_sales(shop.table("shopper_events"), ids, stock, settings.weeks)
    row = pd.Index(ids).get_indexer(pd.Index(sales.product_ids))
    expected = expect_demand(sales, vectors[row], settings, shop.settings.seed)
    plan = plan_of(products, stock, expected, vectors, settings)
    write_table(folder / "stock_plan.parquet", plan)
    write_table(folder / "forecast.parquet", forecast_table(expected))
    said = expected.sentences()
    in_english, in_chinese = (list(one) for one in zip(*said, strict=True))
    told = {"said": in_english, "said_zh": in_chinese, "until": sales.last_day}
    write_json(folder / "plan.json", {"settings": settings.model_dump(), **told})
    facts: Facts = {"dagster/row_count": len(plan), "demand": {"json": in_english}}
    if not len(sales.weeks) or not len(sales):
        return {**facts, "skipped": "no purchase in a whole week; demand is forecast once there are events"}
    found = advice(plan, settings)
    pressing = found[found["state"].isin(["sold out", "likely stock-out"])]
    titles = products.set_index("product_id")["title"]
    pressing = pressing.sort_values("weekly_demand", ascending=False, kind="stable")
    named = pressing.assign(product=pressing["product_id"].map(titles))
    pictures = _pictures(
        expected, plan, unit_values(products), titles.reindex(sales.product_ids).fillna("").tolist()
    )
    for name, picture in pictures.items():
        write_bytes(folder / f"{name}.png", picture)
    return {
        **facts,
        **{f"products {state}": int(count) for state, count in found["state"].value_counts().items()},
        "weeks": len(sales.weeks),
        "weeks sold out": "not told: the stock has no times" if sales.sold_out is None else sales.sold_out,
        "order first": table_fact(named[["product", "state", "order_now", "reason"]]),
        **{name: {"png": f"{name}.png"} for name in pictures},
    }


def _pictures(
    expected: "ExpectedDemand", plan: pd.DataFrame, values: np.ndarray, names: list[str]
) -> dict[str, bytes]:
    from insights.stock.backtest import BACK, frontiers, past_estimate
    from insights.stock.plots import fan_picture, frontier_picture

    found = {"fan": fan_picture(expected, names)}
    sales = expected.sales
    if len(sales.weeks) >= 2 * BACK:
        row = pd.Index(plan["product_id"]).get_indexer(pd.Index(sales.product_ids))
        lead, value = plan["lead_time_days"].to_numpy()[row], np.nan_to_num(values[row])
        found["frontier"] = frontier_picture(frontiers(sales, lead, value, past_estimate(sales), BACK))
    return found
