"""Which of the texts that begin as was typed are shown, and in what order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.filters.columns import SEPARATOR
from retrieval.suggestions.folding import marks, plain, typed_words
from retrieval.suggestions.prefixes import PrefixIndex, misspelt

__all__ = ["Found", "Suggestions", "spellings"]

MOST_WORDS = 12
"""Words that are read of what was typed."""
BATCH = 64
"""Texts that are put in order at once."""


@dataclass(frozen=True)
class Found:
    """One text that was found.

    Attributes:
        kind: category, brand or title.
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


class _Texts:
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
    """

    def __init__(
        self,
        titles: Sequence[str],
        categories: Sequence[str],
        brands: Sequence[str],
        popularity: np.ndarray | None = None,
    ) -> None:
        paths: dict[str, int] = {}
        for category in categories:
            nodes = category.split(SEPARATOR) if category else []
            for depth in range(len(nodes)):
                path = SEPARATOR.join(nodes[: depth + 1])
                paths[path] = paths.get(path, 0) + 1
        names: dict[str, int] = {}
        for brand in brands:
            if brand:
                names[brand] = names.get(brand, 0) + 1
        known = np.zeros(len(titles)) if popularity is None else popularity
        self._paths = list(paths)
        self._kinds = {
            "category": _Texts([path.split(SEPARATOR)[-1] for path in paths], np.array(list(paths.values()))),
            "brand": _Texts(list(names), np.array(list(names.values()))),
            "title": _Texts(titles, known),
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
