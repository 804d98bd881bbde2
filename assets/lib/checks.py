"""Asset checks: thin wrappers that turn a report of data_checks into a Dagster verdict.

Each check records the data version it judged, so that a later run can tell whether the verdict
is about the bytes that lie there now (assets/lib/preconditions.py).
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from tqdm import tqdm

from assets.lib.preconditions import CHECKED_VERSION
from assets.lib.shop import Shop
from assets.lib.stage import Facts
from catalog.snapshot.write import MediaStore
from shelfspace.files import read_json, write_bytes, write_json
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.workspace import PROJECT

__all__ = ["build_check", "suite_check", "surroundings", "verdict"]

ROOMS = ("assets", "catalog", "data_checks", "models")
"""Where the code stands that a verdict may rest on."""


def verdict(kept: Facts, version: str) -> dg.AssetCheckResult:
    """A verdict as Dagster shows it, failing rows included.

    Args:
        kept: what `facts_of` made of a report.
        version: data version of the judged bytes.
    """
    metadata: dict[str, Any] = {
        CHECKED_VERSION: dg.MetadataValue.text(version),
        "statistics": dg.MetadataValue.json(kept["statistics"]),
    }
    if kept["failing_rows"]:
        metadata["failing_rows"] = dg.MetadataValue.md(kept["failing_rows"])
    if kept["data_docs"]:
        metadata["data_docs"] = dg.MetadataValue.url(Path(kept["data_docs"]).as_uri())
    return dg.AssetCheckResult(
        passed=kept["passed"],
        severity=dg.AssetCheckSeverity.ERROR,
        description=kept["description"],
        metadata=metadata,
    )


def facts_of(report: Any) -> Facts:
    """What Dagster is shown of a `data_checks.validation.report.CheckReport`, as plain JSON."""
    return {
        "passed": report.passed,
        "description": report.cause or "all expectations hold",
        "statistics": report.metadata(),
        "failing_rows": report.failing_markdown(limit=20) if len(report.failures) else "",
        "data_docs": "" if report.docs_index is None else str(report.docs_index),
    }


def build_check(
    asset: str, name: str, description: str, judge: Callable[[Shop], Any], reads: Sequence[str] = ()
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
    """

    @dg.asset_check(asset=dg.AssetKey(asset), name=name, description=description, blocking=True)
    def check(shop: Shop) -> dg.AssetCheckResult:
        version = shop.data_version(asset)
        shown = shop.workspace.validation / "results" / f"{name}.json"
        note = shop.workspace.state / "checks" / f"{name}.json"
        wanted = fingerprint(
            [
                shop.versions(asset, *reads),
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
            write_json(note, {"fingerprint": wanted, "facts": facts})
        else:
            tqdm.write(f"  {asset}: check {name} failed: {report.cause}", file=sys.stderr)
            note.unlink(missing_ok=True)
        return verdict(facts, version)

    return check


@cache
def code_hash() -> str:
    """Hash of the code that verdicts come from and of the libraries' versions."""
    code = [[file_hash(file) for file in sorted((PROJECT / room).rglob("*.py"))] for room in ROOMS]
    return fingerprint([code, file_hash(PROJECT / "requirements.lock")])


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
    asset: str,
    suite: str,
    description: str,
    load: Callable[[Shop], pd.DataFrame],
    reads: Sequence[str] = (),
) -> dg.AssetChecksDefinition:
    """A blocking check that runs a Great Expectations suite over a table of the workspace."""

    def judge(shop: Shop) -> Any:
        from data_checks.validation.validate import validate

        around = surroundings(shop, clean=not suite.startswith("raw_"))
        return validate(suite, load(shop), shop.settings, shop.workspace.validation, around)

    return build_check(asset, f"{suite}_suite", description, judge, reads)
