"""Validation: what must be true of the snapshot before anything is built on it."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from assets.lib.checks import build_check, suite_check
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import FOLDERS, Shop
from assets.lib.stage import stage
from catalog.joining import join_rows
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from shelfspace.files import read_json, read_parquet, write_json, write_table

__all__ = ["CHECKS", "media_findings", "validation_report"]

PROBED_BY = "3"
"""Code version of the probe: what another one found is not taken over."""

validation = partial(stage, group="validation", owners=["team:data-quality"], code_version="1")


@validation(
    folder="validation/media_findings",
    deps=["raw_media", "raw_products"],
    inputs=["raw_media"],
    settings=lambda shop: [shop.settings.media.model_dump(), shop.source.photo_separator],
    kinds={"parquet"},
    code_version=PROBED_BY,
    description="Every photo and sound probed: does it decode, how large and bright, how long and loud.",
)
def media_findings(shop: Shop, folder: Path) -> Facts:
    """Probe the media of the snapshot under the limits of `media` in params.yaml, once per content."""
    from catalog.media import probe_catalogue

    raw, by = read_raw_products(shop.workspace.snapshot), [PROBED_BY, shop.settings.media.model_dump()]
    before, known = shop.workspace.root / FOLDERS["media_findings"], None
    if (before / "probed_by.json").exists() and read_json(before / "probed_by.json") == by:
        known = read_parquet(shop.folder("media_findings") / "findings.parquet")
    findings = probe_catalogue(shop.media, raw, shop.source.photo_separator, shop.settings.media, known)
    write_table(folder / "findings.parquet", findings)
    write_json(folder / "probed_by.json", by)
    refused = findings[~findings["ok"]]
    return {
        "dagster/row_count": len(findings),
        "photos": int((findings["kind"] == "photos").sum()),
        "sounds": int((findings["kind"] == "sounds").sum()),
        "refused": len(refused),
        "refused_media": table_fact(refused[["key", "field", "value", "reason"]], 20),
    }


@validation(
    folder="validation/report",
    deps=["raw_products", "raw_events", "raw_stock", "media_findings"],
    inputs=["raw_products", "media_findings"],
    settings=lambda shop: [shop.settings.validation.model_dump()],
    kinds={"greatexpectations"},
    description="What the suites found on the snapshot, in one table, and where the Data Docs lie.",
)
def validation_report(shop: Shop, folder: Path) -> Facts:
    """Collect the verdicts of the checks on the raw assets."""
    results = shop.workspace.validation / "results"
    files = [results / f"{key.name}.json" for check in CHECKS for key in check.check_keys]
    reports = {path.stem: read_json(path) for path in files if path.exists()}
    write_json(folder / "report.json", reports)
    rows = [
        {
            "check": name,
            "passed": report["passed"],
            "rows": report["statistics"]["rows"],
            "failing rows": report["statistics"]["failing_rows"],
        }
        for name, report in reports.items()
    ]
    pages = shop.workspace.validation / "index.html"
    return {"checks": table_fact(pd.DataFrame(rows), 20), "pages": {"path": str(pages)}}


def _media_report(shop: Shop) -> Any:
    from data_checks.checks.media import check_media

    findings = read_parquet(shop.folder("media_findings") / "findings.parquet")
    return check_media(findings, shop.settings, shop.workspace.validation)


def _whole_products(shop: Shop) -> pd.DataFrame:
    """Raw products, rows that complete each other joined as cleaning joins them."""
    raw, source = read_raw_products(shop.workspace.snapshot), shop.source
    return join_rows(raw, source.photo_separator, source.reading("products")).rows


CHECKS = [
    suite_check(
        "raw_products",
        "raw_products",
        "Columns, ids, prices, currency and texts of the rows as they came.",
        _whole_products,
    ),
    suite_check(
        "raw_events",
        "raw_events",
        "Columns, known events, quantities and times of the events as they came.",
        lambda shop: read_raw_events(shop.workspace.snapshot),
    ),
    suite_check(
        "raw_stock",
        "raw_stock",
        "Columns and figures of the stock as it came.",
        lambda shop: read_raw_stock(shop.workspace.snapshot),
    ),
    build_check(
        "media_findings",
        "media_probes",
        "Nearly all photos and sounds decode within the limits.",
        _media_report,
    ),
]
