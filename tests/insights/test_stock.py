"""Levels, the simulator and the advice, held against known answers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, poisson

from insights.demand.demand import expect_demand
from insights.demand.weekly import weekly_sales
from insights.stock.advice import advice
from insights.stock.plan import COLUMNS, stock_plan
from insights.stock.policy import allocate, lost_share, order_quantity, stock_for
from insights.stock.simulator import at_equal_value, frontier, order_up_to, reorder_point, simulate
from shelfspace.errors import InputError
from shelfspace.settings.insights import Demand

RNG = np.random.default_rng(0)


def newsvendor_normal(holding: float, stockout: float, mean: float, deviation: float) -> tuple[float, float]:
    """Stock and cost in closed form, as stockpyl's function of that name gives them."""
    z = norm.ppf(stockout / (holding + stockout))
    return mean + z * deviation, (holding + stockout) * norm.pdf(z) * deviation


def test_the_simulator_costs_what_the_newsvendor_costs_and_his_stock_is_the_cheapest() -> None:
    # stockpyl 1.0.2: newsvendor_normal(2, 18, 120, 10) gives 132.8155 and 35.0997.
    stock, cost = newsvendor_normal(2, 18, 120, 10)
    assert (round(stock, 4), round(cost, 4)) == (132.8155, 35.0997)
    demand = np.random.default_rng(1).normal(120, 10, (400, 500))
    lead = np.ones(400, int)

    def costs(level: float) -> float:
        wanted = np.full(400, level)
        made = simulate(demand, lead, wanted, order_up_to(wanted))
        return float((2 * made.stock + 18 * made.lost / 500).mean())

    assert costs(stock) == pytest.approx(cost, rel=0.01)
    assert costs(stock) < min(costs(stock - 4), costs(stock + 4))


def test_lost_sales_follow_erlang_where_orders_are_small_beside_the_lead_time() -> None:
    # Erlang B, from its recursion: 100 servers and 100 erlang, 1 and 0.5, 5 and 3.
    found = lost_share(np.array([100.0, 1, 5, 0]), np.array([100, 0.5, 3, 2]), np.ones(4))
    assert np.round(found, 4).tolist() == [0.0757, 0.3333, 0.1101, 1.0]
    # Days instead of weeks: a step is short beside the lead time of 30 steps.
    demand = np.random.default_rng(2).poisson(0.1, (2000, 700)).astype(float)
    wanted = np.full(2000, 5.0)
    made = simulate(demand, np.full(2000, 30), wanted, order_up_to(wanted), warm_up=100)
    assert made.lost.sum() / made.demand.sum() == pytest.approx(0.1101, abs=0.01)


def test_demand_that_varies_more_needs_more_stock() -> None:
    steady, lumpy = (stock_for(0.95, np.array([10.0]), np.array([ratio])) for ratio in (1.0, 4.0))
    assert lumpy.order_up_to[0] > steady.order_up_to[0] > 10
    assert steady.served[0] >= 0.95 > 1 - lost_share(steady.order_up_to - 1, np.array([10.0]), np.ones(1))[0]
    assert stock_for(0.95, np.array([0.0]), np.ones(1)).order_up_to[0] == 0


def test_the_same_service_of_all_products_together_costs_less_than_of_each_alone() -> None:
    rng = np.random.default_rng(3)
    weekly, value = rng.gamma(0.5, 2, 300) + 0.01, rng.gamma(2, 10, 300)
    mean, ratio = weekly * rng.uniform(2, 8, 300), np.full(300, 1.5)
    alone, together = stock_for(0.9, mean, ratio), allocate(0.9, weekly, mean, ratio, value)
    served = (weekly * value * together.served).sum() / (weekly * value).sum()
    least = (weekly * value * alone.served).sum() / (weekly * value).sum()
    assert served == pytest.approx(0.9, abs=0.02)
    other = allocate(min(float(least), 0.999), weekly, mean, ratio, value)
    assert (other.stock * value).sum() < (alone.stock * value).sum()


def test_orders_arrive_after_the_lead_time_and_lots_lift_above_the_point() -> None:
    demand = np.array([[4.0, 0, 0, 0, 0]])
    made = simulate(demand, np.array([2]), np.array([3.0]), reorder_point(np.array([2.0]), np.array([5.0])))
    assert (made.lost.tolist(), made.stock.tolist()) == ([1.0], [3.0])  # 0, 0, 5, 5, 5


def test_policies_are_compared_at_equal_value_of_stock() -> None:
    demand = RNG.poisson(3, (50, 30)).astype(float)
    value = np.full(50, 2.0)

    def run(level: float):
        return simulate(demand, np.ones(50, int), np.full(50, level), order_up_to(np.full(50, level)))

    points = frontier(np.array([0.0, 2, 4, 6, 8]), run, value)
    assert [point.value for point in points] == sorted(point.value for point in points)
    assert points[0].lost == 2 * demand.sum()
    assert points[-1].served > 0.99
    assert points[2].lost < (at_equal_value(points, points[1].value + 1) or 0) < points[1].lost
    assert at_equal_value(points, 1e9) is None


def test_order_quantities_are_wilsons_where_costs_are_known() -> None:
    # sqrt(2 * 10 * 40 / 0.5) = 40; unknown costs: what is asked for between two reviews.
    found = order_quantity(np.array([10.0, 10, 0]), 7, np.array([40, np.nan, 1]), np.array([0.5, 0.5, 1]))
    assert found.tolist() == [40, 10, 1]


def purchases(weekly: dict[str, list[int]]) -> pd.DataFrame:
    start = pd.Timestamp("2025-01-06", tz="UTC")
    rows = [
        (product, f"u{number}", "purchase", pieces, 5.0, start + pd.Timedelta(days=7 * week + number % 7))
        for product, weeks in weekly.items()
        for week, pieces in enumerate(weeks)
        for number in range(1 if pieces else 0)
    ]
    end = start + pd.Timedelta(days=7 * max(map(len, weekly.values())) - 1)
    rows.append((next(iter(weekly)), "u", "view", 1, 5.0, end))
    return pd.DataFrame(rows, columns=["product_id", "user_id", "event", "quantity", "unit_price", "time"])


def planned(
    weekly: dict[str, list[int]], stock: pd.DataFrame, vectors: np.ndarray | None = None, **values: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    settings = Demand.model_validate(values)
    products = pd.DataFrame({"product_id": list("abcd"), "price": [10.0, np.nan, 4, 4]})
    sales = weekly_sales(purchases(weekly), products["product_id"].to_numpy(object))
    plan = stock_plan(products, stock, expect_demand(sales, None, settings), vectors, settings)
    return plan, advice(plan, settings).set_index("product_id")


STOCK = pd.DataFrame(
    {"product_id": ["a", "b", "d"], "on_hand": [500, 0, 3], "lead_time_days": [14.0, np.nan, 7]}
)


def test_each_product_is_told_what_to_do_and_why() -> None:
    plan, found = planned({"a": [1, 2, 1, 1, 2, 1], "b": [9, 8, 9, 11, 8, 9], "d": [1]}, STOCK)
    assert list(plan) == list(COLUMNS)
    assert found["state"].to_dict() == {
        "a": "overstock", "b": "sold out", "c": "not enough evidence", "d": "not enough evidence",
    }  # fmt: skip
    assert found.loc["a", "reason"] == "500 left, 1.3 a week: lasts 375 weeks"
    assert found.loc["b", "reason"] == "0 left, 9 a week; an order takes 14 days (assumed)"
    assert "sold in 1 of 6 weeks" in found.loc["d", "reason"]
    assert found.loc["b", "order_now"] == found.loc["b", "order_up_to"] > 27
    assert np.isnan(found.loc["d", "order_up_to"])


def test_what_never_sold_borrows_from_what_is_near_to_it() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0.96, 0.28], [0, -1]], np.float32)
    plan, found = planned({"a": [2] * 6, "b": [6] * 6}, STOCK, vectors)
    assert plan["evidence"].tolist() == ["own sales", "own sales", "nearest products", "none"]
    assert 2 < plan["weekly_mean"][2] < 6
    assert found.loc["c", "state"] == "unknown stock"
    assert "as what is near to it sells" in found.loc["c", "reason"]


def test_other_service_levels_and_lead_times_may_be_asked_for() -> None:
    plan, _ = planned({"b": [9, 8, 9, 11, 8, 9]}, STOCK)
    levels = [
        advice(plan, Demand(), service_level=share, lead_time_days=lead)["order_up_to"][1]
        for share, lead in ((0.8, 7), (0.99, 7), (0.99, 28))
    ]
    assert levels == sorted(levels)
    assert len(set(levels)) == 3
    with pytest.raises(InputError, match="lead_time_days = 0"):
        advice(plan, Demand(), lead_time_days=0)
    with pytest.raises(InputError, match="service_level = 1"):
        advice(plan, Demand(), service_level=1)


def test_a_shop_without_stock_or_prices_gets_levels_all_the_same() -> None:
    plan, found = planned({"b": [9, 8, 9, 11, 8, 9]}, STOCK.head(0))
    assert found.loc["b", "state"] == "unknown stock"
    assert found.loc["b", "order_up_to"] > 27
    assert plan["order_quantity"][1] == 9
    assert poisson.cdf(found.loc["b", "order_up_to"], 27) > 0.5
