"""Which modality a model leans on, where its fusion has weights to tell it by."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["leaning", "leaning_rows"]


def leaning(
    weights: np.ndarray, present: np.ndarray, modalities: Sequence[str], labels: np.ndarray
) -> dict[str, Any]:
    """Mean weights of the modalities, overall and by category.

    Args:
        weights: (n, M), rows sum to 1.
        present: (n, M) bool, what the products really have.
        modalities: M names.
        labels: (n,) str, "" where unknown; such rows count overall only.

    Returns:
        overall {modality: mean weight over all products}, where_present {the same over those that
        have it; None where none has}, completed (mean weight on vectors that were filled in),
        leans_on (largest overall), by_category {label: rows, weights, leans_on}.
    """

    def part(rows: np.ndarray) -> dict[str, Any]:
        mean = dict(zip(modalities, map(float, weights[rows].mean(axis=0)), strict=True))
        return {"rows": int(rows.sum()), "weights": mean, "leans_on": max(mean, key=lambda m: mean[m])}

    every = part(np.ones(len(weights), dtype=bool))
    having = {
        name: float(weights[present[:, m], m].mean()) if present[:, m].any() else None
        for m, name in enumerate(modalities)
    }
    return {
        "overall": every["weights"],
        "where_present": having,
        "completed": float(np.where(present, 0.0, weights).sum(axis=1).mean()),
        "leans_on": every["leans_on"],
        "by_category": {str(label): part(labels == label) for label in sorted(set(labels) - {""})},
    }


def leaning_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for all products, one for those that have the modality, one a category."""
    rows: list[dict[str, Any]] = [
        {"products": "all", **found["overall"]},
        {"products": "that have the modality", **found["where_present"]},
    ]
    return rows + [{"products": label, **part["weights"]} for label, part in found["by_category"].items()]
