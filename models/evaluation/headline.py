"""The few figures people ask for first, out of one judgement."""

from typing import Any

__all__ = ["headline", "summary_rows"]

NAMES = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "roc_auc", "calibration_error")


def headline(judged: dict[str, Any]) -> dict[str, float | int]:
    """Flat figures for DVC metrics and asset metadata; what could not be measured is left out."""
    overall = judged["overall"]
    found: dict[str, float | int] = {"holdout_rows": int(judged["rows"])}
    found |= {name: overall[name] for name in NAMES if overall.get(name) is not None}
    within = judged["retrieval"].get("within", {})
    found |= {
        f"same_category_{k}": v
        for k, v in within.items()
        if (k.startswith("recall_at") or k == "map") and v is not None
    }
    for pair, figures in judged["retrieval"].get("across", {}).items():
        if figures.get("recall_at_10") is not None:
            found[f"{pair.replace('->', '_to_')}_recall_at_10"] = figures["recall_at_10"]
    beside = judged.get("baseline", {})
    if beside.get("accuracy") is not None:
        found["baseline_accuracy"] = beside["accuracy"]
    return found


def summary_rows(judged: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per modality subset, the fewest modalities first, then everything, then the baseline."""

    def row(sees: str, figures: dict[str, Any]) -> dict[str, Any]:
        return {
            "the model sees": sees,
            "products": figures.get("scored_rows", figures.get("rows")),
            "accuracy": figures.get("accuracy"),
            "macro F1": figures.get("macro_f1"),
            "recall@10": figures.get("recall_at_10"),
            "mAP": figures.get("map"),
        }

    rows = [row(name.replace("+", " + "), figures) for name, figures in judged["by_subset"].items()]
    within = judged["retrieval"].get("within", {})
    rows.append(row("all a product has", {**judged["overall"], "rows": judged["rows"], **within}))
    beside = judged.get("baseline", {})
    if beside.get("accuracy") is not None:
        rows.append(row(f"baseline, text: {beside.get('name', 'TF-IDF')}", beside))
    return rows
