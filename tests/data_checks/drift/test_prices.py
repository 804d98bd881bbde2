"""A sale's price beside what the same product cost before."""

import numpy as np
import pandas as pd

from data_checks.drift.prices import said_of_prices


def sales(weeks: list[int], prices: list[float], product: str = "a") -> pd.DataFrame:
    start = pd.Timestamp("2026-01-05 09:00", tz="UTC")
    times = [start + pd.Timedelta(weeks=week) for week in weeks]
    return pd.DataFrame({"product_id": product, "unit_price": prices, "time": times})


def test_a_price_is_held_against_the_same_products_own_of_four_to_twelve_weeks_before() -> None:
    told = pd.concat(
        [
            sales([*range(11)], [10.0] * 11),
            sales([11, 11, 12, 12], [10.2, 13.0, 8.0, np.nan]),
            sales([16, 16, 20, 40], [13.0, 14.0, 10.0, 10.0]),
            sales([0, 12], [50.0, 99.0], "b"),
            sales([10, 12], [1.0, 1.0], "c"),
        ],
        ignore_index=True,
    )
    said = said_of_prices(told)
    assert said[:11].isna().all(), "of the weeks before the twelfth not all of those before are known"
    assert said[11:15].tolist() == ["as before", "higher", "lower", None]
    # Of week 16 those of weeks 5 to 12 count, of week 20 those of 9 to 16, of week 40 there are none.
    assert said[15:19].tolist() == ["as before", "higher", "as before", None]
    assert said[19:].isna().all(), "b was last sold too long ago, c only in the weeks that do not count yet"


def test_one_good_may_have_several_prices_and_how_much_is_sold_at_which_is_no_change() -> None:
    shop = [sales([*range(12)] * 2, [10.0] * 12 + [19.0] * 12)]
    told = pd.concat([*shop, sales([12] * 5, [19.0, 19.5, 13.0, 24.7, 8.0])], ignore_index=True)
    assert said_of_prices(told)[24:].tolist() == ["as before", "as before", "lower", "higher", "lower"]


def test_prices_can_be_held_against_other_sales_such_as_those_before_a_rise() -> None:
    told = sales([*range(16)], [10.0] * 16)
    risen = told.assign(unit_price=told["unit_price"] * 1.3)
    assert said_of_prices(risen, told)[11:].tolist() == ["higher"] * 5
    late = sales([15, 40], [13.0, 10.0])
    assert said_of_prices(late, told).tolist() == ["higher", None]


def test_what_has_no_price_is_passed_over_and_the_order_of_rows_is_nothing() -> None:
    told = sales([0, 6, 6, 7, 13], [5.0, np.nan, 0.0, 5.0, 4.0])
    assert said_of_prices(told).tolist() == [None, None, None, None, "lower"]
    assert said_of_prices(told.iloc[::-1]).tolist() == ["lower", None, None, None, None]
    assert said_of_prices(sales([0], [np.nan])).isna().all()
    assert said_of_prices(sales([20], [1.0]), sales([0], [np.nan])).isna().all()
