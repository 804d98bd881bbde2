"""Catalogue and traffic of a champion, each compared with what it was crowned on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_checks.drift.reference import catalogue_columns, traffic_windows
from data_checks.drift.report import drift_report
from data_checks.drift.verdict import DriftVerdict
from shelfspace.settings import Monitoring

__all__ = ["EmbeddedCatalogue", "compare_with_reference", "verdict_rows", "verdict_summary"]


@dataclass(frozen=True, eq=False)
class EmbeddedCatalogue:
    """Clean products and their (n, d) float32 vectors, row by row."""

    products: pd.DataFrame
    vectors: np.ndarray


def compare_with_reference(
    now: EmbeddedCatalogue,
    then: EmbeddedCatalogue,
    requests: pd.DataFrame,
    since: str,
    settings: Monitoring,
    *,
    label_level: int,
    out: Path,
    dashboard: Path,
    project: str,
) -> list[DriftVerdict]:
    """One verdict on the catalogue, and one on each endpoint with enough traffic.

    Args:
        requests: `read_requests`.
        since: ISO 8601 time at which the champion was crowned.
        out: folder of the pages.
        dashboard: Evidently's workspace.
        project: its project, one a catalogue.
    """
    level = label_level or 1
    verdicts = [
        drift_report(
            catalogue_columns(now.products, level),
            catalogue_columns(then.products, level),
            now.vectors,
            then.vectors,
            settings,
            out,
            dashboard,
            "catalogue",
            project,
        )
    ]
    for endpoint, window in traffic_windows(requests, since, settings).items():
        verdicts.append(
            drift_report(
                window.current,
                window.reference,
                window.current_vectors,
                window.reference_vectors,
                settings,
                out,
                dashboard,
                f"traffic {endpoint.strip('/')}",
                project,
            )
        )
    return verdicts


def verdict_summary(verdicts: Sequence[DriftVerdict], champion: str) -> dict[str, Any]:
    """All verdicts as one, JSON-able: champion, drifted, cause, and what was compared."""
    drifted = [verdict for verdict in verdicts if verdict.drifted]
    return {
        "champion": champion,
        "drifted": bool(drifted),
        "cause": "; ".join(f"{verdict.name}: {verdict.cause}" for verdict in drifted),
        "compared": {v.name: {"drifted": v.drifted, "judged": v.judged, "cause": v.cause} for v in verdicts},
    }


def verdict_rows(verdicts: Sequence[DriftVerdict]) -> pd.DataFrame:
    """One row a verdict, for people."""
    return pd.DataFrame(
        [
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
    )
