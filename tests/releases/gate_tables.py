"""Hand-made outcomes of two models on one holdout, and the judgements that carry them."""

from typing import Any

import numpy as np
import pandas as pd

from releases.gate import Judged

SHARES = {"Lamps": 0.25, "Chairs": 0.25, "Desks": 0.2, "Rugs": 0.2, "Vases": 0.1}


def outcomes(rows: int = 500, wrong: float = 0.08, seed: int = 0) -> pd.DataFrame:
    """A model that names so many of the products wrongly, and finds nearly all among their category."""
    draw = np.random.default_rng(seed)
    counts = [round(share * rows) for share in SHARES.values()]
    labels = np.repeat(list(SHARES), counts)[:rows].astype(object)
    ids = [f"p{i:05}" for i in range(len(labels))]
    right = draw.random(len(labels)) >= wrong
    table = pd.DataFrame({"product_id": ids, "label": labels, "group": ids})
    table["confidence"] = np.float32(1 - wrong)
    table["recall_at_10"] = (draw.random(len(labels)) >= 0.02).astype(np.float32)
    table["accuracy in text"] = (draw.random(len(labels)) >= 0.25).astype(np.float32)
    return named(table, right)


def named(table: pd.DataFrame, right: np.ndarray) -> pd.DataFrame:
    """The table with these products named rightly, all others as the category after theirs."""
    following = dict(zip(SHARES, [*list(SHARES)[1:], "Lamps"], strict=True))
    wrong = table["label"].map(following)
    return table.assign(accuracy=right.astype(np.float32), predicted=table["label"].where(right, wrong))


def other(table: pd.DataFrame, share: float, seed: int = 1) -> pd.DataFrame:
    """An equal model: of so many products half are right that were wrong, and half wrong that were right."""
    draw, right = np.random.default_rng(seed), table["accuracy"].to_numpy() == 1
    half = min(round(share * len(table) / 2), int((~right).sum()))
    changed = right.copy()
    changed[draw.choice(np.flatnonzero(right), half, replace=False)] = False
    changed[draw.choice(np.flatnonzero(~right), half, replace=False)] = True
    return named(table, changed)


def worse(table: pd.DataFrame, by: float, category: str = "", column: str = "accuracy") -> pd.DataFrame:
    """The table with a figure lower by so much, overall or in one category."""
    there = np.flatnonzero((table["label"] == category) | (category == ""))
    right = np.array([i for i in there if table[column].iloc[i] == 1])
    lost = np.random.default_rng(5).choice(right, round(by * len(there)), replace=False)
    values = table[column].to_numpy().copy()
    values[lost] = 0
    return named(table, values == 1) if column == "accuracy" else table.assign(**{column: values})


def judged(table: pd.DataFrame, **changed: Any) -> Judged:
    """The judgement whose figures are those of the table."""
    accuracy = float(table["accuracy"].mean()) if "accuracy" in table else None
    sizes = table["label"].value_counts()
    evaluation: dict[str, Any] = {
        "rows": len(table),
        "holdout": "h1",
        "labels": {"scored_rows": len(table)},
        "overall": {"rows": len(table)} | ({} if accuracy is None else {"accuracy": accuracy}),
        "by_subset": {"text": {}},
        "by_category": {name: {"rows": int(rows), "recall": 0.5} for name, rows in sizes.items()},
        "retrieval": {},
    }
    return Judged(evaluation | changed, table)
