"""A sale's price beside what the same product cost before."""

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.prices import price_ratio, said_of_prices


def sales(weeks: list[int], prices: list[float], product: str = "a") -> pd.DataFrame:
    start = pd.Timestamp("2026-01-05 09:00", tz="UTC")
    times = [start + pd.Timedelta(weeks=week) for week in weeks]
    return pd.DataFrame({"product_id": product, "unit_price": prices, "time": times})


def test_a_price_is_held_against_the_same_products_own_of_four_to_twelve_weeks_before() -> None:
    told = pd.concat(
        [
            sales([0, 0, 1, 4, 5, 8, 13], [10, 10, 10, 13, 10.2, 12, 30]),
            sales([5, 20], [99, 1], "b"),
        ],
        ignore_index=True,
    )
    ratio = price_ratio(told)
    assert ratio.isna().tolist() == [True] * 3 + [False] * 4 + [True] * 2, (
        "in the first weeks nothing is known"
    )
    assert 10 ** ratio[3] == pytest.approx(1.3)
    # Of week 8 those of weeks 0 to 4 count; of week 13 those of weeks 2 to 9.
    assert 10 ** ratio[5] == pytest.approx(12 / 10)
    assert 10 ** ratio[6] == pytest.approx(30 / 12)
    assert said_of_prices(ratio).tolist() == [
        None, None, None, "higher", "as before", "higher", "higher", None, None,
    ]  # fmt: skip


def test_what_has_no_price_is_passed_over_and_the_order_of_rows_is_nothing() -> None:
    told = sales([0, 6, 6, 7], [5.0, np.nan, 0.0, 4.0])
    assert said_of_prices(price_ratio(told)).tolist() == [None, None, None, "lower"]
    turned = told.iloc[::-1]
    pd.testing.assert_series_equal(price_ratio(turned).sort_index(), price_ratio(told))
    assert price_ratio(sales([0], [np.nan])).isna().all()
