"""What the fusion learns of queries that hold a photo and a word: "this photo, but in red".

Each is the photo of a listing that the encoder did not learn from, with a word that tells apart the
listings of its category: some of them have it, most do not, and listings of other categories have it as
well (colours, materials, patterns). A listing of the category that has the word has grade 2, one that has
it not grade 1, and one of another category 0, the word or not.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from insights.search.hybrid import HybridSearch
from insights.search.lessons import MAX_GRADE, Lesson, Listings, drawn, lesson, levels
from insights.search.tokens import search_terms

if TYPE_CHECKING:
    from models.product_encoder import ProductEncoder

__all__ = ["mixed"]

SOME = 3
"""Listings of a category that must have a word, so that it is more than one product's own."""
MOST_OF = 0.5
"""Share of a category's listings up to which a word chooses among them."""


def mixed(
    search: HybridSearch,
    gallery: Listings,
    attributes: Sequence[Mapping[str, Any]],
    asking: Listings,
    photo_of: Callable[[int], bytes | None],
    encoder: "ProductEncoder",
) -> list[Lesson]:
    """Lessons of a photo and a word; the same input gives the same lessons.

    Args:
        search: over the gallery, in its order.
        attributes: name to value, of each listing of the gallery.
        asking: listings that the encoder did not learn from, as `held_out` takes them; what is made of
            one listing is of one group here and there.
        photo_of: the encoded photo of a row of `asking`, None where it has none.
    """
    from models.inputs.item import ProductInput

    if "image" not in encoder.modalities:
        return []
    _, seconds = levels(gallery.paths)
    _, own_seconds = levels(asking.paths)
    words, queries, items = Words(search, attributes, seconds), [], []
    for group, row in enumerate(drawn(len(asking.paths)).tolist()):
        own = own_seconds[row]
        word = words.drawn(own, group) if own else ""
        photo = photo_of(row) if word else None
        if photo is None:
            continue
        same = seconds == own
        grades = np.where(same & words.holders(word), MAX_GRADE, same.astype(np.int8)).astype(np.int8)
        queries.append(("mixed", group, word, grades))
        items.append(ProductInput(title=word, photos=(photo,)))
    if not items:
        return []
    # As one item, as the service encodes words and a photo that weigh the same.
    encoded = encoder.encode_features(encoder.featurize(items))
    triples = zip(queries, encoded.vectors, encoded.probabilities, strict=True)
    return [lesson(search, query, vector, known, words_weight=1.0) for query, vector, known in triples]


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
