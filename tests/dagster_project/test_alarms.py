"""What counts as wrong with a workspace: seen in real records of Dagster, a real ledger and real files."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from catalog.deliveries.ledger import Entry, State, editing
from dagster_project.automation.alarms import full_disk, present_alerts
from dagster_project.automation.alerting import alert_events
from dagster_project.cli.alerts import alerts
from dagster_project.tags import WORKSPACE
from releases.shadow.kept import FOLDER, Status, write_status
from shelfspace.alerts import read_book, write_book
from shelfspace.files import write_json
from shelfspace.settings import Alerts
from shelfspace.workspace import Workspace

QUIET = Alerts(disk_free=0.0)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as made:
        yield made


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("shop", tmp_path)


def ran(instance: dg.DagsterInstance, name: str, fails: bool, workspace: str = "shop") -> None:
    """A real run of a job of that name."""

    @dg.op
    def work() -> None:
        if fails:
            raise dg.Failure("no room on the shelf", allow_retries=False)

    @dg.job(name=name, tags={WORKSPACE: workspace})
    def job() -> None:
        work()

    job.execute_in_process(instance=instance, raise_on_error=False)


def now_wrong(
    instance: dg.DagsterInstance, workspace: Workspace, ahead: timedelta = timedelta(0)
) -> dict[str, str]:
    found = present_alerts(instance, workspace, QUIET, datetime.now(UTC) + ahead)
    return {alert.name: alert.said for alert in found}


def test_a_failed_run_is_wrong_until_a_later_one_did_its_work(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    ran(instance, "refresh", fails=True)
    ran(instance, "tune", fails=False)
    wrong = now_wrong(instance, workspace)
    assert list(wrong) == ["run:refresh"]
    assert "no room on the shelf" in wrong["run:refresh"]
    ran(instance, "retrain", fails=False, workspace="another")
    assert list(now_wrong(instance, workspace)) == ["run:refresh"], "another workspace's run mends nothing"
    ran(instance, "retrain", fails=False)
    assert not now_wrong(instance, workspace), "a retraining does all that a refresh does"


def test_a_smaller_run_does_not_mend_a_larger_one(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    ran(instance, "retrain", fails=True)
    ran(instance, "refresh", fails=False)
    assert list(now_wrong(instance, workspace)) == ["run:retrain"]


def test_data_is_stale_when_no_collection_came_to_its_end(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    assert not now_wrong(instance, workspace), "a workspace that never had one is not stale"
    ran(instance, "refresh", fails=False)
    assert not now_wrong(instance, workspace, timedelta(days=13))
    wrong = now_wrong(instance, workspace, timedelta(days=15))
    assert list(wrong) == ["stale:collection"]
    assert "run refresh" in wrong["stale:collection"] or "make refresh" in wrong["stale:collection"]


def test_deliveries_that_are_held_or_stuck(instance: dg.DagsterInstance, workspace: Workspace) -> None:
    arrived = datetime.now(UTC).isoformat(timespec="seconds")
    with editing(workspace.state) as ledger:
        held = Entry(1, "prices.csv", state=State.HELD, reason="90% of the prices change", arrived=arrived)
        ledger.entries |= {1: held, 2: Entry(2, "new.csv", state=State.WAITING, arrived=arrived)}
    (said,) = now_wrong(instance, workspace).values()
    assert "prices.csv is held" in said
    later = now_wrong(instance, workspace, timedelta(hours=7))
    assert "new.csv waits since" in later["delivery:stuck-2"]


def test_a_refused_challenger_is_told_until_one_is_promoted(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    verdict = {"promoted": False, "reasons": ["accuracy 0.5 is below"], "fingerprint": "abc"}
    path = workspace.evaluation / "gate" / "verdict.json"
    write_json(path, verdict)
    assert now_wrong(instance, workspace) == {"gate:abc": "the champion stays: accuracy 0.5 is below"}
    write_json(path, {**verdict, "promoted": True})
    assert not now_wrong(instance, workspace)


def test_a_release_on_the_side_that_failed_is_told_until_it_answers_again(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    status = Status("000002-bbbbbbbb", 0.1, "", "failed", "it ended with status -9")
    write_status(workspace.live / FOLDER, status)
    said = now_wrong(instance, workspace)["shadow:000002-bbbbbbbb"]
    assert "it ended with status -9; to try again:" in said
    write_status(workspace.live / FOLDER, replace(status, state="answering"))
    assert not now_wrong(instance, workspace)


def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    assert {alert.name for alert in full_disk(tmp_path, 1.0)} >= {"disk:workspace"}
    assert not list(full_disk(tmp_path, 0.0))


def test_a_disk_without_places_for_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = list(os.statvfs(tmp_path))
    there[5], there[7] = 1000, 3  # f_files and f_favail
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(there))
    (alert,) = [one for one in full_disk(tmp_path, 0.05) if one.key == "files"]
    assert "3 of 1,000 files (inodes) are left" in alert.said


def test_what_cannot_be_looked_at_is_told_and_hides_nothing_else(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    ran(instance, "refresh", fails=True)
    for name in ("state/deliveries.json", "evaluation/gate/verdict.json"):
        (workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / name).write_text("{")
    wrong = now_wrong(instance, workspace)
    assert {"run:refresh", "look:deliveries", "look:gate"} <= wrong.keys()
    assert "deliveries.json is damaged" in wrong["look:deliveries"]


@pytest.mark.parametrize("name", ["webhook.url", "alerts.json"])
def test_a_spoilt_file_of_the_alerts_own_silences_nothing(
    instance: dg.DagsterInstance, workspace: Workspace, name: str
) -> None:
    ran(instance, "refresh", fails=True)
    (workspace.state / name).write_text("not as it should be")
    _, _, said = alert_events(instance, workspace, QUIET, None)
    assert said == "2 open"
    told = " ".join(alert.said for alert in read_book(workspace.state).open.values())
    assert "no room on the shelf" in told
    assert name in told


def test_the_page_of_the_ui_changes_when_what_is_wrong_does(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    events, seen, said = alert_events(instance, workspace, QUIET, None)
    assert (events, said) == ([], "nothing is wrong")
    ran(instance, "chain", fails=True)
    (page, verdict), seen, said = alert_events(instance, workspace, QUIET, seen)
    assert said == "1 open"
    assert isinstance(page, dg.AssetMaterialization)
    assert isinstance(verdict, dg.AssetCheckEvaluation)
    assert not verdict.passed
    assert "no room on the shelf" in str(verdict.description)
    assert read_book(workspace.state).open["run:chain"].told
    assert "no room" in (workspace.root / "alerts.html").read_text()
    assert alert_events(instance, workspace, QUIET, seen)[0] == []


def test_the_command_says_where_nobody_looks(
    instance: dg.DagsterInstance, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(workspace.root.parent))
    check = ["--catalog", "shop", "--check"]
    never = CliRunner().invoke(alerts, check)
    assert (never.exit_code, "never looked" in " ".join(never.stdout.split())) == (1, True)
    alert_events(instance, workspace, QUIET, None)
    looked = CliRunner().invoke(alerts, check)
    assert (looked.exit_code, "nothing is wrong, as the alert sensor saw it" in looked.stdout) == (0, True)
    book = read_book(workspace.state)
    write_book(workspace.state, replace(book, due="2026-01-01T00:00:00+00:00"))
    gone = CliRunner().invoke(alerts, [*check, "--json"])
    assert (gone.exit_code, json.loads(gone.stdout)[0]["what"]) == (1, "nobody looks")
