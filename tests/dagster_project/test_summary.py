"""What a run ends with: what to type next, and why there is nothing to serve."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import StepSuccessData
from dagster._core.events.log import EventLogEntry

from dagster_project.summary import gate_said, next_steps, stage_seconds
from shelfspace.files import write_json
from shelfspace.workspace import Workspace


@pytest.mark.parametrize("promoted", [None, True])
def test_without_a_release_and_without_a_refusal_the_chain_is_named(
    tmp_path: Path, promoted: bool | None
) -> None:
    workspace = Workspace.open("tiny", tmp_path)
    if promoted is not None:
        write_json(workspace.evaluation / "gate" / "verdict.json", {"promoted": promoted, "reasons": []})
    said = next_steps(workspace)
    assert said == "Nothing is released yet in workspace tiny; run: make demo CATALOG=tiny"


def test_a_refused_first_model_ends_in_what_to_change(tmp_path: Path) -> None:
    workspace = Workspace.open("tiny", tmp_path)
    write_json(workspace.evaluation / "gate" / "verdict.json", {"promoted": False, "reasons": ["too low"]})
    said = next_steps(workspace)
    assert "the gate refused its first model" in said
    for word in ("label_level", "training.epochs", "make tune CATALOG=tiny", "gate.min_lift", "make demo"):
        assert word in said


def test_the_last_run_s_time_is_told_by_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_project.definitions import defs

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    job = defs.resolve_job_def("monitoring")
    with dg.DagsterInstance.get() as instance:
        assert stage_seconds() == {}
        run_id = instance.create_run_for_job(job).run_id
        stamps = ((1000.0, "PIPELINE_START", None), (1000.5, "STEP_START", "drift_report"),
                  (1001.5, "STEP_SUCCESS", "drift_report"), (1002.0, "PIPELINE_SUCCESS", None))  # fmt: skip
        for stamp, kind, step in stamps:
            done = StepSuccessData(1000.0) if kind == "STEP_SUCCESS" else None
            event = dg.DagsterEvent(kind, "monitoring", step_key=step, event_specific_data=done)
            instance.handle_new_event(
                EventLogEntry(None, "info", "", run_id, stamp, step, "monitoring", event)
            )
    told = stage_seconds()
    assert told["monitoring"] == pytest.approx(1.0)
    assert told.keys() == {"monitoring", "all"}


def test_the_gate_is_told_of_the_run_that_it_judged_in(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "shop", "shop")
    assert gate_said(workspace) == ""
    verdict = workspace.evaluation / "gate" / "verdict.json"
    write_json(verdict, {"promoted": False, "reasons": ["accuracy is lower", "recall is not"]})
    assert gate_said(workspace) == "The gate refused the challenger:\n  accuracy is lower\n  recall is not"
    began = verdict.stat().st_mtime
    assert gate_said(workspace, began - 1)
    assert gate_said(workspace, began + 1) == "", "of an earlier run"
