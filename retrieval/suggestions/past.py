"""Searches that others made before, found by their beginnings."""

from collections.abc import Sequence

import numpy as np

from retrieval.suggestions.choose import Found, Texts
from retrieval.suggestions.folding import marks
from retrieval.suggestions.prefixes import PrefixIndex

__all__ = ["PastQueries"]


class PastQueries:
    """Texts of searches and how many visits made each.

    Args:
        texts: of searches that find something.
        visits: of each.
    """

    def __init__(self, texts: Sequence[str], visits: Sequence[int]) -> None:
        self._texts = Texts(list(texts), np.asarray(visits, float))

    def __len__(self) -> int:
        return len(self._texts.texts)

    @property
    def index(self) -> PrefixIndex:
        """Of their words."""
        return self._texts.index

    def find(self, spellings: Sequence[Sequence[str]], most: int) -> list[Found]:
        """The most frequent that begin as was typed."""
        own = [word for spelled in spellings for word in spelled]
        return [
            Found("query", text, marks=tuple(marks(text, own)), rank=rank)
            for (place, rank), _ in zip(self._texts.find(spellings), range(most), strict=False)
            for text in [self._texts.texts[place]]
        ]
