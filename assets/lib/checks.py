"""Asset checks: a report of data_checks becomes a Dagster verdict, which later runs ask for.

A blocking check by itself stops only the run it is in. Each check therefore records the data version
it judged, and a stage raises unless the checks of what it reads passed on the bytes that lie there now.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)
from pyarrow.parquet import read_metadata

from assets.lib.presentation import shown_table, table_fact
from assets.lib.record import Facts
from assets.lib.refusals import refusals_first
from assets.lib.shop import Shop
from shelfspace.errors import StaleCheckError
from shelfspace.files import read_json, write_bytes, write_sealed_json
from shelfspace.hashing import content_hash, file_hash, fingerprint
from shelfspace.workspace import CODE

__all__ = ["build_check", "require_checks", "suite_check", "verdict"]

CHECKED_VERSION = "checked_data_version"
"""Metadata name under which each check records the data version it judged."""

BLOCKING: dict[str, list[dg.AssetCheckKey]] = {}
"""Asset to its blocking checks, as each one says when it is built; they stand in the asset's own module."""

OVERLAPPING = 25
"""Judgements of a check among which the latest is looked for: more than runs ever wait at once."""

EXAMPLES = 40
"""Failing rows that a check shows."""

OF_PRODUCTS = ("events", "stock", "interactions")
"""Suites whose tables are compared with the clean products."""

ROOMS = ("assets", "catalog", "data_checks", "models")
"""Where the code stands that a verdict may rest on."""


def verdict(kept: Facts, version: str) -> dg.AssetCheckResult:
    """A verdict as Dagster shows it: what each rule came to, failing rows included.

    Each rule's failing rows are a number of its own, which the check's page plots over time.

    Args:
        kept: what `facts_of` made of a report.
        version: data version of the judged bytes.
    """
    metadata: dict[str, Any] = {
        CHECKED_VERSION: dg.MetadataValue.text(version),
        **kept["numbers"],
        "rules": shown_table(**kept["rules"]["table"]),
        "statistics": dg.MetadataValue.json(kept["statistics"]),
    }
    if kept["examples"]:
        metadata["rows that fail"] = shown_table(**kept["examples"]["table"])
    if kept["data_docs"]:
        metadata["data_docs"] = dg.MetadataValue.path(kept["data_docs"])
    return dg.AssetCheckResult(
        passed=kept["passed"],
        severity=dg.AssetCheckSeverity.ERROR,
        description=kept["description"],
        metadata=metadata,
    )


def facts_of(report: Any) -> Facts:
    """What Dagster is shown of a `data_checks.validation.report.CheckReport`, as plain JSON."""
    results = sorted(report.results(), key=lambda result: result.passed)
    rules = pd.DataFrame(
        [
            {
                "rule": result.sentence,
                "holds": "yes" if result.passed else f"no ({result.severity})",
                "observed": result.observed,
                "why": result.reason,
            }
            for result in results
        ]
    )
    # A few of each rule, or one rule's rows would fill the table.
    examples = report.failures.groupby("rule", sort=False).head(4).drop(columns=["severity", "rule"])
    counted = {f"failing {result.name}": result.failing for result in results if result.checked}
    return {
        "passed": report.passed,
        "description": report.cause or "all expectations hold",
        "numbers": {**{name: int(value) for name, value in report.statistics.items()}, **counted},
        "rules": table_fact(rules, len(rules), 200),
        "statistics": report.metadata(),
        "examples": table_fact(examples, EXAMPLES) if len(examples) else {},
        "data_docs": "" if report.docs_index is None else str(report.docs_index),
    }


def build_check(
    asset: str,
    name: str,
    description: str,
    judge: Callable[[Shop], Any],
    reads: Sequence[str] = (),
    also: Callable[[Shop], Any] = lambda shop: (),
) -> dg.AssetChecksDefinition:
    """A blocking check of `asset` that asks `judge` for a CheckReport and keeps it as JSON.

    A verdict that was good is given again while nothing changed that it rests on: the bytes, the
    settings, the description of the catalogue, the code. A bad one is always judged anew.

    Args:
        asset: whose check it is.
        name: of the check.
        description: what holds where it passes.
        judge: gives the report; may read `asset`, `reads`, settings and the catalogue's description.
        reads: further assets that the judge reads.
        also: JSON-able values that the verdict rests on besides.
    """

    BLOCKING.setdefault(asset, []).append(dg.AssetCheckKey(dg.AssetKey(asset), name))

    @dg.asset_check(asset=dg.AssetKey(asset), name=name, description=description, blocking=True)
    def check(shop: Shop) -> dg.AssetCheckResult:
        with refusals_first():
            version = shop.data_version(asset)
            shown = shop.workspace.validation / "results" / f"{name}.json"
            note = shop.workspace.state / "checks" / f"{name}.json"
            wanted = fingerprint(
                [
                    [shop.contents(asset, *reads), also(shop)],
                    shop.settings.model_dump(mode="json"),
                    [shop.source.currency, shop.source.label_level, shop.source.cleaning_fingerprint],
                    code_hash(),
                ]
            )
            if note.exists() and shown.exists():
                kept = read_json(note)
                docs = kept["facts"]["data_docs"]
                if kept["fingerprint"] == wanted and (not docs or Path(docs).exists()):
                    return verdict(kept["facts"], version)
            report = judge(shop)
            facts = facts_of(report)
            write_bytes(shown, report.to_json().encode())
            if report.passed:
                write_sealed_json(note, {"fingerprint": wanted, "facts": facts})
            else:
                note.unlink(missing_ok=True)
            return verdict(facts, version)

    return check


@cache
def code_hash() -> str:
    """Hash of the code that verdicts come from and of the libraries' versions."""
    code = [[file_hash(file) for file in sorted((CODE / room).rglob("*.py"))] for room in ROOMS]
    named = (line for line in requires("shelfspace") or () if "extra ==" not in line)
    needed = {re.split(r"[^\w.-]", line)[0] for line in named}
    return fingerprint([code, sorted([name, version(name)] for name in needed)])


def suite_check(
    asset: str, suite: str, description: str, load: Callable[[Shop], pd.DataFrame]
) -> dg.AssetChecksDefinition:
    """A blocking check that runs a Great Expectations suite over a table of the workspace.

    Clean products are compared with the media of the snapshot, those `OF_PRODUCTS` with the products.
    """

    def media(shop: Shop) -> frozenset[str] | None:
        return frozenset(shop.media.keys()) if suite == "products" else None

    def products(shop: Shop) -> frozenset[str] | None:
        return frozenset(shop.table("products")["product_id"]) if suite in OF_PRODUCTS else None

    def compared(shop: Shop) -> frozenset[str] | None:
        return None if suite in OF_PRODUCTS and is_empty(shop, asset) else products(shop)

    def judge(shop: Shop) -> Any:
        from data_checks.suites import Surroundings
        from data_checks.validation.validate import validate

        level = 0 if suite.startswith("raw_") else shop.source.label_level
        reading = shop.source.reading(suite.removeprefix("raw_"))
        around = Surroundings(shop.source.currency, level, products(shop), media(shop), reading=reading)
        return validate(suite, load(shop), shop.settings, shop.workspace.validation, around)

    return build_check(
        asset,
        f"{suite}_suite",
        description,
        judge,
        also=lambda shop: [content_hash(*sorted(known(shop) or ())) for known in (media, compared)],
    )


def is_empty(shop: Shop, table: str) -> bool:
    """Whether a table has no row: then it says nothing of products, whichever there are."""
    return bool(read_metadata(shop.folder(table) / f"{table}.parquet").num_rows == 0)


def last_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """What a check came to the last time that it was judged; None where it never was.

    A run enters every check that it plans when it begins. One that waits for the workspace, or was killed
    before it came so far, says nothing of the bytes: only judgements that took place count, the latest
    by its own time, since the run that was entered last need not be the one that judged last.
    """
    judged = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=OVERLAPPING, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    latest = max(judged, key=lambda one: one.event.timestamp if one.event else 0.0, default=None)
    return None if latest is None else latest.evaluation


def require_checks(context: dg.AssetExecutionContext, shop: Shop, names: Iterable[str]) -> None:
    """Raise unless every blocking check of these assets passed on their present data versions.

    Args:
        context: of a run; its instance knows what the checks said last.
        names: assets; a name that is none of them has no checks.

    Raises:
        StaleCheckError: names the asset, the check, why it does not hold, and the job to run.
    """
    for key in (key for name in names for key in BLOCKING.get(name, ())):
        asset, evaluation = key.asset_key.to_user_string(), last_evaluation(context.instance, key)
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
        if judged is None or judged.value != shop.data_version(asset):
            raise StaleCheckError(
                f"check {key.name} of {asset} passed on other bytes than those that lie there now; "
                f"run the job that makes {asset} again"
            )
