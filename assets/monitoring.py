"""Monitoring: what the service was asked, and whether the world has moved since the champion."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from assets.lib.presentation import table_fact
from assets.lib.record import Facts, read_record
from assets.lib.shop import FOLDERS, Shop
from assets.lib.stage import stage
from releases.champion import champion_model, crowned
from shelfspace.files import check_sealed_folder, read_array, read_json, read_parquet, write_json, write_table
from shelfspace.hashing import fingerprint
from shelfspace.workspace import Workspace

if TYPE_CHECKING:
    from data_checks.drift.verdict import DriftVerdict

__all__ = ["drift", "drift_report", "latest_verdict", "live_requests"]

monitoring = partial(stage, group="monitoring", owners=["team:serving"], code_version="1")


def _versions(shop: Shop) -> dict[str, str]:
    from data_checks.drift.reference import request_versions

    return request_versions(shop.workspace.live)


def _click_through(shop: Shop) -> Facts:
    """What of the products that the page showed was clicked lately; nothing before there are events."""
    from insights.signals import click_through

    if read_record(shop.workspace.root / FOLDERS["interactions"]) is None:
        return {}
    return dict(click_through(shop.table("interactions")))


@monitoring(
    folder="monitoring/live_requests",
    deps=["interactions"],
    inputs=[],
    also=_versions,
    shown=_click_through,
    kinds={"parquet"},
    description="Requests the service answered, from its log: statistics and vectors, no shopper data.",
)
def live_requests(shop: Shop, folder: Path) -> Facts:
    """Gather the service's request log into one table."""
    from data_checks.drift.reference import read_requests

    requests = read_requests(shop.workspace.live)
    write_table(folder / "requests.parquet", requests)
    counts = requests["endpoint"].value_counts() if len(requests) else pd.Series(dtype=int)
    return {
        "dagster/row_count": len(requests),
        "files": len(_versions(shop)),
        "passed_over": requests.attrs["passed_over"],
        "by_endpoint": {"json": {str(k): int(v) for k, v in counts.items()}},
    }


@monitoring(
    folder="monitoring/drift_report",
    deps=["live_requests", "product_embeddings", "products", "champion", "release"],
    inputs=["live_requests", "product_embeddings", "champion"],
    settings=lambda shop: [shop.settings.monitoring.model_dump()],
    shown=lambda shop: {"dashboard": _dashboard(shop)},
    kinds={"evidently"},
    description="Evidently's comparison of catalogue and traffic with the champion's reference.",
)
def drift_report(shop: Shop, folder: Path) -> Facts:
    """Compare today's catalogue and traffic with what the champion was crowned on."""
    from data_checks.drift.compare import (
        EmbeddedCatalogue,
        compare_with_reference,
        verdict_rows,
        verdict_summary,
    )

    workspace, model = shop.workspace, champion_model(shop.workspace).name
    reference = workspace.state / "reference" / model
    requests = read_parquet(shop.folder("live_requests") / "requests.parquet")
    check_sealed_folder(reference)
    verdicts = compare_with_reference(
        EmbeddedCatalogue(shop.embedded_products(), shop.vectors()),
        EmbeddedCatalogue(
            read_parquet(reference / "products.parquet"),
            read_array(reference / "embeddings.npy"),
        ),
        requests,
        crowned(workspace),
        shop.settings.monitoring,
        label_level=shop.source.label_level,
        out=folder,
        dashboard=workspace.state / "evidently",
        project=workspace.name,
    )
    summary = verdict_summary(verdicts, model)
    write_json(folder / "verdict.json", summary)
    return {
        "drifted": summary["drifted"],
        "cause": summary["cause"] or "nothing drifted",
        "requests": len(requests),
        "compared": table_fact(verdict_rows(verdicts), 20),
        **_figures(verdicts),
        **{f"report_{page.stem}": {"page": page.name} for page in sorted(folder.glob("*.html"))},
    }


def _figures(verdicts: "list[DriftVerdict]") -> Facts:
    """Numbers that the UI plots over time, of what was judged."""
    judged = [verdict for verdict in verdicts if verdict.judged]
    shares = {f"drifted_share {verdict.name}": round(verdict.share, 4) for verdict in judged}
    scores = {
        f"embeddings_roc_auc {verdict.name}": round(verdict.embedding_score, 4)
        for verdict in judged
        if verdict.embedding_score is not None
    }
    return shares | scores


def _dashboard(shop: Shop) -> Facts | str:
    """The catalogue's project in the Evidently UI, which `make drift` serves."""
    from data_checks.drift.dashboard import project_id

    address = shop.settings.service.evidently_url
    if not address:
        return "make drift"
    return {"url": f"{address.rstrip('/')}/projects/{project_id(shop.workspace.name)}"}


@dg.asset_check(
    asset="drift_report",
    description="Catalogue and traffic look like what the champion was crowned on. Drift stops nothing.",
)
def drift(shop: Shop) -> dg.AssetCheckResult:
    """Whether the last report found drift, and its cause; quiet where there were too few rows to judge."""
    verdict = read_json(shop.folder("drift_report") / "verdict.json")
    judged = sorted(name for name, found in verdict["compared"].items() if found["judged"])
    said = f"No drift in {', '.join(judged)}." if judged else "Nothing was judged: too few rows."
    return dg.AssetCheckResult(
        passed=not verdict["drifted"],
        severity=dg.AssetCheckSeverity.WARN,
        description=verdict["cause"] or said,
        metadata={
            "judged": len(judged),
            "drifted": sum(found["drifted"] for found in verdict["compared"].values()),
        },
    )


def latest_verdict(workspace: Workspace) -> dict[str, Any] | None:
    """The last drift verdict with a key that changes when the verdict does, or None."""
    path = workspace.root / FOLDERS["drift_report"] / "verdict.json"
    if not path.exists():
        return None
    verdict = read_json(path)
    return {**verdict, "key": fingerprint(verdict)}
