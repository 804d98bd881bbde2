"""Elasticities: the grid they are read off, what is found again of what was planted, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from insights.price.elasticity import elasticities, spread
from insights.price.grid import Grid, weekly_grid
from insights.price.poisson import one_step, pooled_elasticity
from shelfspace.settings.insights import Price

WEEKS = 60


def events(*rows: tuple[str, str, int, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["product_id", "event", "quantity", "unit_price", "time"])
    return table.assign(time=pd.to_datetime(table["time"], utc=True))


def planted(seed: int, products: int, rate: float, slopes: np.ndarray) -> Grid:
    rng = np.random.default_rng(seed)
    price = np.repeat(rng.choice([5.0, 7.0, 10.0, 13.0], (products, WEEKS // 6)), 6, axis=1)
    season = np.exp(0.5 * np.sin(np.arange(WEEKS) / 8))
    level = rng.lognormal(0, 1, (products, 1)) * rate
    demand = level * season * (price / 8) ** slopes[:, None]
    return Grid(tuple(f"p{i}" for i in range(products)), rng.poisson(demand).astype(float), price)


def test_a_grid_keeps_empty_weeks_and_carries_the_last_price() -> None:
    grid = weekly_grid(
        events(
            ("a", "purchase", 2, 10.0, "2026-01-05 10:00"), ("a", "view", 1, 12.0, "2026-01-06 10:00"),
            ("a", "purchase", 1, 14.0, "2026-01-27 10:00"), ("b", "view", 1, 3.0, "2026-01-20 10:00"),
            ("x", "purchase", 1, 3.0, "2026-01-20 10:00"), ("b", "view", 1, np.nan, "2026-02-01 23:00"),
        ),
        ["a", "b", "c"],
    )  # fmt: skip
    assert grid.bought.tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert grid.price[0].tolist() == [11, 11, 11, 14]
    assert np.isnan(grid.price[1, :2]).all()
    assert grid.price[1, 2:].tolist() == [3, 3]
    assert grid.prices().tolist() == [2, 1, 0]
    assert grid.weeks().tolist() == [4, 2, 0]


def test_pieces_are_counted_where_they_are_asked_for_and_a_week_that_is_not_over_is_left_out() -> None:
    rows = [
        ("a", "purchase", 3, 5.0, "2026-01-06 10:00"), ("a", "purchase", 2, 5.0, "2026-01-13 10:00"),
        ("a", "purchase", 9, 5.0, "2026-01-20 10:00"), ("a", "purchase", -4, 5.0, "2026-01-07 10:00"),
    ]  # fmt: skip
    assert weekly_grid(events(*rows), ["a"], pieces=True).bought.tolist() == [[3, 2]]
    assert weekly_grid(events(*rows), ["a"]).bought.tolist() == [[1, 1]]


def test_prices_that_never_moved_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    price = np.repeat(rng.uniform(3, 30, (12, 1)), WEEKS, axis=1)
    grid = Grid(tuple(f"p{i}" for i in range(12)), rng.poisson(1.0, (12, WEEKS)).astype(float), price)
    found, told = elasticities(grid, ["Toys", "Books"] * 6, Price())
    assert set(found["why"]) == {"not enough evidence: 1 price in 60 weeks"}
    assert found["elasticity"].isna().all()
    assert told == {}


def test_no_event_makes_an_empty_grid() -> None:
    grid = weekly_grid(events(), ["a"])
    assert grid.bought.shape == (1, 0)
    found, _ = elasticities(grid, ["Toys"], Price())
    assert found["why"].tolist() == ["not enough evidence: no price is known of any week"]
    assert found["elasticity"].isna().all()


def test_the_planted_slope_is_found_again_through_level_and_season() -> None:
    grid = planted(1, 60, 2.0, np.full(60, -1.5))
    found = pooled_elasticity(grid.bought, grid.price)
    assert found.elasticity == pytest.approx(-1.5, abs=3 * found.error)
    assert found.error < 0.1
    assert found.dispersion == pytest.approx(1, abs=0.1)


def test_it_agrees_with_a_regression_that_has_every_effect_as_a_column() -> None:
    """Dummies of products and weeks, hardly held (scikit-learn)."""
    from sklearn.linear_model import PoissonRegressor

    grid = planted(2, 8, 6.0, np.full(8, -2.0))
    rows, weeks = np.indices(grid.bought.shape)
    columns = np.column_stack(
        [np.eye(8)[rows.ravel()], np.eye(WEEKS)[weeks.ravel()], np.log(grid.price).ravel()]
    )
    fit = PoissonRegressor(alpha=1e-7, tol=1e-9, max_iter=5000, fit_intercept=False)
    slope = fit.fit(columns, grid.bought.ravel()).coef_[-1]
    assert pooled_elasticity(grid.bought, grid.price).elasticity == pytest.approx(slope, abs=0.05)


def test_products_are_drawn_towards_their_category_by_how_sure_they_are() -> None:
    rng = np.random.default_rng(3)
    slopes = rng.normal(-1.5, 0.5, 120)
    grid = planted(3, 120, 1.5, slopes)
    found, _ = elasticities(grid, ["Toys"] * 120, Price())
    pooled = pooled_elasticity(grid.bought, grid.price)
    alone, _ = one_step(grid.bought, grid.price, pooled.weeks, pooled.elasticity, np.inf, 1.0)
    errors = [np.abs(guess - slopes).mean() for guess in (found["elasticity"], alone, pooled.elasticity)]
    assert errors[0] < 0.9 * errors[1]
    assert errors[0] < 0.9 * errors[2]
    assert set(found["of"]) <= {"product", "category"}


@pytest.mark.parametrize(
    ("bought", "price", "said"),
    [
        ([1, 0, 2, 1, 0, 1, 0, 1, 2], [4.0] * 5 + [5.0] * 4, "not enough evidence: 2 prices in 9 weeks"),
        ([1] * 20, [4.0] * 20, "not enough evidence: 1 price in 20 weeks"),
        ([1] + [0] * 19, [4.0, 5.0, 6.0, 7.0] * 5, "not enough evidence: bought once"),
        ([0] * 20, [4.0, 5.0, 6.0, 7.0] * 5, "not enough evidence: never bought"),
    ],
)
def test_too_little_is_said_to_be_that(bought: list[int], price: list[float], said: str) -> None:
    """Two prices in nine weeks, one price, one sale: a category of one product knows no more than it."""
    found, _ = elasticities(Grid(("a",), np.array([bought], float), np.array([price])), ["Toys"], Price())
    assert found["why"].tolist() == [said]
    assert found["of"].tolist() == [""]
    assert np.isnan(found.at[0, "elasticity"])


def test_a_product_without_evidence_has_its_categorys_where_that_is_known() -> None:
    grid = planted(4, 40, 3.0, np.full(40, -1.2))
    grid.price[0] = 8.0
    found, _ = elasticities(grid, ["Toys"] * 40, Price())
    assert found.at[0, "of"] == "category"
    assert found.at[0, "why"] == f"not enough evidence: 1 price in {WEEKS} weeks"
    assert found.at[0, "elasticity"] == pytest.approx(-1.2, abs=0.2)


def test_spread_is_what_lies_beyond_the_errors() -> None:
    rng = np.random.default_rng(5)
    errors = rng.uniform(0.1, 0.5, 3000)
    assert spread(rng.normal(0, errors), errors) == pytest.approx(0, abs=0.08)
    assert spread(rng.normal(0, np.hypot(errors, 0.4)), errors) == pytest.approx(0.4, abs=0.05)
    assert spread(np.array([1.0, 2.0]), np.array([0.1, 0.1])) == 0
