"""What asks for a run, when it asks again, and when it stops asking."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

import dagster_project.definitions  # noqa: F401 - each stage says where it lies when it is defined
from dagster_project import dead_runs
from dagster_project.automation import tell_dvc
from dagster_project.automation.definitions import automations
from dagster_project.automation.drift import drift_need, open_attempts, report_need
from dagster_project.automation.needs import Attempt, GivenUp, Need, ask, next_attempt
from dagster_project.dead_runs import close_dead_runs
from dagster_project.graph import DVC_STAGES, stages_of
from dagster_project.tags import WORKSPACE
from releases.bars import Bar, write_bars
from shelfspace.files import write_json
from shelfspace.settings import Automation, Settings
from shelfspace.workspace import Workspace
from tests.conftest import PROJECT

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
DRIFT = {"key": "k1", "champion": "m", "decision": {"action": "retrain", "reason": "price moved"}}
OFTEN = Automation(attempts=3, retry_seconds=60)


def run(ago: timedelta | None, success: bool = False, need: str = "drift-k1") -> Attempt:
    """A run that ended so long ago; None: it is at work."""
    ended = None if ago is None else NOW - ago
    return Attempt("12345678-run", ago is not None, success, ended, need)


def test_the_same_file_that_comes_every_night_is_asked_for_every_night(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    nights = [run(DAY * ago, success=True, need="delivery-1") for ago in range(20, 0, -1)]
    tonight = replace(DELIVERY, since=(NOW - DAY / 2).timestamp())
    with dg.build_sensor_context(instance) as context:
        request = ask(context, workspace, tonight, OFTEN, nights)
    assert isinstance(request, dg.RunRequest)
    assert (request.job_name, request.tags["shelfspace/attempt"]) == ("retrain", "1")


def drift_asks(
    verdict: dict | None, attempts: list[Attempt], champion: str = "m", back: str = ""
) -> Need | str:
    return drift_need(verdict, champion, attempts, NOW, DAY, back)


def test_drift_asks_until_a_retraining_came_to_its_end() -> None:
    need = drift_asks(DRIFT, [])
    assert isinstance(need, Need)
    assert (need.key, need.cause, need.job) == ("drift-k1", "price moved", "retrain")
    assert drift_asks(DRIFT, [run(timedelta(0))]) == need, "one that failed has not acted"
    said = drift_asks(DRIFT, [run(DAY * 9, success=True)])
    assert str(said) == "acted on, and nothing new has come since: price moved"


def test_the_cool_down_counts_from_a_retraining_that_trained() -> None:
    second = {**DRIFT, "key": "k2"}
    acted = run(DAY / 2, success=True)
    said = drift_asks(second, [acted, run(timedelta(0), need="drift-k2")])
    assert "cool-down lasts until 2026-03-03 00:00 UTC" in str(said)
    assert "price moved" in str(said)
    assert isinstance(drift_asks(second, [run(DAY, success=True)]), Need)
    assert isinstance(drift_asks(second, [run(timedelta(0))]), Need), "a failed one cools nothing"
    found_nothing = replace(acted, trained=False)
    assert isinstance(drift_asks(second, [found_nothing]), Need), "nor one that found nothing new"
    assert "acted on" in str(drift_asks(DRIFT, [found_nothing])), "which is not asked of the same data again"


def test_what_is_asked_for_follows_the_decision() -> None:
    clicks = {**DRIFT, "decision": {"action": "refresh_ranking", "reason": "queries moved"}}
    need = drift_asks(clicks, [run(timedelta(0), success=True, need="drift-k0")])
    assert isinstance(need, Need), "a cool-down holds retrainings alone"
    assert (need.job, need.decision) == ("refresh", "refresh_ranking")
    for action in ("alert", "none"):
        calm = {**DRIFT, "decision": {"action": action, "reason": "queries moved"}}
        assert drift_asks(calm, []) == f"{action}: queries moved"


def test_a_report_of_another_champion_or_of_an_earlier_version_asks_for_nothing() -> None:
    assert "no drift report yet" in str(drift_asks(None, []))
    assert "of an earlier champion" in str(drift_asks(DRIFT, [], champion="n"))
    assert "of an earlier version" in str(drift_asks({"champion": "m", "drifted": True}, []))


def test_each_release_and_champion_is_looked_at_once() -> None:
    first = {"release": "000001-ab", "champion": "m"}
    need = report_need(first)
    assert need is not None
    assert need.job == "monitoring"
    assert need.cause == "no drift report yet of release 000001-ab and model m"
    keys = {
        (report_need({**first, **other}) or need).key for other in ({}, {"release": "2"}, {"champion": "n"})
    }
    assert len(keys) == 3, "a rollback is looked at as well"
    assert report_need({}) is None


def test_the_sensor_asks_for_a_report_first(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    monkeypatch.setenv("SHELFSPACE_CATALOG", "shop")
    workspace = Workspace.open()
    write_json(workspace.root / "champion.json", {"fingerprint": "m"})
    write_json(workspace.root / "monitoring" / "drift_report" / "verdict.json", DRIFT)
    made = {"fingerprint": "f", "data_version": "d", "facts": {"release": "000002-cd"}}
    write_json(workspace.root / "release" / "record.json", made)
    (sensor,) = (one for one in automations(Settings())[0] if one.name == "drift_sensor")
    looked = workspace.state / "drift" / "looked.json"
    for seen, job in (({}, "monitoring"), ({"release": "000002-cd", "champion": "m"}, "retrain")):
        write_json(looked, seen)
        with dg.build_sensor_context(instance) as context:
            (asked,) = sensor.evaluate_tick(context).run_requests or []
        assert asked.job_name == job


def test_the_sensor_asks_for_what_was_decided_and_says_so_on_the_run(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    monkeypatch.setenv("SHELFSPACE_CATALOG", "shop")
    workspace = Workspace.open()
    write_json(workspace.root / "champion.json", {"fingerprint": "m"})
    (sensor,) = (one for one in automations(Settings())[0] if one.name == "drift_sensor")
    report = workspace.root / "monitoring" / "drift_report" / "verdict.json"
    for decision, job in (("retrain", "retrain"), ("refresh_ranking", "refresh"), ("alert", "")):
        write_json(report, {**DRIFT, "decision": {"action": decision, "reason": "price moved"}})
        with dg.build_sensor_context(instance) as context:
            answer = sensor.evaluate_tick(context)
        asked = answer.run_requests or []
        assert [request.job_name for request in asked] == ([job] if job else [])
        for request in asked:
            assert request.tags["shelfspace/decision"] == decision
            assert request.run_config["resources"]["shop"]["config"]["cause"] == "price moved"
    assert answer.skip_message == "alert: price moved"


def test_each_hours_report_goes_on_with_the_count_of_the_one_before() -> None:
    failed = [run(timedelta(hours=h), need=f"drift-k{h}") for h in (3, 2, 1)]
    assert open_attempts(failed, NOW, DAY) == failed
    assert open_attempts([*failed, run(timedelta(0), success=True)], NOW, DAY) == []
    assert open_attempts([run(DAY * 2), *failed], NOW, timedelta(0)) == failed, "and begins anew after a day"


def test_a_failed_run_is_asked_for_again_later_and_later_and_then_no_more() -> None:
    assert next_attempt([], NOW, OFTEN) == (1, "")
    assert next_attempt([run(None)], NOW, OFTEN) == (None, "run 12345678 is at work on it")
    number, said = next_attempt([run(timedelta(seconds=59))], NOW, OFTEN)
    assert number is None
    assert "attempt 2 of 3 at 2026-03-02 12:00:01 UTC" in said
    assert next_attempt([run(timedelta(seconds=60))], NOW, OFTEN) == (2, "")
    twice = [run(DAY), run(timedelta(seconds=119))]
    assert next_attempt(twice, NOW, OFTEN)[0] is None, "the wait doubles"
    assert next_attempt(twice, NOW + timedelta(seconds=1), OFTEN) == (3, "")
    number, said = next_attempt([run(DAY)] * 3, NOW, OFTEN)
    assert number is None
    assert "given up after 3 runs" in said


def test_a_run_that_succeeded_and_left_the_need_counts_too() -> None:
    number, said = next_attempt([run(timedelta(0), success=True)], NOW, OFTEN)
    assert number is None
    assert "in no release yet" in said


@dg.asset
def remote() -> None:
    """A stage whose remote is away."""
    raise OSError(28, "No space left on device")


FAILING = dg.Definitions(
    assets=[remote],
    jobs=[dg.define_asset_job("refresh", executor_def=dg.in_process_executor)],
).resolve_job_def("refresh")
DELIVERY = Need("delivery-1", "delivery", "inbox sensor", "a.csv lies in the inbox", "retrain", "refresh")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("shop", tmp_path)


def asked(
    instance: dg.DagsterInstance, workspace: Workspace, settings: Automation
) -> dg.RunRequest | dg.SkipReason:
    with dg.build_sensor_context(instance) as context:
        return ask(context, workspace, DELIVERY, settings)


def test_a_delivery_is_asked_for_again_with_the_reason_seen_and_the_second_time_by_a_refresh(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    settings = Automation(attempts=2, retry_seconds=0.001)
    first = asked(instance, workspace, settings)
    assert isinstance(first, dg.RunRequest)
    assert first.job_name == "retrain"
    assert first.tags == {
        "shelfspace/cause": "delivery", "shelfspace/need": "delivery-1",
        "shelfspace/attempt": "1", "shelfspace/workspace": "shop",
    }  # fmt: skip
    FAILING.execute_in_process(instance=instance, tags=first.tags, raise_on_error=False)
    said = asked(instance, workspace, Automation(retry_seconds=60))
    assert isinstance(said, dg.SkipReason)
    assert "a.csv lies in the inbox: run " in str(said.skip_message)
    assert "attempt 2 of 8" in str(said.skip_message)
    assert "No space left on device" in str(said.skip_message)
    second = asked(instance, workspace, settings)
    assert isinstance(second, dg.RunRequest)
    assert (second.job_name, second.tags["shelfspace/attempt"]) == ("refresh", "2")
    FAILING.execute_in_process(instance=instance, tags=second.tags, raise_on_error=False)
    last = asked(instance, workspace, settings)
    assert isinstance(last, GivenUp)
    assert "given up after 2 runs" in str(last.skip_message)
    assert "run: " in str(last.skip_message), "what a person does then"


def test_of_a_killed_run_it_says_what_its_watcher_found(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    first = asked(instance, workspace, OFTEN)
    assert isinstance(first, dg.RunRequest)
    killed = instance.create_run_for_job(FAILING, tags=first.tags)
    instance.report_engine_event("Run execution process unexpectedly exited with exit code -9.", killed)
    instance.report_run_failed(killed)
    said = asked(instance, workspace, OFTEN)
    assert isinstance(said, dg.SkipReason)
    assert "attempt 2 of 3" in str(said.skip_message)
    assert "exited with exit code -9" in str(said.skip_message)


def test_nothing_is_asked_for_while_another_run_holds_the_workspace_or_waits_for_it(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    with workspace.lock(holder="run abcdef01 (cross_validate)"):
        said = asked(instance, workspace, OFTEN)
    assert isinstance(said, dg.SkipReason)
    assert "run abcdef01 (cross_validate)" in str(said.skip_message)
    assert isinstance(asked(instance, workspace, OFTEN), dg.RunRequest)
    queued = instance.create_run_for_job(FAILING, tags={WORKSPACE: workspace.name})
    said = asked(instance, workspace, OFTEN)
    assert isinstance(said, dg.SkipReason)
    assert f"asked for when run {queued.run_id[:8]} (refresh) has ended" in str(said.skip_message)
    instance.report_run_canceled(queued)
    assert isinstance(asked(instance, workspace, OFTEN), dg.RunRequest)


def test_other_needs_and_other_workspaces_count_by_themselves(
    instance: dg.DagsterInstance, workspace: Workspace, tmp_path: Path
) -> None:
    first = asked(instance, workspace, OFTEN)
    assert isinstance(first, dg.RunRequest)
    FAILING.execute_in_process(instance=instance, tags=first.tags, raise_on_error=False)
    assert isinstance(asked(instance, workspace, OFTEN), dg.SkipReason)
    assert isinstance(asked(instance, Workspace.open("other", tmp_path), OFTEN), dg.RunRequest)


def begun(instance: dg.DagsterInstance, workspace: Workspace) -> str:
    """A run that Dagster takes to be at work."""
    run = instance.create_run_for_job(FAILING, tags={WORKSPACE: workspace.name})
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "refresh"), run.run_id)
    return run.run_id


def test_a_run_whose_process_is_gone_is_closed_and_one_that_lives_is_not(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    lives, gone, starts = (begun(instance, workspace) for _ in range(3))
    holder = (
        "import sys, time; from pathlib import Path; from assets.lib.life import hold_life\n"
        "from shelfspace.workspace import Workspace\n"
        "hold_life(Workspace.open('shop', Path(sys.argv[1])), sys.argv[2])\n"
        "print(1, flush=True); time.sleep(60)"
    )
    processes = []
    try:
        for run_id in (lives, gone):
            command = [sys.executable, "-c", holder, str(workspace.root.parent), run_id]
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT))
            assert processes[-1].stdout is not None
            assert processes[-1].stdout.readline() == b"1\n"
        assert close_dead_runs(instance, workspace) == []
        processes[-1].kill()
        processes[-1].wait()
        assert close_dead_runs(instance, workspace) == [gone]
        assert close_dead_runs(instance, workspace) == []
    finally:
        for process in processes:
            process.kill()
            process.wait()
    states = {run.run_id: run.status for run in instance.get_runs()}
    assert states == {
        lives: dg.DagsterRunStatus.STARTED,
        gone: dg.DagsterRunStatus.FAILURE,
        starts: dg.DagsterRunStatus.STARTED,
    }, "one that has begun may be about to take its file"


def test_a_run_that_died_before_it_took_its_file_is_closed_after_a_while(
    instance: dg.DagsterInstance, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begun(instance, workspace)
    waits = instance.create_run_for_job(FAILING, tags={WORKSPACE: workspace.name})
    monkeypatch.setattr(dead_runs, "STARTING", timedelta(0))
    assert close_dead_runs(instance, Workspace.open("other", workspace.root.parent)) == []
    assert close_dead_runs(instance, workspace) == [run_id]
    there = instance.get_run_by_id(waits.run_id)
    assert there is not None
    assert there.status is dg.DagsterRunStatus.NOT_STARTED, "one without a process is Dagster's to watch"


def test_stages_to_commit_follow_the_job() -> None:
    assert stages_of("chain") == list(DVC_STAGES)
    assert stages_of("refresh") == ["prepare", "publish"]
    assert stages_of("collection") == []
    assert stages_of("training") == ["learn"]


def test_dvc_is_told_by_the_run_that_holds_the_workspace_not_by_one_that_ended_before(
    workspace: Workspace,
) -> None:
    assert tell_dvc(workspace, "chain") == "", "no stage of dvc.yaml is in this workspace"
    with workspace.lock(holder="run 12345678 (chain)"):
        assert tell_dvc(workspace, "chain") == "left to the run that is at work now: run 12345678 (chain)"


def test_a_retraining_after_a_rollback_says_so(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    monkeypatch.setenv("SHELFSPACE_CATALOG", "shop")
    workspace = Workspace.open()
    bar = Bar(
        "000001-ab", ("000002-cd",), {"n": "h"}, (), "anna", "2026-03-01T10:00:00", "worse", pending=False
    )
    write_json(workspace.root / "champion.json", {"fingerprint": "m", "cause": bar.said})
    write_json(workspace.root / "monitoring" / "drift_report" / "verdict.json", DRIFT)
    (sensor,) = (one for one in automations(Settings())[0] if one.name == "drift_sensor")
    causes = []
    for bars in ([], [bar], [replace(bar, lifted="approved by ben")]):
        write_bars(workspace.root, bars)
        with dg.build_sensor_context(instance) as context:
            (asked,) = sensor.evaluate_tick(context).run_requests or []
        causes.append(asked.run_config["resources"]["shop"]["config"]["cause"])
    back = "release 000002-cd was rolled back to 000001-ab by anna on 2026-03-01: worse"
    assert causes == ["price moved", f"price moved; data have come since {back}", "price moved"]
