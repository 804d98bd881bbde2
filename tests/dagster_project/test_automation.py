"""When drift starts a retraining, and when it does not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.automation import drift_decision, tell_dvc
from dagster_project.graph import DVC_STAGES, stages_of
from shelfspace.workspace import Workspace

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
DRIFT = {"key": "k1", "drifted": True, "cause": "price moved"}


def test_drift_fires_once_with_its_cause() -> None:
    key, reason, cursor = drift_decision(DRIFT, None, NOW, DAY)
    assert (key, reason) == ("k1", "price moved")
    again, reason, same = drift_decision(DRIFT, cursor, NOW + DAY * 9, DAY)
    assert again is None
    assert "acted on" in reason
    assert same == cursor


def test_cool_down_holds_a_second_drift_back_and_then_lets_it_go() -> None:
    _, _, cursor = drift_decision(DRIFT, None, NOW, DAY)
    second = {**DRIFT, "key": "k2"}
    key, reason, cursor = drift_decision(second, cursor, NOW + DAY / 2, DAY)
    assert key is None
    assert "cool-down" in reason
    assert "price moved" in reason
    key, _, cursor = drift_decision(second, cursor, NOW + DAY, DAY)
    assert key == "k2"
    assert json.loads(cursor)["fired"] == (NOW + DAY).isoformat()


@pytest.mark.parametrize("verdict", [None, {"key": "k0", "drifted": False, "cause": ""}])
def test_no_report_and_no_drift_start_nothing(verdict: dict | None) -> None:
    key, _, cursor = drift_decision(verdict, None, NOW, DAY)
    assert key is None
    fired, _, _ = drift_decision(DRIFT, cursor, NOW, DAY)
    assert fired == "k1", "a quiet report does not start the cool-down"


def test_stages_to_commit_follow_the_job() -> None:
    assert stages_of("chain") == list(DVC_STAGES)
    assert stages_of("refresh") == ["prepare", "publish"]
    assert stages_of("collection") == []
    assert stages_of("training") == ["learn"]


def test_dvc_is_told_by_the_run_that_holds_the_workspace_not_by_one_that_ended_before(tmp_path: Path) -> None:
    workspace = Workspace.open("shop", tmp_path)
    assert tell_dvc(workspace, "chain") == "", "no stage of dvc.yaml is in this workspace"
    with workspace.lock(holder="run 12345678 (chain)"):
        assert tell_dvc(workspace, "chain") == "left to the run that is at work now: run 12345678 (chain)"
