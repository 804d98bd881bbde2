"""Weekly demand: the grid, quantiles that hold, and learning only where it pays."""

import re

import numpy as np
import pandas as pd
import pytest

from insights.demand.conformal import conformal_shifts
from insights.demand.demand import expect_demand, forecast_table, shrunk_mean
from insights.demand.features import DemandFeatures
from insights.demand.forecast import HORIZON, LEVELS, MEDIAN, Forecast, pinball, simple_forecast
from insights.demand.spread import coverage, demand_quantile, inflation, weekly_variance
from insights.demand.weekly import WeeklySales, weekly_sales
from shelfspace.errors import InputError
from shelfspace.settings.insights import Demand

IDS = np.array(["a", "b", "c"], dtype=object)
MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


def events(*rows: tuple[str, str, str, int, float, float]) -> pd.DataFrame:
    """Rows of product, shopper, kind, pieces, price, days after a Monday."""
    table = pd.DataFrame(rows, columns=["product_id", "user_id", "event", "quantity", "unit_price", "days"])
    return table.assign(time=MONDAY + pd.to_timedelta(table.pop("days"), unit="D"))


def sales_of(units: np.ndarray) -> WeeklySales:
    units = units.astype(np.float32)
    weeks = np.datetime64("2024-01-01") + 7 * np.arange(units.shape[1]).astype("timedelta64[D]")
    ids = np.array([f"p{n}" for n in range(len(units))], dtype=object)
    price = np.full(units.shape, 3, np.float32)
    buyers, known = np.minimum(units, 1), np.ones(units.shape, bool)
    return WeeklySales(ids, weeks, units, buyers, units, price, known)


def test_weeks_without_a_sale_are_zeros_and_a_part_of_a_week_is_left_out() -> None:
    found = weekly_sales(
        events(
            ("a", "x", "purchase", 2, 5.0, 0),
            ("a", "x", "purchase", 3, 6.0, 6.9),
            ("b", "x", "view", 1, 9.0, 7),
            ("a", "y", "purchase", 1, np.nan, 15),
            ("b", "z", "purchase", 4, 9.0, 20),
            ("a", "z", "purchase", 7, 5.0, 23),
        ),
        IDS,
    )
    assert found.product_ids.tolist() == ["a", "b"]
    assert found.units.tolist() == [[5, 0, 1], [0, 0, 4]]  # the fourth week is not over
    assert np.allclose(found.price[0], 5.6)
    assert np.isnan(found.price[1, 0])
    assert (found.buyers[0, 0], found.largest[0, 0]) == (1, 5)
    assert found.known.tolist() == [[True] * 3, [False, True, True]]  # b was first seen in the second
    assert found.sold_out is None


def test_weeks_sold_out_are_not_taken_for_weeks_without_demand() -> None:
    rows = [("a", "x", "purchase", 4, 5.0, 7 * week) for week in (0, 1, 2, 4)]
    stock = pd.DataFrame(
        {
            "product_id": ["a", "a"],
            "on_hand": [0, 9],
            "time": [MONDAY + pd.Timedelta(days=d) for d in (22, 30)],
        }
    )
    found = weekly_sales(events(*rows, ("a", "x", "view", 1, 5.0, 34)), IDS, stock)
    assert found.units.tolist() == [[4, 4, 4, 4, 4]]
    assert (found.known.tolist(), found.sold_out) == ([[True, True, True, False, True]], 1)


@pytest.mark.parametrize("kind", ["view", "purchase"])
def test_thin_events_are_told_not_refused(kind: str) -> None:
    nothing = weekly_sales(events().astype({"quantity": "int64"}), IDS)
    one = weekly_sales(events(("b", "x", kind, 1, np.nan, 0), ("b", "x", "view", 1, 1.0, 6)), IDS)
    for sales in (nothing, one):
        expected = expect_demand(sales, None, Demand())
        assert "too few to learn from" in expected.sentences()[0][0]
        assert len(forecast_table(expected)) == HORIZON * len(sales)
    assert len(one) == (kind == "purchase")
    with pytest.raises(InputError, match="unit_price"):
        weekly_sales(events().drop(columns="unit_price"), IDS)


def test_quantiles_rise_and_never_fall_below_zero() -> None:
    quantiles = np.broadcast_to(np.array([-1, 3, 2, 9, 8.0]), (1, HORIZON, len(LEVELS)))
    found = Forecast(quantiles, np.full((1, HORIZON), -0.5))
    assert found.quantiles[0, 0].tolist() == [0, 2, 3, 8, 9]
    assert found.mean.min() == 0
    assert pinball(np.array([10.0]), np.array([[10, 10, 8, 10, 12.0]])).round(2).tolist() == [
        [0, 0, 1, 0, 0.1]
    ]


def test_the_simple_forecast_is_the_median_of_eight_weeks() -> None:
    sales = sales_of(np.array([[90, 90, 90, 90, 1, 2, 3, 4, 5, 6, 7, 100]]))
    found = simple_forecast(sales)
    assert found.quantiles[0, :, LEVELS.index(0.5)].tolist() == [4.5] * HORIZON
    assert found.mean[0, 0] == pytest.approx(sales.units.mean())


def test_features_know_nothing_of_later_weeks() -> None:
    rng = np.random.default_rng(0)
    units = rng.poisson(4, (30, 70))
    vectors = rng.normal(size=(30, 12)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = DemandFeatures(sales_of(units), vectors).at(65)
    units[:, 66:] = 999
    after = DemandFeatures(sales_of(units), vectors).at(65)
    pd.testing.assert_frame_equal(before, after)
    assert before.columns.is_unique
    assert {"near_2", "near_last_year", "direction_0"} <= set(before)


def test_shifted_quantiles_cover_as_they_say() -> None:
    rng = np.random.default_rng(1)
    level = rng.uniform(1, 50, 4000)
    demand = level * rng.exponential(1, 4000)
    quantiles = level[:, None] * np.array([0.5, 0.6, 0.7, 0.8, 0.9])  # far too narrow
    group = np.repeat([0, 1], 2000)
    half = np.arange(4000) % 2 == 0
    shifts = conformal_shifts(demand[half], quantiles[half], level[half], group[half])
    moved = quantiles[~half] + shifts[group[~half]] * level[~half, None]
    covered = (demand[~half, None] <= moved).mean(axis=0)
    assert np.abs(np.delete(covered - LEVELS, MEDIAN)).max() < 0.02
    assert (shifts[:, MEDIAN] == 0).all()


def test_variance_is_widened_until_spans_are_covered() -> None:
    rng = np.random.default_rng(2)
    mean = rng.gamma(1, 3, 5000) + 0.1
    demand = rng.negative_binomial(mean / 3, 0.25).astype(float)  # variance four times the mean
    assert coverage(demand, mean, 4 * mean, 0.95) == pytest.approx(0.95, abs=0.01)
    assert coverage(demand, mean, mean, 0.95) < 0.9
    assert inflation(demand, mean, mean, 0.95) == pytest.approx(4, rel=0.25)
    assert demand_quantile(np.array([5.0]), np.array([5.0]), 0.95)[0] == 9


def test_few_weeks_of_one_product_are_read_with_those_of_all() -> None:
    rng = np.random.default_rng(3)
    true = rng.gamma(1, 1, 400) + 0.02
    sales = sales_of(rng.poisson(true[:, None], (400, 26)))
    raw = sales.units.mean(axis=1)
    assert (
        np.abs(shrunk_mean(sales, 6) - true).mean() < np.abs(sales.units[:, -6:].mean(axis=1) - true).mean()
    )
    assert shrunk_mean(sales, 26).min() > 0
    assert np.median(weekly_variance(sales, raw) / np.maximum(raw, 1e-9)) == pytest.approx(1, abs=0.2)


def test_what_is_learned_is_used_where_it_beats_recent_weeks() -> None:
    rng = np.random.default_rng(4)
    level = rng.uniform(5, 40, 80)
    weeks = np.arange(50)
    wave = 1 + 0.8 * np.sin(2 * np.pi * weeks / 8)  # what recent quantiles cannot follow
    settings = Demand(least_rows=500, trees=20)
    found = expect_demand(sales_of(rng.poisson(level[:, None] * wave)), None, settings)
    assert found.quantiles_by is not None
    assert found.quantiles_by.learned_wins
    flat = sales_of(rng.poisson(np.broadcast_to(level[:, None], (80, 50))))
    again = [expect_demand(flat, None, settings) for _ in range(2)]
    assert again[0].quantiles_by is not None
    english, chinese = again[0].sentences()[0]
    assert "is used" in english
    assert chinese.startswith("每周分位数：采用")
    assert not re.search("[a-z]", chinese)
    assert np.array_equal(again[0].forecast.quantiles, again[1].forecast.quantiles)
