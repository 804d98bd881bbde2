"""What became of each product of the holdout: the rows that paired comparisons of two models are made of.

One row a product, NaN where it takes no part. Columns, all float32 beside ids and labels:

product_id, label, group   group: near duplicates share one (added by `judge_catalogue`)
predicted, confidence      the class that was named and its probability
accuracy                   1 where the class is right, 0 where it is not, of all labelled products: a class
                           that the model never learned is never right
recall_at_10               1 where a product of its category is among the 10 nearest others
accuracy in text, ...      the same, seen through a set of modalities, of products that have all of them
recall_at_10 text->image   1 where its own image vector is among the 10 nearest of its text vector
known_item                 1 where its title finds its own listing within 10 (added by `judge_catalogue`)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["CUT", "KNOWN_ITEM", "View", "outcomes"]

CUT = 10
KNOWN_ITEM = "known_item"

Hits = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Mapping[str, np.ndarray]]]
"""All vectors and the rows that are ranked, to the positions among them that ask and their figures."""


@dataclass(frozen=True)
class View:
    """How a model sees n products by some modalities.

    Attributes:
        rows: (n,) bool, the products that have all of them.
        vectors: (n, d) float32, L2-normalised.
        probabilities: (n, classes).
    """

    rows: np.ndarray
    vectors: np.ndarray
    probabilities: np.ndarray


def outcomes(
    product_ids: Sequence[str],
    labels: np.ndarray,
    known: Sequence[str],
    views: Mapping[str, View],
    places: Mapping[str, tuple[np.ndarray, np.ndarray]],
    hits: Hits,
    ranked: np.ndarray,
) -> pd.DataFrame:
    """The table of n products.

    Args:
        labels: (n,) str, "" where unknown.
        known: the model's classes, in the order of the probabilities.
        views: "" for all that a product has, and one for every set of modalities, by its name.
        places: pair of modalities (`text->image`) to the rows that ask and the place of their own.
        hits: `Holdout.hits`.
        ranked: (n,) bool, products that are ranked for retrieval.
    """
    labelled, names = labels != "", np.asarray([*known, ""], dtype=object)
    columns: dict[str, np.ndarray] = {}
    for name, view in views.items():
        suffix = f" in {name}" if name else ""
        if len(known) > 1:
            predicted = view.probabilities.argmax(axis=1)
            columns[f"accuracy{suffix}"] = _where(labelled & view.rows, names[predicted] == labels)
            if not name:
                said = view.probabilities.max(axis=1)
                columns |= {"predicted": names[predicted], "confidence": said.astype(np.float32)}
        rows = np.flatnonzero(labelled & view.rows & ranked)
        if len(rows):
            asking, figures = hits(view.vectors, rows)
            if f"recall_at_{CUT}" in figures:
                found = np.full(len(labels), np.nan, dtype=np.float32)
                found[rows[asking]] = figures[f"recall_at_{CUT}"]
                columns[f"recall_at_{CUT}{suffix}"] = found
    for pair, (rows, own) in places.items():
        found = np.full(len(labels), np.nan, dtype=np.float32)
        found[rows] = own <= CUT
        columns[f"recall_at_{CUT} {pair}"] = found
    return pd.DataFrame({"product_id": list(product_ids), "label": labels, **columns})


def _where(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(mask, values.astype(np.float32), np.float32(np.nan))
