"""All lessons of a catalogue: what listings that the encoder has not learned from ask of those it has."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.listings import FIELD_WEIGHTS, read_table
from retrieval.query import Encoder
from retrieval.ranking.blending import unit_length
from retrieval.ranking.colours import ColourWords
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.held_out import Lesson, Listings, drawn, held_out, known_items
from retrieval.ranking.training.mixed import Beside, mixed
from retrieval.ranking.training.nothing import typed, unanswered, unworded
from retrieval.vectors import ExactIndex

__all__ = ["Embedded", "lessons_of_listings", "opening"]

LONGEST = 80
"""Letters of a description that stand for a title."""
SENTENCE_ENDS = re.compile(r"[.!?](?:\s|$)|[。！？\n]")


@dataclass(frozen=True, eq=False)
class Embedded:
    """A catalogue as its encoder sees it, row by row.

    Attributes:
        products: n rows of the cleaned products.
        vectors: (n, d) float32 of unit length.
        classes: (n, k) class probabilities; None where the encoder has no classes.
        photos, sounds: (n, d) vectors of the products seen through their photo or their sound alone, zero
            without one that can be read; None where the encoder sees none.
        own: name to (n, d) vectors of each by its modalities (`SearchParts.evidence`).
        told: (n, 1) the classes that the shop says; None where it says none.
    """

    products: pd.DataFrame
    vectors: np.ndarray
    classes: np.ndarray | None
    photos: np.ndarray | None
    sounds: np.ndarray | None = None
    own: Mapping[str, np.ndarray] = field(default_factory=dict)
    told: np.ndarray | None = None

    @cached_property
    def terms(self) -> list[list[str]]:
        """Terms of each product, read once for all searches."""
        return [listing.terms for listing in read_table(self.products)]

    def search(self, rows: np.ndarray) -> HybridSearch:
        """Search over some rows alone, exact, by the rule that needs no judgements."""
        own = np.ascontiguousarray(self.vectors[rows])
        words = LexicalIndex.of_terms([self.terms[row] for row in rows.tolist()], FIELD_WEIGHTS)
        known = None if self.classes is None else self.classes[rows]
        seen = {name: table[rows] for name, table in self.own.items()}
        titles, brands = (self.products[name].iloc[rows].tolist() for name in ("title", "brand"))
        colours = ColourWords.learn(titles, brands, seen)
        told = None if self.told is None else self.told[rows]
        return HybridSearch(words, ExactIndex(own), own, FusionModel.fallback(), known, seen, colours, told)


def lessons_of_listings(
    catalogue: Embedded,
    sides: Sequence[str],
    read: Callable[[str], bytes | None],
    encoder: Encoder,
) -> list[Lesson]:
    """What validation listings ask of training listings; test listings ask nothing, so claims stay clean.

    Args:
        sides: n names, train, validation or test.
        read: the encoded photo or sound of a media key, None where it is lost.
    """
    products, photos = catalogue.products, catalogue.photos
    side = np.asarray(sides, dtype=object)
    gallery, asking = np.flatnonzero(side == "train"), np.flatnonzero(side == "validation")
    if not (len(gallery) and len(asking)):
        return []
    texts_of = [a or b for a, b in zip(products["title"], products["description"], strict=True)]
    # A shop that titles nothing is asked by how its descriptions begin.
    titles = [a or opening(b) for a, b in zip(products["title"], products["description"], strict=True)]
    listings = Listings(titles, products["category"].tolist(), photos, catalogue.sounds, catalogue.own)
    search, known, new = catalogue.search(gallery), listings.take(gallery), listings.take(asking)
    found = held_out(search, known, new, encoder)
    attributes = [json.loads(cell) if cell else {} for cell in products["attributes"].iloc[gallery]]
    beside = Beside(
        photo=first_of(products["photos"].iloc[asking].tolist(), photos, asking, read),
        sound=first_of(products["sounds"].iloc[asking].tolist(), catalogue.sounds, asking, read),
        vectors=catalogue.vectors[asking],
        classes=None if catalogue.classes is None else catalogue.classes[asking],
        own={name: unit_length(table[asking]) for name, table in catalogue.own.items()},
    )
    found += mixed(search, known, attributes, new, beside, encoder)
    both = np.concatenate([gallery, asking])
    there = np.arange(len(gallery), len(both))
    whole = catalogue.search(both)
    found += known_items(whole, listings.take(both), there, encoder)
    texts = [texts_of[row] for row in both.tolist()]
    found += typed(whole, texts, there[drawn(len(there))], encoder)
    return found + unworded(found) + unanswered(whole, encoder)


def opening(text: str) -> str:
    """The first sentence of a text, as far as a title would go."""
    return SENTENCE_ENDS.split(text, maxsplit=1)[0].strip()[:LONGEST]


def first_of(
    keys: Sequence[Sequence[str]],
    seen: np.ndarray | None,
    asking: np.ndarray,
    read: Callable[[str], bytes | None],
) -> Callable[[int], bytes | None]:
    """What gives the first file of each asking listing, None where it has none that can be read.

    Args:
        keys: media keys of each asking listing.
        seen: (n, d) vectors of all products by that modality, zero where nothing could be read.
    """
    readable = np.zeros(len(asking), bool) if seen is None else np.any(seen[asking], axis=1)
    return lambda row: read(str(keys[row][0])) if readable[row] else None
