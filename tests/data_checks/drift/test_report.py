"""Drift: quiet on the same distribution, alarmed by a shift, at the sizes traffic really has."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from data_checks.drift.check import summary
from data_checks.drift.dashboard import add_check_run, kept_runs, project_id
from data_checks.drift.decision import Decision
from data_checks.drift.judge import judge
from data_checks.drift.limits import fit_limits
from data_checks.drift.monitors import measure, vector_distance
from data_checks.drift.pairwise import pair_distances
from data_checks.drift.questions import Question
from data_checks.drift.report import comparison_page, limit_categories
from data_checks.drift.verdict import Verdict
from data_checks.drift.windows import Window, pool_windows
from shelfspace.errors import InputError
from shelfspace.settings import Monitoring
from tests.data_checks.drift import periods

SETTINGS = Monitoring()
SIZES = [(50, 50), (50, 500), (200, 200), (2000, 2000)]


def apart(now: np.ndarray, then: np.ndarray) -> tuple[float, float]:
    """How far a classifier tells vectors apart, and the limit of a shop without a past."""
    known = fit_limits([Window("catalogue", pd.DataFrame(index=range(len(then))), {"fused": then})])
    return vector_distance(then, now), known.at("fused vectors", len(now), len(then), 0.0)


@pytest.mark.parametrize(("now", "then"), SIZES)
def test_vectors_of_one_distribution_raise_no_alarm(now: int, then: int) -> None:
    draws = 12 if then < 2000 else 3
    alarms = 0
    for seed in range(draws):
        score, limit = apart(periods.vectors(2 * seed, now), periods.vectors(2 * seed + 1, then))
        alarms += score > limit
    assert alarms == 0


@pytest.mark.parametrize(("now", "then"), SIZES)
def test_a_kind_nobody_has_seen_raises_the_alarm(now: int, then: int) -> None:
    share = 0.8 if now == then == 50 else 0.6
    found = [apart(periods.vectors(seed, now, share), periods.vectors(seed + 50, then)) for seed in range(3)]
    assert all(score > limit for score, limit in found), found


def test_the_same_rows_on_both_sides_are_no_drift() -> None:
    same = periods.vectors(3, 300)
    score, limit = apart(same, same.copy())
    assert score < limit


def test_scores_depend_on_the_values_alone_and_leave_the_inputs_as_they_were() -> None:
    now, then = periods.vectors(1, 80), periods.vectors(2, 80)
    kept = now.copy(), then.copy()
    first = vector_distance(then, now)
    np.random.seed(7)
    assert vector_distance(then, now) == first
    assert np.array_equal(now, kept[0])
    assert np.array_equal(then, kept[1])


def test_vectors_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="equal widths"):
        vector_distance(np.zeros((9, 4), np.float32), np.zeros((9, 5), np.float32))
    with pytest.raises(InputError, match="finite"):
        vector_distance(np.full((9, 4), np.nan, np.float32), np.zeros((9, 4), np.float32))


def test_limits_widen_when_rows_are_few() -> None:
    table = pd.DataFrame({"price": np.random.default_rng(0).normal(size=400)})
    known = fit_limits([Window("catalogue", table, {"fused": periods.vectors(0, 400)})])
    for name in ("price", "fused vectors"):
        limits = [known.at(name, n, n, 0.0) for n in (20, 50, 100, 5000)]
        assert limits == sorted(limits, reverse=True)
        assert limits[0] > 1.2 * limits[-1]
    rng = np.random.default_rng(1)
    few = [Window("catalogue", pd.DataFrame({"price": rng.normal(size=50)})) for _ in range(2)]
    assert measure(*few)["price"] < known.at("price", 50, 50, 0.0)


@pytest.mark.parametrize("rows", [300, 2000])
def test_distances_are_evidentlys(rows: int) -> None:
    then, now = periods.columns(1, rows), periods.columns(2, 500, 0.3)
    found = measure(Window("catalogue", now), Window("catalogue", then))
    assert found["text_length"] == pytest.approx(
        wasserstein_distance(then["text_length"], now["text_length"]) / then["text_length"].std(ddof=0)
    )
    shares = [side["top_label"].value_counts(normalize=True).sort_index() for side in (then, now)]
    assert found["top_label"] == pytest.approx(jensenshannon(*shares))


def test_distances_of_pairs_are_those_of_each_pair() -> None:
    windows = [
        Window("traffic search", periods.columns(seed, 200), {"fused": periods.vectors(seed, 200)})
        for seed in range(3)
    ]
    pairs = pair_distances(windows).set_index(["first", "second"])
    one = measure(windows[2], windows[0])
    same = {
        name: value for name, value in one.items() if name not in ("log_price", "text_length", "top_score")
    }
    assert same == pytest.approx(pairs.loc[(0, 2)][list(same)].to_dict(), abs=0.02)
    # Numbers are held against the deviation of all windows, not of one.
    assert pairs.loc[(0, 2), "log_price"] == pytest.approx(one["log_price"], rel=0.1)


def test_rare_categories_are_called_other_alike_on_both_sides() -> None:
    reference = pd.Series(["a"] * 50 + [f"rare{i}" for i in range(40)])
    current = pd.Series(["b"] * 50 + [f"odd{i}" for i in range(40)])
    then, now = limit_categories(reference, current, keep=2)
    assert set(then) == {"a", "(other)"}
    assert set(now) == {"b", "(other)"}


def moved_question(shift: float) -> tuple[Question, Verdict]:
    """Eight weeks as the reference, and three further ones that a shift may have moved."""
    weeks = [Window("traffic search", periods.columns(seed, 100)) for seed in range(8)]
    later = [Window("traffic search", periods.columns(seed, 100, shift)) for seed in range(20, 23)]
    reference = pool_windows(weeks)
    question = Question("traffic search", "Is something else asked?", reference, later, weeks)
    return question, judge(later, reference, fit_limits(weeks))


def test_a_page_needs_nothing_from_the_network_and_has_the_verdict_on_top() -> None:
    question, verdict = moved_question(1.0)
    assert verdict.drifted, verdict.cause
    page = comparison_page(question, verdict, 500)
    assert page is not None
    assert "Is something else asked? <b" in page
    assert verdict.cause[:20] in page
    assert not re.findall(r'<(?:link|script|img)\b[^>]*(?:href|src)="https?://', page)


def test_what_was_not_judged_has_no_page() -> None:
    question, _ = moved_question(0.0)
    quiet = judge([], question.reference, fit_limits(list(question.past)))
    assert comparison_page(question, quiet, 500) is None


def test_every_check_adds_a_point_and_the_board_says_what_moved_first(tmp_path: Path) -> None:
    question, verdict = moved_question(1.0)
    quiet = judge([], question.reference, fit_limits(list(question.past)))
    decision = Decision("alert", "Only the traffic has moved: recorded, nothing is trained")
    said = summary([verdict, replace(quiet, question="catalogue")], [question, question], decision, "c", "d")
    for hour in (1, 2, 3):
        time = pd.Timestamp(2026, 3, 2, hour, tz="UTC")
        add_check_run([verdict, replace(quiet, question="catalogue")], said, time, tmp_path / "w", "shop")
    from evidently.ui.workspace import Workspace

    workspace = Workspace.create(str(tmp_path / "w"))
    projects = {project.name: project for project in workspace.list_projects()}
    assert set(projects) == {"shop", "shop: Search", "shop: Catalogue"}
    for name in ("shop", "shop: Search"):
        home = projects[name].id
        runs = [workspace.get_run(home, run) for run in workspace.list_runs(home)]
        assert sorted(run.timestamp.hour for run in runs) == [1, 2, 3], "equal verdicts are points too"
        assert len(workspace.get_dashboard(home).tabs) == 1
    first = workspace.get_dashboard(project_id("shop")).panels[0]
    assert first.title.startswith("Moved. Search since")
    assert "Only the traffic has moved" in first.subtitle
    quietly = workspace.get_dashboard(project_id("shop", "catalogue")).panels
    assert [panel.title for panel in quietly] == ["Is something else asked? Not judged"]
    sizes = [path.stat().st_size for path in (tmp_path / "w").glob("*/snapshots/*.json")]
    assert max(sizes) < 40_000, "the UI reads them all to draw one panel"


def test_of_earlier_days_one_run_a_day_is_kept() -> None:
    day = 86_400_000
    made = [UUID(int=(moment << 80) | number) for number, moment in enumerate((1, 2, day, day + 5, 9 * day))]
    made += [UUID(int=((9 * day + 1) << 80) | 9)]
    assert kept_runs(made) == [made[1], made[3], made[4], made[5]]
