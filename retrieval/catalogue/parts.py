"""What a release brings to its search."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from retrieval.catalogue.products import ProductFacts
from retrieval.catalogue.variants import ALONE, grouped, rows_by_key, variant_keys
from retrieval.filters.columns import SEPARATOR, Columns
from retrieval.lexical.category_names import CategoryNames
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.score_table import positions
from retrieval.ranking.answers import BY_FILE, AnswerFloor, floors_said
from retrieval.ranking.candidates import Candidates
from retrieval.ranking.colours import ColourWords
from retrieval.ranking.fusion import FusionModel
from retrieval.suggestions import Suggestions
from retrieval.understanding import Vocabulary
from retrieval.vectors.by_modality import ModalityIndexes

__all__ = ["SearchParts"]

ENOUGH = 10
"""Listings with every word that fill a page: beside them nothing is shown for its category alone."""
SOME = 0.4
"""Share of a query's words, rare ones counting more, below which a listing has too little of them: one common
word of two, so that "hotel room" finds no living room clock."""
LEVELS = 2
"""Nodes of a path that make a category here: what is below is as often the listing's own title."""
FILES = {"photo": "image", "sound": "audio"}


@dataclass(frozen=True, eq=False)
class SearchParts:
    """What a release brings to its search; never changed.

    Attributes:
        columns: what is filtered and sorted by.
        lexical: words of the products.
        fusion: how words and vectors are put together.
        classes: (n, k) float32 class probabilities of the products; None without classes.
        told: (n, 1) float32, which of them the shop says (`told_columns`); None without classes.
        modalities: name to (n, d) vectors of each product seen through that modality alone, zero
            where the product lacks it; empty where the release does not hold them.
        own: name to (n, d) vectors that the modalities' encoders had before training, zero where the product
            lacks what they read; of a modality without one, `modalities` stand for them.
        answers: kind of query to what is no answer; of a kind without, every candidate is one.
        floors: kind of query to the lowest score of a hit that is sorted by price.
        popularity: (n,) how often each product is bought; None where that is not known.
    """

    facts: ProductFacts
    columns: Columns
    lexical: LexicalIndex
    fusion: FusionModel
    classes: np.ndarray | None
    modalities: Mapping[str, np.ndarray]
    floors: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, np.ndarray] = field(default_factory=dict)
    answers: Mapping[str, AnswerFloor] = field(default_factory=dict)
    popularity: np.ndarray | None = None
    told: np.ndarray | None = None

    @cached_property
    def popular(self) -> np.ndarray:
        """(n,) rows, the most popular first, ties in catalogue order."""
        size = len(self.columns)
        return np.arange(size) if self.popularity is None else np.argsort(-self.popularity, kind="stable")

    @cached_property
    def untitled(self) -> np.ndarray:
        """(n,) bool: products without a title."""
        return np.array([not title for title in self.facts.title], bool)

    @cached_property
    def variant_rows(self) -> dict[Hashable, list[int]]:
        """What makes products variants of one, to the rows that have it."""
        facts = self.facts
        columns = facts.title, facts.brand, facts.category, facts.group, facts.photo
        return rows_by_key(variant_keys(*one) for one in zip(*columns, strict=True))

    @cached_property
    def variants(self) -> np.ndarray | None:
        """(n,) int64 group of each product's variants, ALONE without any; None where none has any."""
        found = grouped(self.variant_rows, len(self.facts.title))
        return found if np.any(found != ALONE) else None

    @cached_property
    def suggestions(self) -> Suggestions:
        """What shoppers may be about to type; made when it is first asked for, in under a second for
        100,000 products."""
        facts = self.facts
        names = self.lexical.categories
        return Suggestions(facts.title, facts.category, facts.brand, self.popularity, names)

    @cached_property
    def category_names(self) -> CategoryNames:
        """Which of the categories in `columns` a query names."""
        return CategoryNames(self.columns.category.values, self.lexical.categories, SEPARATOR)

    @cached_property
    def evidence(self) -> dict[str, np.ndarray]:
        """Name to (n, d) vectors that a query's modalities are compared with, each beside its own."""
        return {**self.modalities, **self.own}

    @cached_property
    def colours(self) -> ColourWords | None:
        """What the colour words of titles look like."""
        return ColourWords.learn(self.facts.title, self.facts.brand, self.own)

    @cached_property
    def evidence_index(self) -> ModalityIndexes:
        """Finds the nearest by `evidence`."""
        return ModalityIndexes(self.evidence)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What the products say of words that could be prices."""
        facts = self.facts
        return Vocabulary.of(facts.title, facts.brand, facts.currency, facts.price, facts.on_hand)

    def relevance(self, candidates: Candidates) -> np.ndarray | None:
        """(m,) in [0, 1], how sure each candidate answers; None for a kind of query where nothing tells."""
        kind = candidates.kind
        known = None if kind in BY_FILE else self.answers.get(kind)
        return None if known is None else known.relevance(candidates)

    def has_alike(self, candidates: Candidates) -> bool:
        """Whether the shop has anything like a query's photo or sound, of both like one of them.

        A product of the shop, if it weighs as much, is like itself; without a floor, or without vectors to
        compare with, as in an old release, nobody knows.
        """
        if candidates.beside not in FILES:
            return True
        words = "_words" if candidates.words else ""
        asked = [kind for kind, name in FILES.items() if name in candidates.own]
        floors = [self.answers.get(kind + words) for kind in asked]
        if None in floors:
            return True
        return not floors or any(
            one.relevance(candidates).max(initial=0.0) >= one.floor for one in floors if one
        )

    def answering(
        self,
        candidates: Candidates,
        relevance: np.ndarray | None,
        matches: np.ndarray,
        sorting: bool = False,
    ) -> np.ndarray:
        """(m,) bool: the candidates that may be hits: what has every word, and what is relevant enough.

        Where something has every word, what lacks one has to be as near in meaning as half of that, or, where
        that fills no page, of a category with it: a red ball is no red clock. Where nothing has, and no
        category is named, a listing that has few of the words has to be near enough in meaning alone.

        Args:
            matches: ascending positions of what has every word of the query, or is of a category it names.
            sorting: whether hits are sorted by something else than relevance; a weak one would lead then.
        """
        if candidates.words == 0 and not candidates.beside:
            return np.zeros(len(candidates.rows), bool)  # signs alone ask for nothing
        if relevance is None:
            return np.full(len(candidates.rows), self.has_alike(candidates))
        known = self.answers[candidates.kind]
        least = known.sorting if sorting else known.floor
        enough, having = relevance >= least, positions(matches, candidates.rows)[1]
        if not len(matches) and (few := enough & (candidates.covered < SOME)).any():
            enough &= ~few | (known.relevance(candidates, worded=False) >= least)
        if having.any() and candidates.words > 1:
            near = candidates.closeness >= np.median(candidates.closeness[having])
            enough &= (
                near
                if np.count_nonzero(having) >= ENOUGH
                else near | self._of_a_kind(candidates.rows, having)
            )
        return np.asarray(enough | having)

    def _of_a_kind(self, rows: np.ndarray, having: np.ndarray) -> np.ndarray:
        """(m,) bool: positions whose category one of some of them has, or of which nothing is known."""
        kinds = np.full(len(rows), -1)
        old = rows < len(self.columns)
        kinds[old] = self._kinds[self.columns.category.codes[rows[old]]]
        wanted = np.unique(kinds[having & (kinds >= 0)])
        return np.asarray((kinds < 0) | np.isin(kinds, wanted)) if len(wanted) else np.ones(len(rows), bool)

    @cached_property
    def _kinds(self) -> np.ndarray:
        """Of each category in `columns`, the number of its first LEVELS nodes; -1 of none."""
        heads = [SEPARATOR.join(path.split(SEPARATOR)[:LEVELS]) for path in self.columns.category.values]
        numbers = {head: number for number, head in enumerate(dict.fromkeys(heads))}
        return np.array([numbers[head] if head else -1 for head in heads], np.int64)

    def describe(self) -> dict[str, Any]:
        """What /release says of the search."""
        learned = {kind: part.queries for kind, part in sorted(self.fusion.parts.items())}
        return {
            "fusion": "learned" if learned else "simple rules",
            "judged_queries": learned,
            "kinds_of_query": self.fusion.describe(),
            "score_floors": dict(self.floors),
            "answers": floors_said(self.answers, self.evidence),
            "lexical": self.lexical.describe(),
            "modalities": sorted(self.modalities),
            "own_vectors": sorted(self.own),
        }
