"""A title finds the rest of its own listing: what a text vector is worth where no label judges it.

Asked of holdout rows that have a title and more text than that. The query is the title alone, the gallery
the listings without their titles, so that nothing is found by being copied. Beside the product's vectors
stand those of the frozen sentence encoder, where there is one: training must not take away what it knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from catalog.product import ProductInput
from models.evaluation.retrieval import ranks
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from shelfspace.hashing import content_hash
from shelfspace.paired import LEAST_ROWS, compare

__all__ = ["FROZEN_TEXT", "Asked", "asked_of", "known_item", "own_places"]

MOST = 300
"""Listings asked for, at most, those whose texts have the lowest hashes: encoding them costs seconds."""

FROZEN_TEXT = "frozen"
"""The rival's name: the sentence encoder's own vectors, as the features hold them."""


@dataclass(frozen=True)
class Asked:
    """Titles, and the listings without them, as features of n products in the same order.

    Attributes:
        rows: (n,) where the products stand among those that were given.
    """

    rows: np.ndarray
    titles: FeatureTable
    listings: FeatureTable


def asked_of(encoder: ProductEncoder, items: Sequence[ProductInput]) -> Asked | str:
    """Features of titles and of the rest of their listings, or the reason why there are none.

    Args:
        items: the holdout's products, without media.
    """
    if "text" not in encoder.modalities:
        return "the model reads no text"
    read = encoder.featurizer.text
    rest = [replace(item, title="", price=None) for item in items]
    both = [i for i, item in enumerate(items) if item.title.strip() and read(rest[i])]
    if len(both) < 2:
        return "fewer than two holdout listings have a title and more text"
    chosen = sorted(both, key=lambda i: content_hash(items[i].title, items[i].description))[:MOST]
    made = encoder.featurizer.featurize
    return Asked(
        np.array(chosen, dtype=np.int64),
        made([ProductInput(title=items[i].title) for i in chosen], only_given=True),
        made([rest[i] for i in chosen], only_given=True),
    )


def own_places(encoder: ProductEncoder, asked: Asked) -> np.ndarray:
    """(n,) places of the own listing, 1 is best, by the model's text vectors."""
    return ranks(*(encoder.embed_features(table, ["text"]) for table in (asked.titles, asked.listings)))


def known_item(own: np.ndarray, asked: Asked) -> dict[str, Any]:
    """Figures of those places, beside the frozen encoder's.

    Args:
        own: (n,) what `own_places` gave.

    Returns:
        queries, recall_at_1, recall_at_10, chance_at_10, mrr (mean of 1 / place) and, where the features
        hold a frozen encoder's vectors, `frozen` with the same and `compared`, the paired comparison of
        1 / place (`shelfspace.paired.Comparison.describe`).
    """
    found: dict[str, Any] = _figures(own)
    frozen = [table.modalities["text"].values.get("sentence") for table in (asked.titles, asked.listings)]
    titles, listings = frozen
    if titles is not None and listings is not None:
        places = ranks(np.asarray(titles, np.float32), np.asarray(listings, np.float32))
        found["frozen"] = _figures(places)
        found["compared"] = compare(1 / own, {FROZEN_TEXT: 1 / places}, LEAST_ROWS).describe()
    return found


def _figures(places: np.ndarray) -> dict[str, Any]:
    n = len(places)
    recall = {f"recall_at_{cut}": float((places <= cut).mean()) for cut in (1, 10)}
    return {"queries": n, **recall, "chance_at_10": min(1.0, 10 / n), "mrr": float((1 / places).mean())}
