"""The tables behind DVC's plots: one row per point, so that `dvc plots diff` overlays two versions."""

from typing import Any

import pandas as pd

from models.evaluation.leaning import leaning_rows

__all__ = ["plots_data"]


def plots_data(evaluation: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables for dvc plots; a table that would be empty is left out.

    Returns:
        confusion: actual, predicted, one row per judged product (DVC's `confusion` template).
        roc: curve (`macro` or a label), fpr, tpr.
        subsets: subset, accuracy, macro_f1, recall_at_10, low, high (95% of the accuracy), rows.
        categories: category, precision, recall, f1, rows.
        modality_weights: products, one column a modality; for a model whose fusion has weights.
    """
    tables = {}
    overall = evaluation["overall"]
    if "confusion" in overall:
        names = overall["labels"]
        pairs = [
            (names[a], names[p])
            for a, line in enumerate(overall["confusion"])
            for p, count in enumerate(line)
            for _ in range(count)
        ]
        tables["confusion"] = pd.DataFrame(pairs, columns=["actual", "predicted"])
    roc = evaluation.get("roc")
    if roc:
        curves = {"macro": roc["macro"], **roc["per_class"]}
        parts = [pd.DataFrame({"curve": n, "fpr": c["fpr"], "tpr": c["tpr"]}) for n, c in curves.items()]
        tables["roc"] = pd.concat(parts, ignore_index=True)
    bars = []
    for subset, figures in evaluation["by_subset"].items():
        low, high = figures.get("intervals", {}).get("accuracy", (None, None))
        bar = {name: figures.get(name) for name in ("accuracy", "macro_f1", "recall_at_10")}
        bars.append({"subset": subset, **bar, "low": low, "high": high, "rows": figures["rows"]})
    tables["subsets"] = pd.DataFrame(bars)
    if evaluation["by_category"]:
        lines = [
            {"category": c, **{k: f[k] for k in ("precision", "recall", "f1", "rows")}}
            for c, f in evaluation["by_category"].items()
        ]
        tables["categories"] = pd.DataFrame(lines)
    if "modality_weights" in evaluation:
        tables["modality_weights"] = pd.DataFrame(leaning_rows(evaluation["modality_weights"]))
    return tables
