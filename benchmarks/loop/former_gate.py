"""The gate as it was, for comparison: fixed tolerances on every figure, whatever the number of products."""

import pandas as pd

from releases.gate.figures import aligned

__all__ = ["former_gate"]

OVERALL, SUBSET, CATEGORY, LARGE = 0.01, 0.03, 0.15, 30


def former_gate(challenger: pd.DataFrame, champion: pd.DataFrame) -> bool:
    """Whether it let a challenger through: no figure lower by more than its tolerance."""
    ours, theirs = aligned(challenger, champion)
    allowed = [(lower(ours, theirs, name), OVERALL) for name in ("accuracy", "recall_at_10")]
    allowed.append((macro_f1(theirs) - macro_f1(ours), OVERALL))
    others = [name for name in ours.columns if " in " in name or "->" in name or name == "known_item"]
    allowed += [(lower(ours, theirs, name), SUBSET) for name in others]
    for _, rows in ours.groupby("label").groups.items():
        if len(rows) >= LARGE:
            allowed.append((lower(ours.loc[rows], theirs.loc[rows], "accuracy"), CATEGORY))
    return all(loss <= tolerance + 1e-9 for loss, tolerance in allowed)


def lower(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> float:
    """How much lower the challenger's mean is."""
    return float(theirs[name].mean() - ours[name].mean())


def macro_f1(table: pd.DataFrame) -> float:
    """Mean F1 of the categories that occur."""
    actual, named = table["label"].value_counts(), table["predicted"].value_counts()
    right = table.loc[table["accuracy"] == 1, "label"].value_counts()
    scores = (
        2 * right.reindex(actual.index, fill_value=0) / (actual + named.reindex(actual.index, fill_value=0))
    )
    return float(scores.mean())
