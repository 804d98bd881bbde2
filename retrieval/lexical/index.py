"""Lexical search: BM25 over a listing's title, brand, attributes, category and description.

The scores are those of bm25s (Lù 2024, arXiv 2407.03618), method `lucene`. Fields are weighted by
repeating their terms, which is the simple form of BM25F (Robertson, Zaragoza & Taylor 2004): one
length and one saturation for the whole listing. The folder holds arrays (.npy) and JSON, no pickle,
and equal listings give equal bytes.
"""

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import pandas as pd

from retrieval.lexical.listings import FIELD_WEIGHTS, NO_NAMES, Names, read_table, title_lists
from retrieval.lexical.query import Alternative, LexicalQuery
from retrieval.lexical.score_table import Postings, ScoreTable, distinct, in_all
from retrieval.lexical.spelling import Spelling
from retrieval.lexical.tokens import Also, query_terms, tokens_code
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_array, read_json, reading, write_json

__all__ = ["FORMAT", "LexicalIndex"]

FORMAT = 2
"""Of the folder; 1 had neither titles nor words."""
TITLES, WORDS = ("titles.indptr.npy", "titles.indices.npy"), "words.json"
K1, B = 1.5, 0.75
"""Saturation of repeated terms and share of the length normalisation: the usual values."""


class LexicalIndex:
    """BM25 over n listings.

    Attributes:
        terms: how many there are.
        weights: times that each field's terms count.
        mean_length: terms of a listing, in the mean.
        spelling: the listings' words as written.
        categories: names of the listings' categories.
    """

    def __init__(
        self,
        index: bm25s.BM25,
        rows: int,
        weights: Mapping[str, int],
        mean_length: float,
        titles: tuple[np.ndarray, np.ndarray],
        words: Mapping[str, int],
        categories: Names,
    ) -> None:
        self._index = index
        # Where each term's rows begin, and the rows, ascending, that have it in their title.
        self._titles = titles
        self.spelling = Spelling(words)
        self.near, self.ending = self.spelling.near, self.spelling.ending
        self.compounds = self.spelling.compounds
        self.categories = categories
        # Plain views: a memory map's own type costs a microsecond each time it is cut.
        self._starts, self._indices, self._data = (
            np.asarray(index.scores[name]) for name in ("indptr", "indices", "data")
        )
        held = np.diff(self._starts).astype(np.float64)
        rarest = np.log1p((rows + 0.5) / 0.5)
        self._rarity = np.append(np.log1p((rows - held + 0.5) / (held + 0.5)), rarest)  # at -1 the unknown
        self._nothing: Postings = (self._indices[:0], self._data[:0])
        self.terms = len(self._starts) - 1
        self._rows = rows
        self.weights = dict(weights)
        self.mean_length = mean_length
        self._own = threading.local()

    def __len__(self) -> int:
        return self._rows

    @classmethod
    def build(
        cls,
        products: pd.DataFrame,
        weights: Mapping[str, int] = FIELD_WEIGHTS,
        categories: Names = NO_NAMES,
    ) -> "LexicalIndex":
        """Index n listings, row i of the table being listing i.

        Args:
            products: any of the columns title, brand, attributes (mapping or text), category and
                description; what is missing or null is empty.
            weights: field to how often its terms count.
            categories: names of categories; they are words of the listings in and below them.

        Raises:
            InputError: an unknown field, a negative weight, or no listing.
        """
        for field, weight in weights.items():
            if field not in FIELD_WEIGHTS or weight < 0:
                known = ", ".join(FIELD_WEIGHTS)
                raise InputError("weights", {field: weight}, f"give 0 or more to any of {known}")
        if len(products) == 0:
            raise InputError("products", 0, "give at least one listing")
        read = read_table(products, weights, categories)
        words = Counter(word for listing in read for word in listing.words)
        terms, titles = [listing.terms for listing in read], [listing.titled for listing in read]
        return cls.of_terms(terms, weights, titles, words, categories)

    @classmethod
    def of_terms(
        cls,
        listings: Sequence[Sequence[str]],
        weights: Mapping[str, int],
        titles: Sequence[Collection[str]] = (),
        words: Mapping[str, int] | None = None,
        categories: Names = NO_NAMES,
    ) -> "LexicalIndex":
        """Index listings given as terms.

        Args:
            titles: terms of each listing's title; without, no title has a word.
            words: as written, with how many listings have each; without, no spelling is known.
        """
        # Sorted, since the library numbers terms in the order of a set, which differs between processes.
        vocabulary = {
            term: i for i, term in enumerate(sorted({t for terms in listings for t in terms} | {""}))
        }
        ids = [[vocabulary[term] for term in terms] for terms in listings]
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        # Listings without any word have a mean length of 0, by which the library divides.
        with np.errstate(invalid="ignore"):
            index.index((ids, vocabulary), create_empty_token=False, show_progress=False)
        listed, mean_length = title_lists(titles, vocabulary), sum(map(len, ids)) / len(ids)
        return cls(index, len(listings), weights, mean_length, listed, words or {}, categories)

    def query(self, text: str) -> LexicalQuery:
        """What the index reads of a query's text."""
        return self.query_of(*query_terms(text))

    def query_of(self, words: tuple[str, ...], terms: tuple[str, ...], also: Also = ()) -> LexicalQuery:
        """A query of distinct words whose terms are known; see `QueryTerms`."""
        numbers, postings = [], []
        for term in terms:
            number = self._index.vocab_dict.get(term, -1)
            part = slice(int(self._starts[number]), int(self._starts[number + 1]))
            numbers.append(number)
            postings.append(self._nothing if number < 0 else (self._indices[part], self._data[part]))
        ids = np.array(numbers, dtype=np.int64)
        rarity = self._rarity[ids]
        others = [
            self._alternative(place, float(rarity[place]), text, own)
            for term, texts in also
            for place in ([terms.index(term)] if term in terms else [])
            for text, own in texts
        ]
        bound = float(sum(rarity.tolist()))
        return LexicalQuery(words, terms, ids, rarity, tuple(postings), bound, tuple(others))

    def _alternative(self, place: int, most: float, text: str, terms: tuple[str, ...]) -> Alternative:
        asked = self.query_of(terms, terms)
        rows = self.having_all(asked)
        share = min(1.0, most / asked.bound)
        scores = np.float32(share) * self.held(asked, rows)[0]
        return Alternative(
            place, text, terms, asked.rarity, share, (rows.astype(self._indices.dtype), scores)
        )

    def scores(self, query: LexicalQuery) -> np.ndarray:
        """(n,) float32 BM25 of every listing, what may stand for a word aside; 0 where no word matches."""
        ids = query.ids[(query.ids >= 0) & (query.ids < self.terms)]
        if len(ids) == 0:
            return np.zeros(self._rows, dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(ids.tolist()), dtype=np.float32)

    def best(
        self,
        query: LexicalQuery,
        k: int,
        allowed: np.ndarray | None = None,
        without: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the k best listings, best first, and their BM25; ties by row, and none without a word.

        Only the listings that have a word of the query are looked at.

        Args:
            allowed: (n,) bool, those that may be found.
            without: rows that may not.
        """
        if not query.postings:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if not hasattr(self._own, "table"):
            self._own.table = ScoreTable(self._rows)
        table: ScoreTable = self._own.table
        return table.best(query.lists, k, allowed, without)

    def evidence(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) float32 BM25 of the given listings, as `scores` has it, and (rows,) float32 share of the
        query's words that each has, rare words counting more."""
        return self.held(query, rows)[:2]

    def held(self, query: LexicalQuery, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `evidence` gives, and (shown, rows) bool, which of the given listings have which word, or what
        may stand for it."""
        # Of the lists' own type: numpy would convert each list to that of the rows.
        asked = rows.astype(self._indices.dtype)
        lists = (*query.postings, *(one.postings for one in query.also))
        there = np.zeros((len(lists), len(asked)), bool)
        scores = np.zeros(there.shape, np.float32)
        for line, (listings, values) in enumerate(lists):
            if len(listings):
                # Few rows are looked up in a long list.
                places = listings.searchsorted(asked)
                np.equal(listings.take(places, mode="clip"), asked, out=there[line])
                np.multiply(values.take(places, mode="clip"), there[line], out=scores[line])
        # Along the first axis numpy adds line by line, as `scores` adds word by word.
        covered = np.add.reduce(query.folded(there) * query.rarity[:, None], axis=0) / max(query.bound, 1e-12)
        return np.add.reduce(query.folded(scores), axis=0), covered.astype(np.float32), there

    def matched(self, query: LexicalQuery, rows: np.ndarray) -> list[tuple[str, ...]]:
        """Of each given row, the words of the query that it has, in the query's order."""
        shown = query.shown
        return [tuple(compress(shown, has)) for has in self.held(query, rows)[2].T.tolist()]

    def having_all(self, query: LexicalQuery, titled: bool = False) -> np.ndarray:
        """Ascending rows of the listings that have every word of a query; of one without words, none.

        Args:
            titled: that have every word in their title.
        """
        lists = [listed for listed, _ in query.lists]
        if titled:
            starts, rows = self._titles
            known = [number if number < self.terms else -1 for number in query.ids.tolist()]
            lists = [rows[starts[n] : starts[n + 1]] if n >= 0 else rows[:0] for n in known]
            for one in query.also:
                own = self.having_all(self.query_of(one.terms, one.terms), titled=True)
                lists[one.place] = distinct(np.concatenate([lists[one.place], own]))
        return in_all(lists, self._rows) if lists else np.empty(0, np.int64)

    def knows(self, word: str, term: str) -> bool:
        """Whether a listing has a word, or another of its term."""
        return word in self.spelling or term in self._index.vocab_dict

    def listed(self, term: str, titled: bool = False) -> np.ndarray:
        """Ascending rows of the listings that have a term, or have it in their title."""
        return self.having_all(self.query_of((term,), (term,)), titled)

    def save(self, folder: Path) -> None:
        """Write arrays and JSON below `folder`, made when absent."""
        self._index.save(folder, show_progress=False)
        for name, table in zip(TITLES, self._titles, strict=True):
            np.save(folder / name, table, allow_pickle=False)
        write_json(folder / WORDS, self.spelling.words)
        write_json(folder / "lexical.json", {"format": FORMAT, **self.describe()})

    @classmethod
    def load(cls, folder: Path, rows: int | None = None) -> "LexicalIndex":
        """Read what `save` wrote; the arrays are memory-mapped.

        Args:
            rows: listings that there must be.

        Raises:
            ArtifactError: missing, damaged, of another number of listings, or of other terms.
        """
        with reading(folder, KeyError, TypeError, AttributeError):
            facts = read_json(folder / "lexical.json")
            index = bm25s.BM25.load(folder, mmap=True, show_progress=False)
            weights = {str(k): int(v) for k, v in facts["weights"].items()}
            made = facts.get("format", 1), facts["tokens"]
            if made != (FORMAT, tokens_code()):
                raise ArtifactError(f"the lexical index at {folder} was made as {made}; build it again")
            starts, titled = (np.asarray(read_array(folder / name, mmap_mode="r")) for name in TITLES)
            sizes = int(facts["rows"]), weights, float(facts["mean_length"])
            loaded = cls(index, *sizes, (starts, titled), read_json(folder / WORDS), facts["categories"])
            terms = len(index.scores["indptr"]) - 1
        agree = terms == len(index.vocab_dict) and len(starts) == terms + 1 and int(starts[-1]) == len(titled)
        if not agree or int(index.scores["num_docs"]) != len(loaded):
            raise ArtifactError(f"the lexical index at {folder} is damaged: its files disagree")
        if rows is not None and rows != len(loaded):
            raise ArtifactError(f"the lexical index at {folder} is over {len(loaded)} listings, not {rows}")
        return loaded

    def describe(self) -> dict[str, Any]:
        """Rows, terms, mean length, weights, names of categories and what cut the words, JSON-able."""
        return {
            "rows": len(self),
            "terms": len(self._index.vocab_dict),
            "mean_length": self.mean_length,
            "weights": self.weights,
            "categories": {path: dict(names) for path, names in self.categories.items()},
            "tokens": tokens_code(),
        }
