"""Runs that overlap in one workspace: what a check came to last is what was judged last."""

from collections.abc import Iterator
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from assets.lib import checks
from assets.lib.checks import CHECKED_VERSION, require_checks
from shelfspace.errors import StaleCheckError

SOUND = dg.AssetCheckKey(dg.AssetKey("table"), "sound")
SAYS = {"passed": True, "version": "1"}


@dg.asset
def table() -> None:
    """A table."""


@dg.asset_check(asset=table, blocking=True)
def sound() -> dg.AssetCheckResult:
    """What SAYS says."""
    version = dg.MetadataValue.text(str(SAYS["version"]))
    return dg.AssetCheckResult(passed=bool(SAYS["passed"]), metadata={CHECKED_VERSION: version})


JOB = dg.Definitions(
    assets=[table],
    asset_checks=[sound],
    jobs=[dg.define_asset_job("judge", dg.AssetSelection.assets("table"))],
    executor=dg.in_process_executor,
).resolve_job_def("judge")


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setattr(checks, "BLOCKING", {"table": [SOUND]})
    monkeypatch.setitem(SAYS, "passed", True)
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def plan(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run that is entered with all it plans, and does not begin: it waits, or was killed."""
    return instance.create_run_for_job(JOB)


def work(instance: dg.DagsterInstance, run: dg.DagsterRun | None = None) -> None:
    execute_run(InMemoryJob(JOB), run or plan(instance), instance)


def require(instance: dg.DagsterInstance, version: str = "1") -> None:
    context, shop = SimpleNamespace(instance=instance), SimpleNamespace(data_version=lambda _: version)
    require_checks(context, shop, ["table"])  # type: ignore[arg-type]


def test_a_run_that_waits_or_was_killed_takes_no_verdict_away(instance: dg.DagsterInstance) -> None:
    work(instance)
    plan(instance)
    plan(instance)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([SOUND])[SOUND]
    assert latest.status.value == "PLANNED", "the run that waits was entered last"
    require(instance)
    with pytest.raises(StaleCheckError, match="passed on other bytes"):
        require(instance, "2")


def test_a_check_that_was_only_planned_has_never_run(instance: dg.DagsterInstance) -> None:
    plan(instance)
    with pytest.raises(StaleCheckError, match="has never run"):
        require(instance)


def test_the_latest_judgement_counts_not_the_run_that_was_entered_last(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = plan(instance)
    work(instance)
    monkeypatch.setitem(SAYS, "passed", False)
    work(instance, waits)
    with pytest.raises(StaleCheckError, match="failed"):
        require(instance)
