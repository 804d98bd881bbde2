"""Runs that nobody asks for any more: an hourly look at drift alone leaves some 9,000 a year."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.lib.checks import BLOCKING

__all__ = ["delete_old_runs"]

BATCH = 500
"""Runs that are looked at in one call: the rest waits for the next one."""


def delete_old_runs(instance: dg.DagsterInstance, keep_days: float) -> list[str]:
    """Delete ended runs that are older, with their logs and output; returns their ids.

    A run that made the newest version of an asset stays, and one whose check is the last word on an asset:
    later stages ask for both.
    """
    before = datetime.now(UTC) - timedelta(days=keep_days)
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    old = instance.get_run_records(
        dg.RunsFilter(statuses=ended, created_before=before), limit=BATCH, ascending=True
    )
    needed = last_words(instance) if old else set()
    deleted = []
    for record in old:
        run = record.dagster_run.run_id
        if run not in needed:
            instance.compute_log_manager.delete_logs(prefix=[run])
            instance.delete_run(run)
            deleted.append(run)
    return deleted


def last_words(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold the newest materialisation of an asset, or the newest result of a check."""
    kept = set()
    for record in instance.get_asset_records():
        made = record.asset_entry.last_materialization_record
        if made is not None:
            kept.add(made.run_id)
    checks = [key for keys in BLOCKING.values() for key in keys]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    return kept | {record.run_id for record in latest.values()}
