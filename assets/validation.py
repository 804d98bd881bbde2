"""Validation: what must be true of the snapshot before anything is built on it."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.lib.checks import build_check, suite_check
from assets.lib.preconditions import BLOCKING
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from catalog.cells import media_cell
from catalog.snapshot.write import MediaStore, read_raw_events, read_raw_products, read_raw_stock
from shelfspace.files import read_json, write_json, write_table

__all__ = ["CHECKS", "media_findings", "validation_report"]

GROUP = "validation"
OWNERS = ["team:data-quality"]


@dg.asset(
    deps=["raw_media", "raw_products"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet"},
    code_version="1",
    description="Every photo and sound probed: does it decode, how large, how long.",
)
def media_findings(shop: Shop) -> dg.MaterializeResult:
    """Probe all media of the snapshot under the limits of `media` in params.yaml."""

    def compute(folder: Path) -> Facts:
        import pandas as pd

        from catalog.media import probe_media

        store = MediaStore.open(shop.workspace.snapshot)
        raw, separator = read_raw_products(shop.workspace.snapshot), shop.source.photo_separator
        parts = []
        for kind in ("photos", "sounds"):
            keys = sorted({key for cell in raw[kind] for key in media_cell(cell, separator)})
            parts.append(probe_media(store, keys, kind, shop.settings.media))
        findings = pd.concat(parts, ignore_index=True)
        write_table(folder / "findings.parquet", findings)
        refused = findings[~findings["ok"]]
        return {
            "dagster/row_count": len(findings),
            "photos": int((findings["kind"] == "photos").sum()),
            "sounds": int((findings["kind"] == "sounds").sum()),
            "refused": len(refused),
            "refused_media": markdown_table(refused[["key", "field", "value", "reason"]], 20),
        }

    record = build(
        shop.folder("media_findings"),
        inputs=shop.versions("raw_media"),
        code_version="1",
        settings=[shop.settings.media.model_dump(), shop.source.photo_separator],
        compute=compute,
    )
    return result("media_findings", record)


@dg.asset(
    deps=["raw_products", "raw_events", "raw_stock", media_findings],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"greatexpectations"},
    code_version="1",
    description="What the suites found on the snapshot, in one table, with a link to Data Docs.",
)
def validation_report(shop: Shop) -> dg.MaterializeResult:
    """Collect the verdicts of the checks on the raw assets."""
    wanted = [c for a in ("raw_products", "raw_events", "raw_stock", "media_findings") for c in BLOCKING[a]]

    def compute(folder: Path) -> Facts:
        import pandas as pd

        reports = {}
        for name in wanted:
            path = shop.workspace.validation / "results" / f"{name}.json"
            if path.exists():
                reports[name] = read_json(path)
        write_json(folder / "report.json", reports)
        rows = [
            {
                "check": name,
                "passed": r["passed"],
                "rows": r["statistics"]["rows"],
                "failing rows": r["statistics"]["failing_rows"],
            }
            for name, r in reports.items()
        ]
        docs = shop.workspace.validation / "index.html"
        return {"checks": markdown_table(pd.DataFrame(rows), 20), "pages": {"url": docs.as_uri()}}

    record = build(
        shop.folder("validation_report"),
        inputs=shop.versions("raw_products", "media_findings"),
        code_version="1",
        settings=[shop.settings.validation.model_dump()],
        compute=compute,
    )
    return result("validation_report", record)


def _media_report(shop: Shop) -> Any:
    import pandas as pd

    from data_checks.checks.media import check_media

    findings = pd.read_parquet(shop.folder("media_findings") / "findings.parquet")
    return check_media(findings, shop.settings, shop.workspace.validation)


CHECKS = [
    suite_check(
        "raw_products",
        "raw_products",
        "Columns, ids, prices, currency and texts of the rows as they came.",
        lambda shop: read_raw_products(shop.workspace.snapshot),
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
