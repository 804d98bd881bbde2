"""What is bought together, as a short table a service can show."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from catalog.copurchases import copurchases, read_baskets
from shelfspace.settings import Graph

__all__ = ["COLUMNS", "bought_together"]

COLUMNS = ("product_id", "other_id", "baskets", "weight")
PAIRS = 50_000
"""Pairs whose baskets are counted at once."""


def bought_together(
    events: pd.DataFrame, product_ids: Sequence[str], settings: Graph, most: int = 10
) -> pd.DataFrame:
    """The strongest co-purchases of each product, rows in the order of products, then strength.

    Args:
        events: cleaned events; without any, no row comes back.
        most: companions of one product.

    Returns:
        product_id, other_id, baskets (that hold both) and weight, the shrunk cosine of
        `catalog.copurchases.copurchases`.
    """
    none = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, KINDS, strict=True)})
    if len(events) == 0:
        return none
    baskets = read_baskets(events, product_ids, settings)
    if len(baskets) == 0:
        return none
    weights = copurchases(baskets, settings).weights.tocoo()
    order = np.lexsort((weights.col, -weights.data, weights.row))
    row, other, weight = weights.row[order], weights.col[order], weights.data[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    row, other, weight = row[rank < most], other[rank < most], weight[rank < most]
    held = baskets.incidence().tocsc()
    counts = [
        np.asarray(held[:, row[i : i + PAIRS]].multiply(held[:, other[i : i + PAIRS]]).sum(axis=0)).ravel()
        for i in range(0, len(row), PAIRS)
    ]
    ids = np.array(product_ids, dtype=object)
    return pd.DataFrame(
        {
            "product_id": ids[row],
            "other_id": ids[other],
            "baskets": np.concatenate([np.empty(0), *counts]).astype(np.int64),
            "weight": weight.astype(np.float32),
        }
    )


KINDS = ("object", "object", "int64", "float32")
