"""Drift: quiet on the same distribution, alarmed by a shift, at the sizes traffic really has."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.columns import limit_categories
from data_checks.drift.report import DriftVerdict, drift_report, embedding_drift
from data_checks.drift.thresholds import auc_limit, numeric_distance, shuffled_limit
from shelfspace.errors import ArtifactError, InputError
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


@pytest.mark.parametrize("rows", [50, 300])
def test_columns_and_vectors_of_one_distribution_give_no_drift(tmp_path: Path, rows: int) -> None:
    for seed in range(2):
        verdict = drift_report(
            periods.columns(seed, rows), periods.columns(seed + 10, rows),
            periods.vectors(seed, rows), periods.vectors(seed + 10, rows), SETTINGS, tmp_path,
        )  # fmt: skip
        assert not verdict.drifted, verdict.cause
        assert verdict.share <= 1 / 7
        assert verdict.cause.startswith("no drift")


def test_a_shift_is_found_named_and_written(tmp_path: Path) -> None:
    current = periods.columns(1, 200, shift=0.6)
    kept = current.copy()
    verdict = drift_report(
        current, periods.columns(2, 300), periods.vectors(1, 200, 0.6), periods.vectors(2, 300),
        SETTINGS, tmp_path, name="traffic /search",
    )  # fmt: skip
    assert verdict.drifted
    assert verdict.columns["log_price"].drifted
    assert not verdict.columns["language"].drifted
    assert re.search(r"embeddings: ROC AUC 0\.\d\d > 0\.\d\d; ", verdict.cause)
    assert re.search(r"log_price: wasserstein \d\.\d\d > 0\.\d\d", verdict.cause)
    pd.testing.assert_frame_equal(current, kept)
    assert verdict.html == tmp_path / "traffic-search.html"
    page = verdict.html.read_text()
    assert "Drift: traffic /search" in page
    assert not re.findall(r'<(?:link|script|img)\b[^>]*(?:href|src)="https?://', page)
    again = DriftVerdict.from_json((tmp_path / "traffic-search.json").read_bytes())
    assert again == verdict


def test_vectors_alone_can_be_the_cause(tmp_path: Path) -> None:
    verdict = drift_report(
        periods.columns(1, 200), periods.columns(2, 200),
        periods.vectors(1, 200, 0.6), periods.vectors(2, 200), SETTINGS, tmp_path,
    )  # fmt: skip
    assert verdict.drifted
    assert verdict.share < SETTINGS.drift_share
    assert verdict.cause.startswith("embeddings: ROC AUC")


def test_too_few_rows_give_no_verdict(tmp_path: Path) -> None:
    verdict = drift_report(
        periods.columns(1, 49, 0.6), periods.columns(2, 300), None, None, SETTINGS, tmp_path
    )
    assert not verdict.judged
    assert not verdict.drifted
    assert verdict.html is None
    assert "49 rows against 300, 50 a side are needed" in verdict.cause
    assert DriftVerdict.from_json((tmp_path / "catalogue.json").read_bytes()) == verdict


def test_empty_and_constant_columns_do_no_harm(tmp_path: Path) -> None:
    current, reference = periods.columns(1, 60), periods.columns(2, 60)
    current["log_price"] = np.nan
    for table in (current, reference):
        table["has_text"], table["text_length"] = "yes", 4.0
    verdict = drift_report(current, reference, None, None, SETTINGS, tmp_path)
    assert "log_price" not in verdict.columns
    assert verdict.columns["text_length"].score == verdict.columns["has_text"].score == 0
    assert not verdict.drifted
    assert verdict.embedding_score is None


def test_tables_without_a_shared_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="share columns"):
        drift_report(
            pd.DataFrame({"a": [1] * 60}), pd.DataFrame({"b": [1] * 60}), None, None, SETTINGS, tmp_path
        )


def test_a_damaged_verdict_is_refused() -> None:
    with pytest.raises(ArtifactError, match="compare again"):
        DriftVerdict.from_json('{"columns": []}')


def test_the_workspace_keeps_one_run_per_change_and_each_panel_once(tmp_path: Path) -> None:
    place = tmp_path / "workspace"
    reference = periods.columns(9, 100)

    def compare(seed: int, name: str) -> DriftVerdict:
        return drift_report(
            periods.columns(seed, 100), reference, periods.vectors(seed, 100), periods.vectors(9, 100),
            SETTINGS, tmp_path, place, name, "shop",
        )  # fmt: skip

    for seed in (1, 1, 2):
        compare(seed, "traffic search")
    compare(1, "catalogue")
    from evidently.ui.workspace import Workspace

    workspace = Workspace.create(str(place))
    (project,) = workspace.list_projects()
    assert project.name == "shop"
    runs = [workspace.get_run(project.id, r) for r in workspace.list_runs(project.id)]
    assert sorted(r.name for r in runs) == ["catalogue", "traffic search", "traffic search"]
    assert all(r.metadata["verdict"] == "no drift" for r in runs)
    board = workspace.get_dashboard(project.id)
    assert [tab.title for tab in board.tabs] == ["catalogue", "traffic search"]
    for tab in board.tabs:
        assert len(tab.panels) == len(set(tab.panels)) == 3
    assert len(board.panels) == 6
