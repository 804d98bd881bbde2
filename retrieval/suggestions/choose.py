"""Which of the texts that begin as was typed are shown, and in what order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from retrieval.filters.columns import SEPARATOR
from retrieval.suggestions.folding import marks, plain, typed_words
from retrieval.suggestions.prefixes import PrefixIndex, misspelt

__all__ = ["Found", "Suggestions", "Texts", "spellings"]

MOST_WORDS = 12
"""Words that are read of what was typed."""
NO_NAMES: Mapping[str, Mapping[str, Sequence[str]]] = MappingProxyType({})
BATCH = 64
"""Texts that are put in order at once."""


@dataclass(frozen=True)
class Found:
    """One text that was found.

    Attributes:
        kind: category, brand or title; or query, of what others searched for.
        row: of a title: the product's.
        path: of a category: its whole path.
        marks: ranges of the text that were typed.
        rank: what is better is larger.
    """

    kind: str
    text: str
    row: int = -1
    path: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    rank: float = 0.0


class Texts:
    """Texts of one kind and how popular each is."""

    def __init__(self, texts: Sequence[str], popularity: np.ndarray) -> None:
        self.texts = texts
        self.index = PrefixIndex(texts)
        # What is as popular stands in order of rows.
        order = np.lexsort((-np.arange(len(texts)), popularity))
        self._rank = np.empty(len(texts), np.int64)
        self._rank[order] = np.arange(len(texts))

    def find(self, words: Sequence[Sequence[str]]) -> Iterator[tuple[int, float]]:
        """Texts that have all words, of each any of its spellings, and their ranks, the best first.

        What begins with what was typed comes before what has it further on, then goes by popularity.
        """
        if not len(self.texts) or not words:
            return
        every = np.ones(len(self.texts), bool)
        heads = np.zeros(len(self.texts), bool)
        for spellings in words:
            own = np.zeros(len(self.texts), bool)
            for word in spellings:
                texts, first = self.index.having(word)
                own[texts] = True
                heads[texts[first]] = True
            every &= own
        found = np.flatnonzero(every)
        ranks = self._rank[found] + heads[found] * len(self.texts)
        while len(found):
            most = min(len(found), BATCH)
            best = np.argpartition(-ranks, most - 1)[:most]
            for place in best[np.argsort(-ranks[best])].tolist():
                yield int(found[place]), float(ranks[place]) / (2 * len(self.texts))
            rest = np.ones(len(found), bool)
            rest[best] = False
            found, ranks = found[rest], ranks[rest]


class Suggestions:
    """Categories, brands and titles of some products.

    Args:
        titles, categories, brands: of n products; a category is a path.
        popularity: (n,) how often each is asked for; None where that is not known.
        names: category path to language to what shoppers call it there.
    """

    def __init__(
        self,
        titles: Sequence[str],
        categories: Sequence[str],
        brands: Sequence[str],
        popularity: np.ndarray | None = None,
        names: Mapping[str, Mapping[str, Sequence[str]]] = NO_NAMES,
    ) -> None:
        paths: Counter[str] = Counter()
        for category in categories:
            nodes = category.split(SEPARATOR) if category else []
            for depth in range(len(nodes)):
                paths[SEPARATOR.join(nodes[: depth + 1])] += 1
        known = Counter(brand for brand in brands if brand)
        called = [(path.split(SEPARATOR)[-1], path) for path in paths]
        called += [(name, path) for path in paths for own in names.get(path, {}).values() for name in own]
        self._paths = [path for _, path in called]
        self._kinds = {
            "category": Texts([name for name, _ in called], np.array([paths[path] for _, path in called])),
            "brand": Texts(list(known), np.array(list(known.values()))),
            "title": Texts(titles, np.zeros(len(titles)) if popularity is None else popularity),
        }

    def find(
        self, spellings: Sequence[Sequence[str]], kind: str, k: int, shown: Callable[[Found], bool]
    ) -> list[Found]:
        """The best k of a kind that begin as was typed, each text once, as far as they may be shown.

        Args:
            spellings: what is looked for of each word that was typed.
            kind: category, brand or title.
        """
        texts = self._kinds[kind]
        own = [word for spelled in spellings for word in spelled]
        found: list[Found] = []
        known: set[str] = set()
        for place, rank in texts.find(spellings):
            text = texts.texts[place]
            path = self._paths[place] if kind == "category" else ""
            name = path or plain(text)
            if name in known:
                continue
            row = place if kind == "title" else -1
            one = Found(kind, text, row, path, tuple(marks(text, own)), rank)
            if shown(one):
                known.add(name)
                found.append(one)
                if len(found) == k:
                    break
        return found

    @property
    def indexes(self) -> list[PrefixIndex]:
        """Those of its kinds."""
        return [texts.index for texts in self._kinds.values()]

    @property
    def nbytes(self) -> int:
        """Memory of the indexes."""
        return sum(index.nbytes for index in self.indexes)


def spellings(typed: str, tables: Sequence[Suggestions]) -> list[list[str]]:
    """What is looked for of each word that was typed: itself; where nothing begins with it, beginnings that
    it may be misspelt for."""
    indexes = [index for table in tables for index in table.indexes]
    return [
        [word] if any(len(index.having(word)[0]) for index in indexes) else misspelt(indexes, word) or [word]
        for word in typed_words(typed)[:MOST_WORDS]
    ]
