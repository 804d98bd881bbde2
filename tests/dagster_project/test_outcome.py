"""How a run's end is told apart: our own refusals, failed checks, interruptions, and bugs."""

import errno

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from assets.lib.refusals import refusals_first
from dagster_project.outcome import Outcome
from shelfspace.errors import BusyError, CatalogError


def outcome_of(*parts: object, **resources: dg.ResourceDefinition) -> Outcome:
    """Run assets and checks as one job in this process and take note of its events."""
    assets = [part for part in parts if not isinstance(part, dg.AssetChecksDefinition)]
    checks = [part for part in parts if isinstance(part, dg.AssetChecksDefinition)]
    definitions = dg.Definitions(
        assets=assets,  # type: ignore[arg-type]
        asset_checks=checks,
        jobs=[dg.define_asset_job("chain", executor_def=dg.in_process_executor)],
        resources=resources,
    )
    job = definitions.resolve_job_def("chain")
    with dg.instance_for_test() as instance:
        silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        run = instance.create_run_for_job(job, run_config=silent)
        outcome = Outcome(run.run_id)
        instance.add_event_listener(run.run_id, outcome.take)
        execute_run(InMemoryJob(job), run, instance)
    return outcome


@dg.asset
def sound() -> None:
    """An asset without a fault."""


@dg.asset(deps=[sound])
def late() -> None:
    """What follows it."""


def test_a_whole_run_is_a_success() -> None:
    assert outcome_of(sound, late).success


def test_our_own_error_is_one_sentence_told_once() -> None:
    @dg.asset
    def first() -> None:
        raise CatalogError("products.price", "12,,5", "write 12.5")

    @dg.asset
    def second() -> None:
        try:
            float("12,,5")
        except ValueError as error:
            raise CatalogError("products.price", "12,,5", "write 12.5") from error

    outcome = outcome_of(first, second)
    assert outcome.refusals == ["products.price = '12,,5': write 12.5"]
    assert not outcome.crashes
    assert not outcome.success


def test_a_failed_blocking_check_is_a_refusal_with_its_reason() -> None:
    @dg.asset_check(asset=sound, blocking=True)
    def holds() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="3 ids are there twice")

    outcome = outcome_of(sound, late, holds)
    assert outcome.refusals == ["check holds of sound failed: 3 ids are there twice"]
    assert not outcome.crashes
    assert not outcome.success


@pytest.mark.parametrize("blocking", [True, False])
def test_a_check_that_stops_nothing_refuses_nothing(blocking: bool) -> None:
    @dg.asset_check(asset=sound, blocking=blocking)
    def hint() -> dg.AssetCheckResult:
        severity = dg.AssetCheckSeverity.WARN if blocking else dg.AssetCheckSeverity.ERROR
        return dg.AssetCheckResult(passed=False, severity=severity)

    assert outcome_of(sound, hint).success


def test_a_bug_keeps_its_traceback() -> None:
    @dg.asset
    def broken() -> None:
        raise KeyError("unforeseen")

    outcome = outcome_of(broken, sound)
    (crash,) = outcome.crashes
    assert "unforeseen" in crash
    assert "test_outcome.py" in crash
    assert not outcome.refusals


def test_what_the_machine_lacks_is_no_bug_and_has_a_remedy() -> None:
    @dg.asset
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/rows")

    outcome = outcome_of(full)
    (said,) = outcome.refusals
    assert "No space left on device: '/data/rows'" in said
    assert "free some room" in said
    assert not outcome.crashes


def test_a_refusal_comes_first_in_the_ui_and_stays_a_refusal() -> None:
    @dg.asset
    def refusing() -> None:
        with refusals_first():
            raise CatalogError("products.price", "12,,5", "write 12.5")

    with dg.instance_for_test() as instance:
        run = dg.materialize([refusing], instance=instance, raise_on_error=False)
        (failed,) = [event for event in run.all_events if event.is_step_failure]
    shown = failed.step_failure_data
    assert shown.user_failure_data is not None
    assert shown.user_failure_data.description == "products.price = '12,,5': write 12.5"
    assert shown.error is not None
    assert shown.error.message.startswith("dagster._core.definitions.events.Failure: products.price = ")
    outcome = outcome_of(refusing)
    assert outcome.refusals == ["products.price = '12,,5': write 12.5"]
    assert not outcome.crashes


def test_a_resource_that_refuses_is_told_although_no_step_began() -> None:
    @dg.resource
    def held(_: object) -> None:
        raise BusyError("another run holds workspace shop")

    @dg.asset(required_resource_keys={"held"})
    def needs() -> None:
        """It never runs."""

    outcome = outcome_of(needs, held=held)
    assert outcome.refusals == ["another run holds workspace shop"]
    assert not outcome.crashes


def test_an_interruption_is_no_bug() -> None:
    @dg.asset
    def stopped() -> None:
        raise KeyboardInterrupt

    outcome = outcome_of(stopped)
    assert outcome.interrupted
    assert not outcome.crashes
    assert not outcome.success
