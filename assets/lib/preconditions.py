"""Checks that stop later runs too: a blocking check by itself stops only the run it is in."""

from collections.abc import Mapping

import dagster as dg

from shelfspace.errors import StaleCheckError

__all__ = ["BLOCKING", "CHECKED_VERSION", "require_checks"]

BLOCKING: Mapping[str, tuple[str, ...]] = {
    "raw_products": ("raw_products_suite",),
    "raw_events": ("raw_events_suite",),
    "raw_stock": ("raw_stock_suite",),
    "media_findings": ("media_probes",),
    "products": ("products_suite",),
    "events": ("events_suite",),
    "stock": ("stock_suite",),
    "quarantine": ("balance",),
    "splits": ("no_leak",),
    "challenger": ("vectors_sound",),
    "search_index": ("recall_measured",),
}
"""Asset to the blocking checks that must have passed on its present bytes."""

CHECKED_VERSION = "checked_data_version"
"""Metadata name under which each check records the data version it judged."""


def require_checks(instance: dg.DagsterInstance, versions: Mapping[str, str]) -> None:
    """Raise unless every blocking check of these assets passed on these very data versions.

    Args:
        versions: asset name to the data version that lies in the workspace now.

    Raises:
        StaleCheckError: names the asset, the check, why it does not hold, and the job to run.
    """
    wanted = [
        (asset, dg.AssetCheckKey(dg.AssetKey(asset), check))
        for asset in versions
        for check in BLOCKING.get(asset, ())
    ]
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key for _, key in wanted])
    for asset, key in wanted:
        execution = latest.get(key)
        evaluation = None
        if (
            execution is not None
            and execution.event is not None
            and execution.event.dagster_event is not None
        ):
            evaluation = execution.event.dagster_event.asset_check_evaluation_data
        if evaluation is None:
            raise StaleCheckError(
                f"check {key.name} of {asset} has never run; run the chain job, which runs it"
            )
        if not evaluation.passed:
            raise StaleCheckError(
                f"check {key.name} of {asset} failed: {evaluation.description or 'see its metadata'}; "
                f"mend the data and run the job that makes {asset} again"
            )
        judged = evaluation.metadata.get(CHECKED_VERSION)
        if judged is None or judged.value != versions[asset]:
            raise StaleCheckError(
                f"check {key.name} of {asset} passed on other bytes than those that lie there now; "
                f"run the job that makes {asset} again"
            )
