"""Vectors and their index: what must be true before anything is released."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_checks.validation.report import CheckReport, Finding
from shelfspace.settings import ReleaseSettings

__all__ = ["recall_measured", "vectors_sound"]

COLLAPSED = 0.98
"""Mean cosine between random pairs above which the vectors say nothing about the products."""


def vectors_sound(vectors: np.ndarray) -> CheckReport:
    """Check embeddings: (n, d) float32, finite, of unit length, spread over the sphere."""
    n = len(vectors)
    broken = int((~np.isfinite(vectors).all(axis=1)).sum())
    lengths = np.linalg.norm(vectors, axis=1)
    off = int((np.abs(lengths - 1) > 1e-3).sum())
    unit = vectors / np.maximum(lengths[:, None], 1e-12)
    pairs = (float((unit.sum(axis=0) ** 2).sum()) - n) / max(n * (n - 1), 1)
    findings = [
        Finding("vectors are finite", "", "A NaN spreads to every distance.", "critical",
                broken == 0, f"{broken} with NaN or infinity", broken, n, "vectors", "finite"),
        Finding("vectors have length 1", "", "Cosine search takes unit length for granted.", "critical",
                off == 0, f"{off} of another length", off, n, "vectors", "unit_length"),
        Finding("vectors differ", "", "A collapsed encoder gives every product the same vector.", "critical",
                n > 1 and pairs < COLLAPSED, f"mean cosine of pairs {pairs:.3f}", 0, n, "vectors", "spread"),
    ]  # fmt: skip
    return CheckReport.of("vectors_sound", findings)


def recall_measured(described: Mapping[str, Any], settings: ReleaseSettings) -> CheckReport:
    """Check that an index reaches the recall it must, by its own measurement at build time."""
    recall = float(described["recall_at_10"])
    finding = Finding(
        f"recall@10 against an exact scan is at least {settings.min_recall}", "",
        "An index that misses neighbours hides products.", "critical",
        recall >= settings.min_recall, f"{described['kind']}: {recall:.4f}", 0, int(described["rows"]),
        "index", "recall",
    )  # fmt: skip
    return CheckReport.of("recall_measured", [finding])
