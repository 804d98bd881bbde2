"""Holdouts drawn from the judged products, and what each training makes of them."""

import numpy as np
import pandas as pd

from benchmarks.loop.gate_models import Model
from benchmarks.loop.skewed_shop import Shop
from models.evaluation.known_item import MOST
from models.evaluation.outcomes import CUT, KNOWN_ITEM, outcomes
from models.evaluation.retrieval import ranks

__all__ = ["judged_on"]


def judged_on(model: Model, shop: Shop, rows: np.ndarray) -> pd.DataFrame:
    """The outcomes of one training on a holdout, as `evaluate` and `judge_catalogue` take them.

    Args:
        rows: of the judged products.
    """
    names = np.array(shop.names, dtype=object)
    judged = shop.rows("judged")[rows]
    labels = names[shop.labels[judged]]
    views = model.views(rows)
    singles = {name: view for name, view in views.items() if name and "+" not in name}
    places = {}
    for asked, queries in singles.items():
        for answered, gallery in singles.items():
            both = np.flatnonzero(queries.rows & gallery.rows)
            if asked != answered and len(both) > 1:
                places[f"{asked}->{answered}"] = both, ranks(queries.vectors[both], gallery.vectors[both])

    def hits(vectors: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        return near(vectors[chosen], shop.labels[judged[chosen]])

    ids = np.asarray(shop.features.product_ids)[judged]
    found = outcomes(ids, labels, shop.names, views, places, hits, np.ones(len(rows), dtype=bool))
    found["group"] = shop.groups[judged]
    known = np.full(len(rows), np.nan, dtype=np.float32)
    place = {row: i for i, row in enumerate(rows)}
    # The judged products lie in random order: the first are a sample of them, the same for every model.
    asked = [i for i, row in enumerate(model.arrays["asked"]) if row in place][:MOST]
    own = ranks(*(model.arrays[side][asked].astype(np.float32) for side in ("titles", "listings")))
    known[[place[row] for row in model.arrays["asked"][asked]]] = own <= CUT
    return found.assign(**{KNOWN_ITEM: known})


def near(vectors: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """`within_per_query` for recall@10 alone: ten are chosen, not all ranked."""
    asking = np.flatnonzero(np.bincount(codes)[codes] > 1)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    cut = min(CUT, len(vectors) - 1)
    nearest = np.argpartition(-scores, cut - 1, axis=1)[:, :cut]
    found = (codes[nearest] == codes[:, None]).any(axis=1)
    return asking, {"recall_at_10": found[asking].astype(np.float32)}
