"""Drift: quiet on the same distribution, alarmed by a shift, at the sizes traffic really has."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.check import summary
from data_checks.drift.dashboard import add_check_run, kept_runs, project_id
from data_checks.drift.decision import Decision
from data_checks.drift.judge import judge
from data_checks.drift.limits import fit_limits
from data_checks.drift.questions import Question
from data_checks.drift.report import comparison_page, limit_categories
from data_checks.drift.thresholds import auc_limit, numeric_distance, shuffled_limit
from data_checks.drift.vectors import embedding_drift
from data_checks.drift.verdict import Verdict
from data_checks.drift.windows import Window, pool_windows
from shelfspace.errors import InputError
from shelfspace.settings import Monitoring
from tests.data_checks.drift import periods

SETTINGS = Monitoring()
SIZES = [(50, 50), (50, 500), (200, 200), (2000, 2000)]


@pytest.mark.parametrize(("now", "then"), SIZES)
def test_vectors_of_one_distribution_raise_no_alarm(now: int, then: int) -> None:
    draws = 12 if then < 2000 else 3
    alarms = 0
    for seed in range(draws):
        score, limit = embedding_drift(
            periods.vectors(2 * seed, now), periods.vectors(2 * seed + 1, then), SETTINGS
        )
        alarms += score > limit
    assert alarms == 0


@pytest.mark.parametrize(("now", "then"), SIZES)
def test_a_kind_nobody_has_seen_raises_the_alarm(now: int, then: int) -> None:
    share = 0.8 if now == then == 50 else 0.6
    found = [
        embedding_drift(periods.vectors(seed, now, share), periods.vectors(seed + 50, then), SETTINGS)
        for seed in range(3)
    ]
    assert all(score > limit for score, limit in found), found


def test_the_same_rows_on_both_sides_are_no_drift() -> None:
    same = periods.vectors(3, 300)
    score, limit = embedding_drift(same, same.copy(), SETTINGS)
    assert score < limit


def test_scores_depend_on_the_values_alone_and_leave_the_inputs_as_they_were() -> None:
    now, then = periods.vectors(1, 80), periods.vectors(2, 80)
    kept = now.copy(), then.copy()
    first = embedding_drift(now, then, SETTINGS)
    np.random.seed(7)
    assert embedding_drift(now, then, SETTINGS) == first
    assert np.array_equal(now, kept[0])
    assert np.array_equal(then, kept[1])


def test_vectors_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="equal widths"):
        embedding_drift(np.zeros((9, 4), np.float32), np.zeros((9, 5), np.float32), SETTINGS)
    with pytest.raises(InputError, match="finite"):
        embedding_drift(np.full((9, 4), np.nan, np.float32), np.zeros((9, 4), np.float32), SETTINGS)


def test_limits_widen_when_rows_are_few() -> None:
    limits = [auc_limit(n, n, 0.65, 0.001) for n in (50, 100, 200, 2000)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 0.75
    assert auc_limit(50, 50, 0.65, 0.001, spread=0.75) < limits[0]
    assert limits[-1] == 0.65
    rng = np.random.default_rng(0)
    few = [pd.Series(rng.normal(size=50)) for _ in range(2)]
    limit = shuffled_limit(*few, True, effect=0.1, alpha=0.01)
    assert limit > 0.3
    assert numeric_distance(few[0].to_numpy(), few[1].to_numpy()) < limit


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
