"""Lexical search: BM25 over a listing's title, brand, attributes, category and description.

The scores are those of bm25s (Lù 2024, arXiv 2407.03618), method `lucene`. Fields are weighted by
repeating their terms, which is the simple form of BM25F (Robertson, Zaragoza & Taylor 2004): one
length and one saturation for the whole listing. The folder holds arrays (.npy) and JSON, no pickle,
and equal listings give equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import pandas as pd

from catalog.errors import ArtifactError, InputError
from catalog.files import read_json, write_json
from insights.search.tokens import search_terms, tokens_code

__all__ = ["FIELD_WEIGHTS", "LexicalIndex", "LexicalQuery"]

FIELD_WEIGHTS: dict[str, int] = {"title": 3, "brand": 1, "attributes": 1, "category": 1, "description": 1}
"""How often a field's terms count; 0 leaves the field out."""

K1, B = 1.5, 0.75
"""Saturation of repeated terms and share of the length normalisation: the usual values."""


@dataclass(frozen=True)
class LexicalQuery:
    """A query as the index reads it.

    Attributes:
        words: distinct words as written, in lower case, without stop words.
        terms: the term of each.
        ids: term number of each, -1 where no listing has it.
    """

    words: tuple[str, ...]
    terms: tuple[str, ...]
    ids: np.ndarray

    @property
    def unknown_share(self) -> float:
        """Share of the words that no listing has; 0 for a query without words."""
        return float((self.ids < 0).mean()) if len(self.ids) else 0.0


class LexicalIndex:
    """BM25 over n listings.

    Attributes:
        weights: times that each field's terms count.
    """

    def __init__(self, index: bm25s.BM25, rows: int, weights: Mapping[str, int]) -> None:
        self._index = index
        self._rows = rows
        self.weights = dict(weights)

    def __len__(self) -> int:
        return self._rows

    @classmethod
    def build(cls, products: pd.DataFrame, weights: Mapping[str, int] = FIELD_WEIGHTS) -> "LexicalIndex":
        """Index n listings, row i of the table being listing i.

        Args:
            products: any of the columns title, brand, attributes (mapping or text), category and
                description; what is missing or null is empty.
            weights: field to how often its terms count.

        Raises:
            InputError: an unknown field, a negative weight, or no listing.
        """
        for field, weight in weights.items():
            if field not in FIELD_WEIGHTS or weight < 0:
                known = ", ".join(FIELD_WEIGHTS)
                raise InputError("weights", {field: weight}, f"give 0 or more to any of {known}")
        if len(products) == 0:
            raise InputError("products", 0, "give at least one listing")
        listings: list[list[str]] = [[] for _ in range(len(products))]
        for field, weight in sorted(weights.items()):
            if weight and field in products:
                for row, cell in enumerate(products[field].tolist()):
                    listings[row] += [term for _, term in search_terms(cell_text(cell))] * weight
        return cls.of_terms(listings, weights)

    @classmethod
    def of_terms(cls, listings: Sequence[Sequence[str]], weights: Mapping[str, int]) -> "LexicalIndex":
        """Index listings given as terms."""
        # Sorted, since the library numbers terms in the order of a set, which differs between processes.
        vocabulary = {
            term: i for i, term in enumerate(sorted({t for terms in listings for t in terms} | {""}))
        }
        ids = [[vocabulary[term] for term in terms] for terms in listings]
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        # Listings without any word have a mean length of 0, by which the library divides.
        with np.errstate(invalid="ignore"):
            index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        return cls(index, len(listings), weights)

    def query(self, text: str) -> LexicalQuery:
        """The distinct words of a query."""
        terms: dict[str, str] = {}
        for word, term in search_terms(text):
            terms.setdefault(term, word)
        known = self._index.vocab_dict
        ids = np.array([known.get(term, -1) for term in terms], dtype=np.int64)
        return LexicalQuery(tuple(terms.values()), tuple(terms), ids)

    def scores(self, query: LexicalQuery) -> np.ndarray:
        """(n,) float32 BM25 of every listing; 0 where no word matches."""
        ids = query.ids[query.ids >= 0]
        if len(ids) == 0:
            return np.zeros(len(self), dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(ids.tolist()), dtype=np.float32)

    def bound(self, query: LexicalQuery) -> float:
        """What no listing's score exceeds, words that no listing has counted as the rarest of all.

        A score over this bound is a share of the query that is matched: a query of unknown words has
        low shares everywhere.
        """
        rarest = float(np.log1p((len(self) + 0.5) / 0.5))
        return float(sum(rarest if i < 0 else self._rarity[i] for i in query.ids))

    def covered(self, query: LexicalQuery, rows: np.ndarray) -> np.ndarray:
        """(rows,) float32 share of the query's words that each listing has, rare words counting more."""
        found = np.zeros(len(rows))
        for term in query.ids[query.ids >= 0]:
            found += self._holds(term, rows) * self._rarity[term]
        return np.asarray(found / max(self.bound(query), 1e-12), dtype=np.float32)

    def matched(self, query: LexicalQuery, rows: np.ndarray) -> list[tuple[str, ...]]:
        """Of each given row, the words of the query that it has, in the query's order."""
        found: list[list[str]] = [[] for _ in rows]
        for word, term in zip(query.words, query.ids, strict=True):
            if term >= 0:
                for place in np.flatnonzero(self._holds(term, rows)):
                    found[place].append(word)
        return [tuple(words) for words in found]

    def _holds(self, term: int, rows: np.ndarray) -> np.ndarray:
        """(rows,) bool, which of the given listings have a term."""
        starts = self._index.scores["indptr"]
        listings = self._index.scores["indices"][starts[term] : starts[term + 1]]
        # Ascending, as the listings were read in order; few rows are looked up in a long list.
        places = np.minimum(np.searchsorted(listings, rows), max(len(listings) - 1, 0))
        return np.asarray(listings[places] == rows) if len(listings) else np.zeros(len(rows), dtype=bool)

    @cached_property
    def _rarity(self) -> np.ndarray:
        """(terms,) inverse document frequency, as the method `lucene` has it: a term's largest score."""
        held = np.diff(self._index.scores["indptr"]).astype(np.float64)
        return np.asarray(np.log1p((len(self) - held + 0.5) / (held + 0.5)))

    def save(self, folder: Path) -> None:
        """Write arrays and JSON below `folder`, made when absent."""
        self._index.save(folder, show_progress=False)
        write_json(folder / "lexical.json", self.describe())

    @classmethod
    def load(cls, folder: Path, rows: int | None = None) -> "LexicalIndex":
        """Read what `save` wrote; the arrays are memory-mapped.

        Args:
            rows: listings that there must be.

        Raises:
            ArtifactError: missing, damaged, of another number of listings, or of other terms.
        """
        try:
            facts = read_json(folder / "lexical.json")
            index = bm25s.BM25.load(folder, mmap=True, show_progress=False)
            loaded = cls(index, int(facts["rows"]), {str(k): int(v) for k, v in facts["weights"].items()})
            code, terms = facts["tokens"], len(index.scores["indptr"]) - 1
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"the lexical index at {folder} is missing or damaged: {error}") from error
        if code != tokens_code():
            raise ArtifactError(f"the lexical index at {folder} has terms of {code}; build it again")
        if terms != len(index.vocab_dict) or int(index.scores["num_docs"]) != len(loaded):
            raise ArtifactError(f"the lexical index at {folder} is damaged: its files disagree")
        if rows is not None and rows != len(loaded):
            raise ArtifactError(f"the lexical index at {folder} is over {len(loaded)} listings, not {rows}")
        return loaded

    def describe(self) -> dict[str, Any]:
        """Rows, terms, weights and what cut the words, JSON-able."""
        terms = len(self._index.vocab_dict)
        return {"rows": len(self), "terms": terms, "weights": self.weights, "tokens": tokens_code()}


def cell_text(cell: Any) -> str:
    """A cell as text: a mapping of attributes by name and value, anything null as nothing."""
    if isinstance(cell, Mapping):
        return "; ".join(f"{name}: {value}" for name, value in cell.items() if value is not None)
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell)
