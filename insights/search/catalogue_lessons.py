"""All lessons of a catalogue: what listings that the encoder has not learned from ask of those it has."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from insights.search.fusion import FusionModel
from insights.search.hybrid import HybridSearch
from insights.search.lessons import Lesson, Listings, held_out, known_items
from insights.search.lexical import LexicalIndex
from insights.search.mixed_lessons import mixed
from models.index import ExactIndex

if TYPE_CHECKING:
    from models.product_encoder import ProductEncoder

__all__ = ["Embedded", "lessons_of_listings"]


@dataclass(frozen=True, eq=False)
class Embedded:
    """A catalogue as its encoder sees it, row by row.

    Attributes:
        products: n rows of the cleaned products.
        vectors: (n, d) float32 of unit length.
        classes: (n, k) class probabilities; None where the encoder has no classes.
        photos: (n, d) vectors of the products seen through their photo alone, zero without one that can be
            read; None where the encoder sees no photos.
    """

    products: pd.DataFrame
    vectors: np.ndarray
    classes: np.ndarray | None
    photos: np.ndarray | None

    def search(self, rows: np.ndarray) -> HybridSearch:
        """Search over some rows alone, exact, by the rule that needs no judgements."""
        own = np.ascontiguousarray(self.vectors[rows])
        words = LexicalIndex.build(self.products.iloc[rows])
        known = None if self.classes is None else self.classes[rows]
        return HybridSearch(words, ExactIndex(own), own, FusionModel.fallback(), known)


def lessons_of_listings(
    catalogue: Embedded,
    sides: Sequence[str],
    read_photo: Callable[[str], bytes | None],
    encoder: "ProductEncoder",
) -> list[Lesson]:
    """What validation listings ask of training listings; test listings ask nothing, so claims stay clean.

    Args:
        sides: n names, train, validation or test.
        read_photo: the encoded photo of a media key.
    """
    products, photos = catalogue.products, catalogue.photos
    side = np.asarray(sides, dtype=object)
    gallery, asking = np.flatnonzero(side == "train"), np.flatnonzero(side == "validation")
    if not (len(gallery) and len(asking)):
        return []
    listings = Listings(products["title"].tolist(), products["category"].tolist(), photos)
    search, known, new = catalogue.search(gallery), listings.take(gallery), listings.take(asking)
    found = held_out(search, known, new, encoder)
    if photos is not None:
        keys = products["photos"].iloc[asking].tolist()
        readable = np.any(photos[asking], axis=1)
        attributes = [json.loads(cell) if cell else {} for cell in products["attributes"].iloc[gallery]]

        def photo_of(row: int) -> bytes | None:
            return read_photo(str(keys[row][0])) if readable[row] else None

        found += mixed(search, known, attributes, new, photo_of, encoder)
    both = np.concatenate([gallery, asking])
    there = np.arange(len(gallery), len(both))
    found += known_items(catalogue.search(both), listings.take(both), there, encoder)
    return found
