"""The verdict on windows: quiet on the shop's own, loud on planted shifts, the cause named."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.decision import decide
from data_checks.drift.judge import judge
from data_checks.drift.limits import Limits, fit_limits
from data_checks.drift.verdict import Verdict
from data_checks.drift.windows import Window, cut_windows, pool_windows
from shelfspace.errors import ArtifactError, InputError
from tests.data_checks.drift.periods import vectors

START = pd.Timestamp("2026-01-05", tz="UTC")


def week(number: int, rows: int = 500, wobble: float = 0.0, **change: float) -> Window:
    """A week of new products; `wobble` is how far weeks differ by themselves."""
    rng = np.random.default_rng(number)
    shift = rng.normal(scale=wobble) if wobble else 0.0
    kind = rng.integers(0, 3, rows)
    new = rng.random(rows) < change.get("new_category", 0.0)
    columns = pd.DataFrame(
        {
            "log_price": rng.normal(1.3 + shift + change.get("price", 0.0), 0.2, rows) + 0.3 * kind,
            "title_length": rng.poisson(40, rows).astype(float),
            "language": rng.choice(["en", "zh"], rows, p=[0.7, 0.3]),
            "category": np.where(new, "Garden", np.array(["Tea", "Toys", "Tools"])[kind]),
            "has_sound": np.where(rng.random(rows) < 0.6 * (1 - change.get("dead_sound", 0.0)), "yes", "no"),
            "photo_brightness": rng.beta(6, 4, rows) * (1 - change.get("dark", 0.0)),
            "label_agrees": np.where(rng.random(rows) < 0.9 - change.get("wrong_labels", 0.0), "yes", "no"),
        }
    )
    begin = START + pd.Timedelta(weeks=number)
    counts = {"products": 5000.0 * (1 - change.get("removed", 0.0)), "gone": change.get("removed", 0.0)}
    given = {"fused": vectors(number, rows, change.get("new_kind", 0.0))}
    return Window("catalogue", columns, given, None, counts, begin, begin + pd.Timedelta(weeks=1))


@pytest.fixture(scope="module")
def past() -> list[Window]:
    return [week(number) for number in range(12)]


@pytest.fixture(scope="module")
def limits(past: list[Window]) -> Limits:
    return fit_limits(past)


def test_windows_of_the_shop_itself_raise_no_verdict(past: list[Window], limits: Limits) -> None:
    verdict = judge([week(n) for n in range(12, 24)], pool_windows(past), limits)
    assert not verdict.drifted
    assert not [move for move in verdict.moves if move.confirmed]
    assert verdict.cause.startswith("no drift")
    assert not verdict.provisional


@pytest.mark.parametrize(
    ("change", "kind", "word"),
    [
        ({"new_category": 0.1}, "new_category", "Garden"),
        ({"price": 0.114}, "price", "price: +3"),
        ({"dark": 0.5}, "dark_photos", "photo brightness"),
        ({"dead_sound": 1.0}, "dead_sound", "has sound"),
        ({"removed": 0.6}, "mass_removal", "gone: 60% of the products that the champion knew"),
        ({"wrong_labels": 0.6}, "labels", "label agrees"),
    ],
)
def test_a_planted_shift_is_found_and_named(
    change: dict[str, float], kind: str, word: str, past: list[Window], limits: Limits
) -> None:
    windows = [*[week(n) for n in range(12, 15)], *[week(n, **change) for n in range(15, 18)]]
    verdict = judge(windows, pool_windows(past), limits)
    assert verdict.drifted
    assert verdict.kind == kind
    assert word in verdict.cause
    assert verdict.since == windows[3].start.isoformat()
    assert not verdict.gradual


def test_one_odd_window_is_a_suspicion_alone(past: list[Window], limits: Limits) -> None:
    verdict = judge([week(12), week(13), week(14, price=0.3)], pool_windows(past), limits)
    assert not verdict.drifted
    assert verdict.kind == ""
    assert sorted(move.monitor for move in verdict.moves) == ["log_price", "price_level"]
    assert "a second one" in verdict.cause


def test_a_shop_whose_weeks_differ_by_themselves_has_wider_limits(past: list[Window]) -> None:
    restless = [week(n, wobble=0.15) for n in range(12)]
    wide = fit_limits(restless).at("log_price", 500, 6000, 7)
    narrow = fit_limits(past).at("log_price", 500, 6000, 7)
    assert wide > 3 * narrow


def test_limits_grow_with_time_where_the_shop_drifts_by_itself() -> None:
    drifting = fit_limits([week(n, price=0.04 * n) for n in range(12)])
    assert drifting.at("log_price", 500, 6000, 70) > 1.5 * drifting.at("log_price", 300, 3600, 7)


def test_a_monitor_that_few_past_windows_know_has_a_wider_limit(past: list[Window]) -> None:
    unknown = [
        replace(w, columns=w.columns.assign(log_price=np.nan)) if n < 8 else w for n, w in enumerate(past)
    ]
    few = fit_limits(unknown)
    assert few.monitors["log_price"].windows == 4
    assert few.monitors["language"].windows == 12
    rested = few.monitors["log_price"]
    by_all = replace(few, monitors={**few.monitors, "log_price": replace(rested, windows=12)})
    assert few.at("log_price", 500, 2000, 7) > 1.3 * by_all.at("log_price", 500, 2000, 7)
    told = json.loads(few.to_json())
    del told["monitors"]["log_price"]["windows"]
    kept = Limits.from_json(json.dumps(told))
    assert kept.monitors["log_price"].windows == 0, "limits that were kept before count all windows"


def test_rows_of_one_block_are_not_taken_for_independent(past: list[Window]) -> None:
    rng = np.random.default_rng(0)
    order = pd.Series(np.repeat(np.arange(30), 10))
    taste = rng.normal(size=30)
    table = pd.DataFrame({"log_price": taste[order] + rng.normal(scale=0.1, size=300)})
    alone = Window("events", table)
    blocked = replace(alone, blocks=order)
    at = [fit_limits([window]).at("log_price", 300, 300, 0) for window in (alone, blocked)]
    assert at[1] > 2 * at[0]


def test_few_own_windows_give_a_provisional_verdict_and_an_alert_only(past: list[Window]) -> None:
    few = fit_limits(past[:7])
    verdict = judge([week(n, new_category=0.5) for n in range(12, 15)], pool_windows(past[:7]), few)
    assert verdict.provisional
    assert not verdict.drifted
    assert verdict.kind == "new_category"
    assert decide([verdict], True, True, True).action == "alert"


def test_a_season_that_last_year_had_too_is_no_shift(past: list[Window], limits: Limits) -> None:
    christmas = [week(n, price=0.3) for n in range(15, 18)]
    last_year = pool_windows([week(n, price=0.3) for n in range(100, 103)])
    assert judge(christmas, pool_windows(past), limits).drifted
    assert not judge(christmas, pool_windows(past), limits, season=last_year).drifted
    dark = [week(n, price=0.3, dark=0.5) for n in range(15, 18)]
    assert judge(dark, pool_windows(past), limits, season=last_year).kind == "dark_photos"


def test_a_slow_rise_is_found_and_called_gradual(past: list[Window], limits: Limits) -> None:
    windows = [week(12 + n, price=0.03 * n) for n in range(8)]
    verdict = judge(windows, pool_windows(past), limits)
    assert verdict.kind == "price"
    assert verdict.gradual


def test_what_follows_depends_on_what_moved(past: list[Window], limits: Limits) -> None:
    price = judge([week(n, price=0.3) for n in range(12, 15)], pool_windows(past), limits)
    traffic = replace(price, question="traffic search", kind="queries")
    labels = replace(price, question="events", kind="labels")
    quiet = judge([week(n) for n in range(12, 15)], pool_windows(past), limits)
    assert decide([quiet], True, True, True).action == "none"
    assert decide([price, traffic], True, False, False).action == "retrain"
    assert decide([price], False, True, True).action == "alert"
    assert decide([traffic], True, True, False).action == "alert"
    assert decide([traffic], False, False, True).action == "refresh_ranking"
    assert decide([labels], False, True, False).action == "retrain"
    assert decide([labels], False, False, True).action == "alert"
    assert price.cause in decide([price], True, False, False).reason


def test_windows_are_complete_hold_their_blocks_and_stay_when_rows_come() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=100, freq="h", tz="UTC"))
    order = pd.Series(np.arange(100) // 7)
    cut = cut_windows(times, 20, order)
    assert [len(w) for w in cut] == [21, 21, 21, 21]
    shuffled = np.random.default_rng(0).permutation(60)
    sooner = cut_windows(times[:60].iloc[shuffled], 20, order[:60].iloc[shuffled])
    assert [sorted(shuffled[w]) for w in sooner] == [list(w) for w in cut[:2]]
    assert [len(w) for w in cut_windows(times, 20, days=1.5)] == [36, 36]
    with pytest.raises(InputError, match="rows"):
        cut_windows(times, 0)


def test_no_complete_window_gives_no_verdict(past: list[Window], limits: Limits) -> None:
    verdict = judge([], pool_windows(past), limits)
    assert not verdict.judged
    assert "no window is complete" in verdict.cause


def test_what_is_kept_reads_back(past: list[Window], limits: Limits) -> None:
    verdict = judge([week(n, price=0.3) for n in range(12, 15)], pool_windows(past), limits)
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert Limits.from_json(limits.to_json()) == limits
    for kind in (Verdict, Limits):
        with pytest.raises(ArtifactError, match="damaged"):
            kind.from_json("{}")


def test_a_model_that_is_sure_of_everything_has_not_moved_by_a_hair() -> None:
    def sure(seed: int, unsure: float) -> Window:
        rng = np.random.default_rng(seed)
        confidence = np.where(rng.random(200) < unsure, 0.5, 0.9998 - 0.0001 * rng.random(200))
        return Window("predictions", pd.DataFrame({"confidence": confidence}))

    then = sure(0, 0.0)
    known = fit_limits([then])
    assert not judge([sure(1, 0.02), sure(2, 0.02)], then, known).kind
    less = judge([sure(1, 0.3), sure(2, 0.3)], then, known)
    assert less.kind, less.cause
    assert "confidence: mean 0.9997 to 0.8" in less.cause, "its median says nothing of it"
