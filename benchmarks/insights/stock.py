"""Stock of the sample's products: 40 past weeks ordered for again, by the plan and by simple rules.

What was sold is what was asked for: the shop of the sample never runs out. The plan is made anew every 8
weeks from what was known then, as `stock_plan` makes it.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.demand.demand import expect_demand
from insights.demand.weekly import weekly_sales
from insights.stock.backtest import COVER, FIXED, frontiers, lost_at_three_levels
from shelfspace.files import read_array, read_parquet
from shelfspace.settings.insights import Demand

WEEKS = 40


def lacks(data: Data) -> str:
    """Why nothing can be measured; "" where it can."""
    place = data.workspaces / "sample" / "state" / "product_embeddings"
    return (
        ""
        if place.is_dir()
        else f"{place} is not there; run the chain on the sample, or set SHELFSPACE_WORKSPACES"
    )


def measure(data: Data) -> Iterator[Figure]:
    """Value of the sales lost, over that of one reorder point for all products, at equal value of stock."""
    folder, settings = data.workspaces / "sample", Demand()
    state, tables = folder / "state" / "product_embeddings", folder / "prepared" / "catalogue"
    ids = read_parquet(state / "embedded.parquet")["product_id"].to_numpy(object)
    vectors = read_array(state / "embeddings.npy")
    sales = weekly_sales(read_parquet(tables / "events.parquet"), ids)
    near = vectors[pd.Index(ids).get_indexer(pd.Index(sales.product_ids))]
    stock = read_parquet(tables / "stock.parquet").drop_duplicates("product_id").set_index("product_id")
    lead = stock["lead_time_days"].reindex(sales.product_ids).fillna(settings.lead_time_days).clip(lower=1)
    prices = read_parquet(tables / "products.parquet").set_index("product_id")["price"]
    value = prices.reindex(sales.product_ids).fillna(prices.median()).to_numpy(np.float64)

    def estimate(week: int) -> tuple[np.ndarray, np.ndarray]:
        expected = expect_demand(sales.until(week + 1), near, settings)
        return expected.weekly_mean, expected.weekly_variance

    found = frontiers(sales, lead.to_numpy(np.float64), value, estimate, WEEKS)
    ratios = {rival: [row["ratio"] for row in lost_at_three_levels(found, rival)] for rival in (FIXED, COVER)}
    told = [ratio for ratio in ratios[FIXED] if ratio is not None]
    rows = lost_at_three_levels(found, FIXED)
    yield Figure(
        "sample_stockouts_ratio",
        float(np.mean(told)) if len(told) == len(rows) else None,
        1.0,
        parts=[Part(f"service {row['level']:.0%}", row["plan"] or 0.0, row["rival"]) for row in rows],
        beside={
            f"over {COVER}, {row['level']:.0%}": round(ratio or 0.0, 3)
            for row, ratio in zip(rows, ratios[COVER], strict=True)
        },
        reason="" if len(told) == len(rows) else "the rival never held stock of the plan's value",
    )


STOCK = Task("stock", ("sample_stockouts_ratio",), measure, lacks)
