"""What asks for a refresh: deliveries, a changed source, a snapshot that no release has."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from assets.lib.shop import Shop
from catalog.sources.watch import note_collected, source_state
from dagster_project.automation import automations, present_settings
from dagster_project.automation.needs import Need
from dagster_project.automation.refreshing import delivery_need, source_need
from dagster_project.definitions import defs
from dagster_project.tags import NEED
from releases.bars import Bar, write_bars
from shelfspace.files import write_json
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

QUIET = Settings.model_validate({"collection": {"quiet_seconds": 5}, "automation": {"inbox_job": "retrain"}})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A catalogue whose workspace has a snapshot, and a release of it."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "products.csv").write_text("product_id,title\n1,Lamp\n")
    write_description(folder, automation={"inbox_job": "retrain"})
    settle(folder / "catalog.yaml")
    monkeypatch.setenv("SHELFSPACE_CATALOG", str(folder))
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "all"))
    monkeypatch.delenv("SHELFSPACE_PARAMS", raising=False)
    made = Shop()
    collect(made.workspace, "aaaa1111.dir")
    release(made.workspace, "000001-00000000", "aaaa1111.dir")
    note_collected(made.workspace.state, source_state(made.source))
    return made


def write_description(folder: Path, **params: dict) -> None:
    (folder / "catalog.yaml").write_text(yaml.safe_dump({"params": params}))


def collect(workspace: Workspace, version: str) -> None:
    pointer = {"outs": [{"md5": version, "path": "snapshot"}]}
    workspace.root.joinpath("snapshot.dvc").write_text(yaml.safe_dump(pointer))


def release(workspace: Workspace, name: str, snapshot: str, champion: str = "") -> None:
    said = {"snapshot_md5": snapshot, "champion": champion}
    manifest = {"format": 1, "id": name, "files": {}, "provenance": said}
    write_json(workspace.releases / name / "release.json", manifest)


def settle(path: Path) -> None:
    """As if nothing had happened to a file for a while."""
    before = time.time() - 60
    os.utime(path, (before, before))


def test_a_delivery_that_has_settled_asks_and_keeps_its_key_until_it_changes(shop: Shop) -> None:
    workspace = shop.workspace
    assert "no delivery" in str(delivery_need(workspace, QUIET))
    file = workspace.inbox / "more.csv"
    file.write_text("product_id,title\n2,Vase\n")
    assert "no delivery" in str(delivery_need(workspace, QUIET)), "it may still be written"
    settle(file)
    need = delivery_need(workspace, QUIET)
    assert isinstance(need, Need)
    assert (need.job, need.again, need.kind) == ("retrain", "refresh", "delivery")
    assert "more.csv" in need.cause
    assert need.since == file.stat().st_ctime, "runs before it came do not count"
    assert delivery_need(workspace, QUIET) == need
    file.write_text("product_id,title\n2,Bowl\n3,Vase\n")
    settle(file)
    other = delivery_need(workspace, QUIET)
    assert isinstance(other, Need)
    assert other.key != need.key


def test_a_snapshot_in_no_release_asks_for_a_refresh_and_a_rollback_does_not(shop: Shop) -> None:
    workspace = shop.workspace
    collect(workspace, "bbbb2222.dir")
    need = delivery_need(workspace, QUIET)
    assert isinstance(need, Need)
    assert need.job == "refresh", "what is collected needs no training"
    assert "snapshot bbbb2222 is collected and in no release yet" in need.cause
    release(workspace, "000002-00000000", "bbbb2222.dir")
    assert "is released" in str(delivery_need(workspace, QUIET))
    (workspace.releases / "current").write_text("000001-00000000\n")
    assert "is released" in str(delivery_need(workspace, QUIET)), "somebody went back on purpose"
    release(workspace, "000002-00000000", "bbbb2222.dir", champion="worse")
    assert "is released" in str(delivery_need(workspace, QUIET))
    undone = Bar(
        "000001-00000000", ("000002-00000000",), {"worse": ""}, (), "anna", "2026-01-01", "", pending=False
    )
    write_bars(workspace.root, [undone])
    assert isinstance(delivery_need(workspace, QUIET), Need), (
        "of the model: the data goes with the one before"
    )


def test_before_the_first_release_it_says_what_to_run(shop: Shop) -> None:
    workspace = shop.workspace
    (workspace.releases / "000001-00000000" / "release.json").unlink()
    (workspace.releases / "000001-00000000").rmdir()
    collect(workspace, "bbbb2222.dir")
    assert "nothing is released yet" in str(delivery_need(workspace, QUIET))
    assert workspace.command("demo") in str(source_need(shop, None)[0])


def test_a_changed_source_asks_once_it_is_quiet_and_the_same_at_two_looks(shop: Shop) -> None:
    said, seen = source_need(shop, None)
    assert "collected last" in str(said)
    table = shop.source.folder / "products.csv"
    table.write_text("product_id,title\n1,Lamp\n2,Vase\n")
    said, seen = source_need(shop, seen)
    assert "products.csv" in str(said)
    assert "changed" in str(said)
    said, seen = source_need(shop, seen)
    assert isinstance(said, str), "the same at two looks, and written a moment ago"
    settle(table)
    said, seen = source_need(shop, seen)
    assert isinstance(said, str), "an old time that it did not have at the look before"
    need, seen = source_need(shop, seen)
    assert isinstance(need, Need)
    assert (need.job, need.again) == ("retrain", "refresh")
    assert "products.csv" in need.cause
    note_collected(shop.workspace.state, source_state(shop.source))
    assert "collected last" in str(source_need(shop, seen)[0])


def tick(name: str, cursor: str | None = None) -> dg.SensorResult:
    """What a sensor answers at one tick."""
    (sensor,) = (one for one in automations(present_settings())[0] if one.name == name)
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance, cursor) as context:
        answer = sensor(context)
        for event in answer.asset_events:
            instance.report_runless_asset_event(event)  # as the daemon stores it
    assert isinstance(answer, dg.SensorResult)
    return answer


def test_a_weekly_retraining_that_failed_is_asked_for_again(shop: Shop) -> None:
    _, (weekly, *_) = automations(present_settings())
    (sensor,) = (one for one in automations(present_settings())[0] if one.name == "weekly_sensor")
    due = datetime(2026, 3, 2, 3, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        with dg.build_schedule_context(instance, scheduled_execution_time=due) as context:
            (request,) = weekly.evaluate_tick(context).run_requests or ()
        with dg.build_sensor_context(instance) as context:
            assert "none was due" in str(sensor(context).skip_message)
            run = instance.create_run_for_job(defs.resolve_job_def("retrain"), tags=request.tags)
            assert run.run_id[:8] in str(sensor(context).skip_message), "it is at work"
            instance.report_run_failed(run, "killed")
            assert "attempt 2 of 8" in str(sensor(context).skip_message)
            eager = automations(Settings.model_validate({"automation": {"retry_seconds": 0.001}}))[0]
            (sensor,) = (one for one in eager if one.name == "weekly_sensor")
            again = sensor(context)
            assert isinstance(again, dg.RunRequest)
            assert (again.job_name, again.tags[NEED]) == ("retrain", "weekly-2026-03-02T03:00")


def test_each_change_of_the_ledger_is_shown_as_an_asset(shop: Shop) -> None:
    first = tick("inbox_sensor")
    assert not first.asset_events
    inbox = shop.workspace.inbox
    (inbox / "more.csv").write_text("product_id,title\n2,Vase\n")
    second = tick("inbox_sensor", first.cursor)
    shown, verdict = second.asset_events
    assert verdict.passed
    assert shown.asset_key.to_user_string() == "deliveries"
    rows = shown.metadata["deliveries"].records
    assert [row.data["name"] for row in rows] == ["more.csv"]
    assert shown.metadata["arriving"].value == 1
    assert not tick("inbox_sensor", second.cursor).asset_events, "nothing has changed"


def test_a_refusal_is_the_reason_of_the_tick(shop: Shop) -> None:
    (shop.workspace.state / "deliveries.json").write_text("{")
    (sensor,) = (one for one in automations(present_settings())[0] if one.name == "inbox_sensor")
    with dg.DagsterInstance.ephemeral() as instance, dg.build_sensor_context(instance) as context:
        answer = sensor(context)
    assert isinstance(answer, dg.SkipReason)
    assert "deliveries.json" in str(answer.skip_message)


def test_sensors_have_the_settings_of_the_catalogue(shop: Shop, tmp_path: Path) -> None:
    assert present_settings().automation.inbox_job == "retrain"
    write_description(shop.source.folder, automation={"drift_interval_seconds": 7, "attempts": 2})
    told = present_settings().automation
    assert (told.drift_interval_seconds, told.attempts, told.inbox_job) == (7, 2, "refresh")


def test_sensors_have_the_settings_that_the_environment_names(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "ours.yaml"
    named.write_text(yaml.safe_dump({"automation": {"weekly": "0 1 * * 2", "inbox_job": "refresh"}}))
    monkeypatch.setenv("SHELFSPACE_PARAMS", str(named))
    told = present_settings().automation
    assert told.weekly == "0 1 * * 2"
    assert told.inbox_job == "retrain", "the catalogue's own go on top"


def test_a_catalogue_that_is_gone_leaves_the_settings_of_all(shop: Shop) -> None:
    (shop.source.folder / "products.csv").rename(shop.source.folder.parent / "away.csv")
    (shop.source.folder / "catalog.yaml").unlink()
    shop.source.folder.rmdir()
    assert present_settings().automation.attempts == 8


def test_what_waits_for_a_person_is_a_warning_on_the_deliveries_page(shop: Shop) -> None:
    nested = shop.workspace.inbox / "2026-11-28" / "more.csv"
    nested.parent.mkdir(parents=True)
    nested.write_text("product_id,title\n2,Vase\n")
    first = tick("inbox_sensor")
    _, verdict = first.asset_events
    assert (verdict.check_name, verdict.passed, verdict.severity.name) == (
        "nothing_waits_for_a_person", False, "WARN",
    )  # fmt: skip
    assert "2026-11-28: a folder; put its files themselves into the inbox" in verdict.description
    nested.parent.rename(shop.workspace.inbox / ".part")
    _, verdict = tick("inbox_sensor", first.cursor).asset_events
    assert (verdict.passed, verdict.description) == (True, "Nothing waits for a person.")
