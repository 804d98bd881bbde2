"""The benchmark of drift: what it plants is there, what it counts is right."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.drift import arrivals, cost, years
from benchmarks.drift import shop as shops
from benchmarks.drift.__main__ import interval
from benchmarks.drift.former import former_alarm
from benchmarks.drift.shifts import SHIFTS, planted
from data_checks.drift.limits import fit_limits
from data_checks.drift.monitors import measure
from data_checks.drift.windows import Window, pool_windows


@pytest.fixture(scope="module")
def shop() -> Iterator[shops.Shop]:
    patch = pytest.MonkeyPatch()
    patch.setattr(shops, "PRODUCTS", 1200)
    patch.setattr(shops, "LEARNED", 300)
    patch.setattr(shops, "POOL", 2)
    shops.stock.cache_clear()
    made = shops.made_shop(0)
    yield made
    patch.undo()
    shops.stock.cache_clear()


@pytest.mark.parametrize("row", sorted({shift.row for shift in SHIFTS} - {"", "detected_gradual"}))
def test_what_is_planted_is_in_the_window_and_not_before(row: str, shop: shops.Shop) -> None:
    shift = next(s for s in SHIFTS if s.row == row)
    rows = shop.arriving[:200]
    after = planted(shift, shop, rows, 3, 1, 0)
    before = shop.window(rows, 3).columns
    assert after.rows == 200
    columns = after.columns
    expected = {
        "new_category": lambda: columns["category"].eq("Music > Violins").mean() == 0.1,
        "price": lambda: np.allclose((columns["log_price"] - before["log_price"]).dropna(), np.log10(1.3)),
        "dark_photos": lambda: (
            abs((columns["photo_brightness"] / before["photo_brightness"]).median() - 0.5) < 0.02
        ),
        "language": lambda: abs(columns["language"].eq("zh").mean() - 0.7) < 0.03,
        "dead_sound": lambda: columns["has_sound"].eq("no").all() and columns["sound_loudness"].isna().all(),
        "queries": lambda: abs(columns["language"].eq("zh").mean() - 0.61) < 0.15,
        "mass_removal": lambda: after.counts["gone"] > 0.6,
        "labels": lambda: (
            sorted(columns["category"]) == sorted(before["category"])
            and columns["label_agrees"].eq("yes").mean() < before["label_agrees"].eq("yes").mean() - 0.1
        ),
    }
    assert expected[shift.kind]()


def test_a_shift_that_grows_begins_small(shop: shops.Shop) -> None:
    slow = next(s for s in SHIFTS if s.ramp and s.kind == "price")
    rows = shop.arriving[:300]
    rises = [planted(slow, shop, rows, 3, step, 0).columns["log_price"].median() for step in (1, 8, 9)]
    assert rises[0] < rises[1] == rises[2]


def test_bounds_of_shares_and_rates() -> None:
    assert interval(190, 200) == pytest.approx((0.9104, 0.9726), abs=1e-4)
    assert interval(200, 200)[1] == pytest.approx(1.0)
    assert years.upper_bound([0] * 200) == pytest.approx(0.015, abs=1e-3)
    assert years.upper_bound([0], 0.5) == pytest.approx(5.99, abs=0.01)


def test_a_year_counts_a_lasting_change_once_and_a_quiet_one_not_at_all() -> None:
    def day(number: int, shift: float) -> Window:
        rng = np.random.default_rng(number)
        end = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=number)
        return Window("sales", pd.DataFrame({"price": rng.normal(shift, 1, 200)}), end=end)

    past = [day(number, 0.0) for number in range(12)]
    start = years.Start(fit_limits(past), pool_windows(past[-4:]), 1.0)
    quiet = [day(20 + number, 0.0) for number in range(40)]
    moved = [day(20 + number, 2.0 * (number >= 10)) for number in range(40)]
    for windows, count in ((quiet, 0), (moved, 1)):
        distances = [measure(window, start.reference) for window in windows]
        assert years._retrainings(start, windows, distances) == count


def test_an_alert_lasts_until_a_check_is_quiet_and_its_monitors_are_named() -> None:
    moved, quiet = {"a", "b"}, set[str]()
    hits = [{"a"}, quiet, quiet, moved, {"a"}, {"a"}, {"b"}, quiet, quiet, quiet, {"b"}, {"b"}]
    told = years._alerts([hits, [quiet] * 12], 1.5)
    assert list(told.counts) == [2, 0]
    assert dict(told.monitors) == {"a": 1, "b": 1}
    assert told.years == 1.5


def test_a_year_that_keeps_its_seasons_draws_each_week_from_those_beside_it() -> None:
    week = [number // 3 for number in range(30)]
    drawn = years._weeks(week, np.random.default_rng(0), near=2)
    assert len(drawn) == 30
    apart = drawn // 3 - np.arange(30) // 3
    assert np.abs(apart).max() <= 2
    assert len(set(apart)) > 2
    assert len(years._weeks(week, np.random.default_rng(0))) == 3 * 52


def test_the_rival_sees_what_moves_most_columns_alone() -> None:
    rng = np.random.default_rng(0)
    then = pd.DataFrame({name: rng.normal(size=600) for name in "abcdefghij"})
    one = then.iloc[:300].assign(a=5.0)
    most = then.iloc[:300] + 2
    alarms = [former_alarm(Window("x", table), Window("x", then)) for table in (then.iloc[300:], one, most)]
    assert alarms == [False, False, True]


def test_a_new_category_asks_within_weeks_and_misspelt_ones_do_not() -> None:
    when, false = arrivals.year(0.05, 0.2, 0)
    assert 1 <= when <= 4
    assert false == 0
    assert arrivals.year(0.0, 0.0, 0) == (0, 0)
    assert arrivals.year(0.9, 0.0, 0)[1] > 0, "where nearly all are misspelt they are what there is"


def test_every_step_of_a_report_is_timed(tmp_path: Path) -> None:
    taken = cost.steps(cost.tables(300, 200), tmp_path)
    assert list(taken)[-2:] == ["draw the pages", "add to the dashboards"]
    assert min(taken.values()) >= 0
    assert len(list((tmp_path / "evidently").iterdir())) > 1
