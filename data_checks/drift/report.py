"""Drift of a period against a reference: a verdict with its cause, a page and a dashboard.

Columns are compared by Evidently's report (`drift_columns`), vectors by its classifier
(`drift_vectors`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data_checks.drift.columns import compare_columns
from data_checks.drift.page import drift_banner
from data_checks.drift.vectors import embedding_drift
from data_checks.drift.verdict import ColumnDrift, DriftVerdict, cause_of
from shelfspace.errors import InputError
from shelfspace.files import write_text
from shelfspace.settings import Monitoring
from shelfspace.telemetry import quiet_telemetry

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

__all__ = ["ColumnDrift", "DriftVerdict", "drift_report", "embedding_drift"]


def drift_report(
    current: pd.DataFrame,
    reference: pd.DataFrame,
    current_vectors: np.ndarray | None,
    reference_vectors: np.ndarray | None,
    settings: Monitoring,
    out: Path,
    workspace: Path | None = None,
    name: str = "catalogue",
    project: str = "Shelfspace",
) -> DriftVerdict:
    """Compare two periods; write `<out>/<name>.html` and `.json`; add the run to the workspace.

    At most `sample_rows` rows a side are compared, chosen by a fixed seed. With fewer than
    `min_requests` rows on a side nothing is compared and the verdict says so (`judged` False).

    Args:
        current, reference: columns to compare (`data_checks.drift.reference`); numbers and texts of
            categories.
        current_vectors, reference_vectors: (rows, d) float32; None where there are none. Their
            number of rows need not be that of the tables; with fewer than `min_requests` on a side
            the vectors are left out.
        settings: the limits.
        out: folder of the report.
        workspace: folder of the Evidently workspace; None adds no run.
        name: what is compared; names the files and the dashboard's tab.
        project: the workspace's project, one per catalogue.

    Raises:
        InputError: the tables share no column, or the vectors differ in width.
    """
    quiet_telemetry()
    shared = [c for c in reference.columns if c in current.columns]
    if not shared:
        raise InputError("columns", list(current.columns), "compare tables that share columns")
    stem = "-".join(name.replace("/", " ").split())
    fewest = settings.min_requests
    rows = {"current": len(current), "reference": len(reference)}
    if min(rows.values()) < fewest:
        cause = f"no verdict: {rows['current']} rows against {rows['reference']}, {fewest} a side are needed"
        verdict = DriftVerdict(name, False, False, 0.0, {}, None, None, rows, None, cause)
        write_text(out / f"{stem}.json", verdict.to_json())
        return verdict
    now, then = (_some(t[shared], settings.sample_rows) for t in (current, reference))
    embedding = None
    sides = current_vectors, reference_vectors
    if all(v is not None and len(v) >= fewest for v in sides):
        embedding = embedding_drift(*sides, settings)  # type: ignore[arg-type]
    snapshot, columns = compare_columns(now, then, settings, embedding, name)
    share = sum(c.drifted for c in columns.values()) / max(len(columns), 1)
    apart = embedding is not None and embedding[0] > embedding[1]
    drifted = apart or (bool(columns) and share >= settings.drift_share)
    score, limit = embedding or (None, None)
    verdict = DriftVerdict(
        name=name,
        drifted=drifted,
        judged=True,
        share=share,
        columns=columns,
        embedding_score=score,
        embedding_limit=limit,
        rows={"current": len(now), "reference": len(then)},
        html=out / f"{stem}.html",
        cause=cause_of(columns, score, limit, settings.drift_share, drifted),
    )
    write_text(out / f"{stem}.html", _page(snapshot, verdict))
    write_text(out / f"{stem}.json", verdict.to_json())
    if workspace is not None:
        from data_checks.drift.dashboard import add_run

        add_run(snapshot, verdict, workspace, project)
    return verdict


def _some(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    chosen = table if len(table) <= rows else table.sample(rows, random_state=0)
    return chosen.reset_index(drop=True)


def _page(snapshot: "Snapshot", verdict: DriftVerdict) -> str:
    """Evidently's page, which needs nothing from the network, with the verdict on top."""
    html = snapshot.get_html_str(as_iframe=False)
    head, body, rest = html.partition("<body>")
    return head + body + drift_banner(verdict.name, verdict.drifted, verdict.cause, verdict.rows) + rest
