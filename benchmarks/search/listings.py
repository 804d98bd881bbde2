"""The listings of the search benchmark and who is relevant to whom, from their category paths.

Judgements: to a listing, one of the same second-level category has grade 2 and one of the same first
level alone grade 1. To a category's name, its members have grade 2.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.datasets import Data, read_data
from retrieval.lexical.tokens import search_terms
from retrieval.ranking.kinship import told_columns
from shelfspace.settings import Settings

__all__ = ["LEVELS", "Listings", "read_listings"]

LEVELS = 3
SEPARATOR = " > "
FEWEST = 3
"""Listings that a third-level category must have for its name to be taught."""


@dataclass(frozen=True)
class Listings:
    """n listings.

    Attributes:
        data: their inputs, features and labels.
        paths: (n, LEVELS) category path down to each level, "" where it ends before.
        table: n rows of title, brand, attributes, description and category, for the lexical index.
    """

    data: Data
    paths: np.ndarray
    table: pd.DataFrame

    def grades(self, row: int, gallery: np.ndarray) -> np.ndarray:
        """(gallery,) grade of each listing to one listing as a query."""
        return self._same(1, row, gallery) + np.maximum(
            self._same(1, row, gallery), self._same(0, row, gallery)
        )

    def _same(self, level: int, row: int, gallery: np.ndarray) -> np.ndarray:
        path = self.paths[row, level]
        return ((self.paths[gallery, level] == path) & (path != "")).astype(np.int8)

    def members(self, path: str, gallery: np.ndarray) -> np.ndarray:
        """(gallery,) grade of each listing to a category's name: 2 for its members."""
        level = path.count(SEPARATOR)
        return 2 * (self.paths[gallery, level] == path).astype(np.int8)

    def told(self, learnt: np.ndarray) -> np.ndarray:
        """(n, 1) second-level categories as classes of a model that learned those of the rows `learnt`."""
        return told_columns(self.paths[:, 1], sorted({str(path) for path in self.paths[learnt, 1]} - {""}))

    @property
    def names(self) -> list[str]:
        """Every category's name once, sorted."""
        return sorted({name_of(path) for path in self.paths.ravel() if path})

    def categories(self, level: int, fewest: int = 1, among: np.ndarray | None = None) -> list[str]:
        """Paths of a level, 0 the first, that have some listings."""
        rows = self.paths[:, level] if among is None else self.paths[among, level]
        found, counts = np.unique(rows[rows != ""], return_counts=True)
        return [str(path) for path, count in zip(found, counts, strict=True) if count >= fewest]

    def taught_names(self, among: np.ndarray) -> dict[str, str]:
        """Names of third-level categories with the second-level path above them.

        None is a name of the second level, a part of one or one with more words to it, in whatever order
        and form: those stay unseen for the test. A name below two paths is left out, and so is one of
        fewer than FEWEST listings, as the third level is often the listing's own title.
        """
        second = {terms(name_of(path)) for path in self.categories(1)}
        above: dict[str, set[str]] = {}
        for path in self.categories(2, FEWEST, among):
            own = terms(name_of(path))
            if not any(own <= other or own >= other for other in second):
                above.setdefault(name_of(path), set()).add(path.rsplit(SEPARATOR, 1)[0])
        return {name: next(iter(paths)) for name, paths in above.items() if len(paths) == 1}


def name_of(path: str) -> str:
    """The last node of a path."""
    return path.rsplit(SEPARATOR, 1)[-1]


def terms(name: str) -> frozenset[str]:
    """The search terms of a name."""
    return frozenset(term for _, term in search_terms(name))


def read_listings(settings: Settings, cache: Path) -> Listings:
    """The Flipkart listings in the order of the quality benchmark."""
    data = read_data("flipkart", settings, cache)
    nodes = [path.split(SEPARATOR) if path else [] for path in data.categories]
    paths = [[SEPARATOR.join(n[: d + 1]) if len(n) > d else "" for d in range(LEVELS)] for n in nodes]
    table = pd.DataFrame(
        {
            "title": [item.title for item in data.items],
            "brand": [item.brand for item in data.items],
            "attributes": [item.attributes for item in data.items],
            "description": [item.description for item in data.items],
            # The third level is as often the listing's own title.
            "category": [SEPARATOR.join(n[:2]) for n in nodes],
        }
    )
    return Listings(data, np.array(paths, dtype=object), table)
