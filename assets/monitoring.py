"""Monitoring: what the service was asked, and whether the world has moved since the champion."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from releases.champion import champion as current_champion
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json, write_table
from shelfspace.hashing import fingerprint

__all__ = ["drift_report", "live_requests"]

GROUP = "monitoring"
OWNERS = ["team:serving"]


@dg.asset(
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet"},
    code_version="1",
    description="Requests the service answered, from its log: statistics and vectors, no shopper data.",
)
def live_requests(shop: Shop) -> dg.MaterializeResult:
    """Gather the service's request log into one table."""
    from data_checks.drift.reference import read_requests, request_versions

    versions = request_versions(shop.workspace.live)

    def compute(folder: Path) -> Facts:
        requests = read_requests(shop.workspace.live)
        write_table(folder / "requests.parquet", requests)
        counts = requests["endpoint"].value_counts() if len(requests) else pd.Series(dtype=int)
        return {
            "dagster/row_count": len(requests),
            "files": len(versions),
            "by_endpoint": {"json": {str(k): int(v) for k, v in counts.items()}},
        }

    record = build(
        shop.folder("live_requests"),
        inputs=versions,
        code_version="1",
        settings=[],
        compute=compute,
    )
    return result("live_requests", record)


@dg.asset(
    deps=[live_requests, "product_embeddings", "products", "champion", "release"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"evidently"},
    code_version="1",
    description="Evidently's comparison of catalogue and traffic with the champion's reference.",
)
def drift_report(shop: Shop) -> dg.MaterializeResult:
    """Compare today's catalogue and traffic with what the champion was crowned on."""
    workspace, settings = shop.workspace, shop.settings.monitoring
    kept = current_champion(workspace)
    if kept is None:
        raise ArtifactError(f"workspace {workspace.name} has no champion to compare with; run the chain job")
    reference = workspace.state / "reference" / kept["fingerprint"]

    def compute(folder: Path) -> Facts:
        from data_checks.drift.reference import catalogue_columns, traffic_windows
        from data_checks.drift.report import drift_report as compare

        dashboard, level = workspace.state / "evidently", shop.source.label_level or 1
        embedded = shop.folder("product_embeddings")
        ids = pd.read_parquet(embedded / "embedded.parquet")["product_id"]
        products = shop.table("products").set_index("product_id").loc[ids].reset_index()
        verdicts = [
            compare(
                catalogue_columns(products, level),
                catalogue_columns(pd.read_parquet(reference / "products.parquet"), level),
                np.load(embedded / "embeddings.npy", allow_pickle=False),
                np.load(reference / "embeddings.npy", allow_pickle=False),
                settings,
                folder,
                dashboard,
                "catalogue",
                workspace.name,
            )
        ]
        requests = pd.read_parquet(shop.folder("live_requests") / "requests.parquet")
        for endpoint, window in traffic_windows(requests, kept["crowned"], settings).items():
            verdicts.append(
                compare(
                    window.current,
                    window.reference,
                    window.current_vectors,
                    window.reference_vectors,
                    settings,
                    folder,
                    dashboard,
                    f"traffic {endpoint.strip('/')}",
                    workspace.name,
                )
            )
        drifted = [verdict for verdict in verdicts if verdict.drifted]
        cause = "; ".join(f"{verdict.name}: {verdict.cause}" for verdict in drifted)
        write_json(
            folder / "verdict.json",
            {
                "champion": kept["fingerprint"],
                "drifted": bool(drifted),
                "cause": cause,
                "compared": {
                    v.name: {"drifted": v.drifted, "judged": v.judged, "cause": v.cause} for v in verdicts
                },
            },
        )
        rows = [
            {
                "compared": v.name,
                "drifted": v.drifted if v.judged else "too few rows",
                "share of columns": round(v.share, 3),
                "embeddings ROC AUC": "-" if v.embedding_score is None else round(v.embedding_score, 3),
                "limit": "-" if v.embedding_limit is None else round(v.embedding_limit, 3),
                "rows": v.rows["current"],
                "reference rows": v.rows["reference"],
            }
            for v in verdicts
        ]
        return {
            "drifted": bool(drifted),
            "cause": cause or "nothing drifted",
            "requests": len(requests),
            "compared": markdown_table(pd.DataFrame(rows), 20),
            "dashboard": "make drift",
        }

    record = build(
        shop.folder("drift_report"),
        inputs={**shop.versions("live_requests", "product_embeddings"), "champion": kept["fingerprint"]},
        code_version="1",
        settings=[settings.model_dump()],
        compute=compute,
    )
    facts = dict(record.facts)
    for html in sorted(record.folder.glob("*.html")):
        facts[f"report_{html.stem}"] = {"url": html.resolve().as_uri()}
    return result("drift_report", record, facts)


def latest_verdict(folder: Path) -> dict[str, Any] | None:
    """The last drift verdict with a key that changes when the verdict does, or None."""
    path = folder / "verdict.json"
    if not path.exists():
        return None
    verdict = read_json(path)
    return {**verdict, "key": fingerprint(verdict)}
