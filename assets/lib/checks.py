"""Asset checks: thin wrappers that turn a report of data_checks into a Dagster verdict.

Each check records the data version it judged, so that a later run can tell whether the verdict
is about the bytes that lie there now (assets/lib/preconditions.py).
"""

import sys
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd
from tqdm import tqdm

from assets.lib.preconditions import CHECKED_VERSION
from assets.lib.shop import Shop
from catalog.snapshot.write import MediaStore
from shelfspace.files import write_bytes

__all__ = ["build_check", "suite_check", "surroundings", "verdict"]


def verdict(report: Any, version: str, *, blocking: bool = True) -> dg.AssetCheckResult:
    """A CheckReport as an asset check result, failing rows included.

    Args:
        report: a `data_checks.validation.validate.CheckReport`.
        version: data version of the judged bytes.
        blocking: whether a failure is an error rather than a warning.
    """
    metadata: dict[str, Any] = {
        CHECKED_VERSION: dg.MetadataValue.text(version),
        "statistics": dg.MetadataValue.json(report.metadata()),
    }
    if len(report.failures):
        metadata["failing_rows"] = dg.MetadataValue.md(report.failing_markdown(limit=20))
    if report.docs_index is not None:
        metadata["data_docs"] = dg.MetadataValue.url(report.docs_index.as_uri())
    return dg.AssetCheckResult(
        passed=report.passed,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description=report.cause or "all expectations hold",
        metadata=metadata,
    )


def build_check(
    asset: str, name: str, description: str, judge: Callable[[Shop], Any]
) -> dg.AssetChecksDefinition:
    """A blocking check of `asset` that asks `judge` for a CheckReport and keeps it as JSON."""

    @dg.asset_check(asset=dg.AssetKey(asset), name=name, description=description, blocking=True)
    def check(shop: Shop) -> dg.AssetCheckResult:
        report = judge(shop)
        if not report.passed:
            tqdm.write(f"  {asset}: check {name} failed: {report.cause}", file=sys.stderr)
        write_bytes(shop.workspace.validation / "results" / f"{name}.json", report.to_json().encode())
        return verdict(report, shop.data_version(asset))

    return check


def surroundings(shop: Shop, *, clean: bool) -> Any:
    """What a table is compared with; products and media are known once the catalogue is clean."""
    from data_checks.suites import Surroundings

    if not clean:
        return Surroundings(currency=shop.source.currency)
    return Surroundings(
        currency=shop.source.currency,
        label_level=shop.source.label_level,
        product_ids=frozenset(shop.table("products")["product_id"]),
        media_keys=frozenset(MediaStore.open(shop.workspace.snapshot).keys()),
    )


def suite_check(
    asset: str, suite: str, description: str, load: Callable[[Shop], pd.DataFrame]
) -> dg.AssetChecksDefinition:
    """A blocking check that runs a Great Expectations suite over a table of the workspace."""

    def judge(shop: Shop) -> Any:
        from data_checks.validation.validate import validate

        around = surroundings(shop, clean=not suite.startswith("raw_"))
        return validate(suite, load(shop), shop.settings, shop.workspace.validation, around)

    return build_check(asset, f"{suite}_suite", description, judge)
