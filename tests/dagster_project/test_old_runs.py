"""Old runs go, but for those that an asset or a check rests on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.lib.checks import BLOCKING
from dagster_project.environment import DAGSTER_YAML, FORMER, prepare
from dagster_project.old_runs import delete_old_runs


@dg.asset
def goods() -> None: ...


@dg.asset_check(asset=goods)
def whole() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def test_runs_that_nothing_rests_on_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BLOCKING, "goods", [dg.AssetCheckKey(dg.AssetKey("goods"), "whole")])
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        checked = dg.materialize([goods, whole], instance=instance).run_id
        made = [dg.materialize([goods], instance=instance).run_id for _ in range(3)]
        assert delete_old_runs(instance, keep_days=1) == []
        later = datetime.now(UTC) - timedelta(days=2)
        for run in (checked, *made):
            _date_back(instance, run, later)
        assert delete_old_runs(instance, keep_days=1) == made[:2]
        assert {run.run_id for run in instance.get_runs()} == {checked, made[2]}
        assert instance.get_latest_materialization_event(dg.AssetKey("goods")).run_id == made[2]
        assert delete_old_runs(instance, keep_days=1) == []


def _date_back(instance: dg.DagsterInstance, run: str, to: datetime) -> None:
    from dagster._core.storage.runs.schema import RunsTable

    with instance.run_storage.connect() as connection:
        change = RunsTable.update().where(RunsTable.c.run_id == run)
        connection.execute(change.values(create_timestamp=to.replace(tzinfo=None)))


def test_a_configuration_of_before_learns_retention_and_one_of_a_person_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "workspaces"))
    told: dict[str, str] = {"SHELFSPACE_DAGSTER_HOME": str(tmp_path)}
    described = tmp_path / "dagster.yaml"
    own = "storage: {}\n"
    for there, wanted in (("", DAGSTER_YAML), *((text, DAGSTER_YAML) for text in FORMER), (own, own)):
        if there:
            described.write_text(there)
        prepare("sample", told)
        assert described.read_text() == wanted
