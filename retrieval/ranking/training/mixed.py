"""What the fusion learns of queries that hold a word and something else: "this photo, but in red".

Each is a listing that the encoder did not learn from, by its photo, its sound or whole, with a word that
tells apart the listings of its category: some of them have it, most do not, and listings of other
categories have it as well (colours, materials, patterns). A listing of the category that has the word has
grade 2, one that has it not grade 1, and one of another category 0, the word or not.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from catalog.product import ProductInput
from retrieval.lexical.tokens import search_terms
from retrieval.query import Encoder
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.held_out import (
    MAX_GRADE,
    Lesson,
    Listings,
    Query,
    drawn,
    encode,
    encode_texts,
    lesson,
    levels,
)

__all__ = ["Beside", "mixed"]

SOME = 3
"""Listings of a category that must have a word, so that it is more than one product's own."""
MOST_OF = 0.5
"""Share of a category's listings up to which a word chooses among them."""

ReadMedia = Callable[[int], bytes | None]


@dataclass(frozen=True, eq=False)
class Beside:
    """What n asking listings have to stand beside a word.

    Attributes:
        photo, sound: the encoded file of a row, None where it has none.
        vectors: (n, d) float32 of the whole listings, of unit length; None asks by no product.
        classes: (n, k) their class probabilities, k being 0 without classes.
        own: name to (n, d) float32 vectors of each by its modalities, of unit length.
    """

    photo: ReadMedia = lambda row: None
    sound: ReadMedia = lambda row: None
    vectors: np.ndarray | None = None
    classes: np.ndarray | None = None
    own: Mapping[str, np.ndarray] = field(default_factory=dict)


def mixed(
    search: HybridSearch,
    gallery: Listings,
    attributes: Sequence[Mapping[str, Any]],
    asking: Listings,
    beside: Beside,
    encoder: Encoder,
) -> list[Lesson]:
    """Lessons of kinds photo_words, sound_words and product_words; the same input gives the same lessons.

    Args:
        search: over the gallery, in its order.
        attributes: name to value, of each listing of the gallery.
        asking: listings that the encoder did not learn from, as `held_out` takes them; what is made of
            one listing is of one group here and there.
        beside: what they have, row by row.
    """
    _, seconds = levels(gallery.paths)
    _, own_seconds = levels(asking.paths)
    words = Words(search, attributes, seconds)
    queries: list[tuple[int, Query]] = []
    for group, row in enumerate(drawn(len(asking.paths)).tolist()):
        own = own_seconds[row]
        word = words.drawn(own, group) if own else ""
        if word:
            same = seconds == own
            grades = np.where(same & words.holders(word), MAX_GRADE, same.astype(np.int8)).astype(np.int8)
            queries.append((row, ("", group, word, grades)))
    lessons = []
    for name, modality, read in (("photo", "image", beside.photo), ("sound", "audio", beside.sound)):
        if modality not in encoder.modalities:
            continue
        files = [(query, read(row)) for row, query in queries]
        there = [(query, data) for query, data in files if data is not None]
        items = [
            ProductInput(photos=(data,)) if name == "photo" else ProductInput(sounds=(data,))
            for _, data in there
        ]
        lessons += _beside_words(search, name, [query for query, _ in there], items, encoder)
    return lessons + _by_product(search, queries, beside, encoder)


def _beside_words(
    search: HybridSearch,
    name: str,
    queries: Sequence[Query],
    items: Sequence[ProductInput],
    encoder: Encoder,
) -> list[Lesson]:
    """By a photo or a sound, the words beside it compared on their own, as the service asks."""
    if not items:
        return []
    said = encode_texts(encoder, [query[2] for query in queries])
    triples = zip(queries, encode(encoder, items), said, strict=True)
    return [
        _lesson(search, query, name, vector, known, {**own, **words})
        for query, (vector, known, own), (_, _, words) in triples
    ]


def _by_product(
    search: HybridSearch, queries: Sequence[tuple[int, Query]], beside: Beside, encoder: Encoder
) -> list[Lesson]:
    """By a product, the words beside it compared on their own, as the service asks."""
    if beside.vectors is None or not queries:
        return []
    said = encode_texts(encoder, [query[2] for _, query in queries])
    known = np.zeros((len(beside.vectors), 0), np.float32) if beside.classes is None else beside.classes
    lessons = []
    for (row, query), (_, _, words) in zip(queries, said, strict=True):
        own = {name: table[row] for name, table in beside.own.items() if table[row].any()}
        vector = np.asarray(beside.vectors[row])
        lessons.append(_lesson(search, query, "product", vector, known[row], {**own, **words}))
    return lessons


def _lesson(
    search: HybridSearch,
    query: Query,
    name: str,
    vector: np.ndarray,
    classes: np.ndarray,
    own: Mapping[str, np.ndarray],
) -> Lesson:
    _, group, word, grades = query
    named = (f"{name}_words", group, word, grades)
    return lesson(search, named, vector, classes, own, words_weight=1.0, beside=name)


class Words:
    """Attribute words of a gallery, and which of its listings have them.

    Args:
        search: over the gallery.
        attributes: of each of its listings.
        categories: (n,) of each of its listings, "" where unknown.
    """

    def __init__(
        self, search: HybridSearch, attributes: Sequence[Mapping[str, Any]], categories: np.ndarray
    ) -> None:
        self._search = search
        self._categories = categories
        self._counts: dict[str, Counter[str]] = {}
        for own, category in zip(attributes, categories, strict=True):
            self._counts.setdefault(category, Counter()).update(set(value_words(own)))
        self._choices: dict[str, list[str]] = {}
        self._holders: dict[str, np.ndarray] = {}

    def holders(self, word: str) -> np.ndarray:
        """(n,) bool: listings that have a word in any field that is searched, whatever its ending."""
        if word not in self._holders:
            lexical = self._search.lexical
            _, covered = lexical.evidence(lexical.query(word), np.arange(len(lexical)))
            self._holders[word] = covered > 0
        return self._holders[word]

    def drawn(self, category: str, seed: int) -> str:
        """A word that tells a category's listings apart, drawn by a seed; "" where there is none."""
        if category not in self._choices:
            counts = sorted(self._counts.get(category, Counter()).items())
            self._choices[category] = [w for w, n in counts if n >= SOME and self._tells(category, w)]
        choices = self._choices[category]
        return choices[int(np.random.default_rng(seed).integers(len(choices)))] if choices else ""

    def _tells(self, category: str, word: str) -> bool:
        inside = self._categories == category
        having = self.holders(word)
        here = int((having & inside).sum())
        return SOME <= here <= MOST_OF * inside.sum() and bool((having & ~inside).any())


def value_words(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Words of the values, without numbers and single letters, which are sizes and units."""
    for value in attributes.values():
        for word, _ in search_terms("" if value is None else str(value)):
            if word.isalpha() and not (len(word) == 1 and word.isascii()):
                yield word
