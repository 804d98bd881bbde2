"""What the index of words reads of a listing: its terms, those of its title, and its words as written."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrieval.lexical.tokens import search_terms

__all__ = ["FIELD_WEIGHTS", "NO_NAMES", "ListingWords", "Names", "read_table", "read_words", "title_lists"]

FIELD_WEIGHTS: dict[str, int] = {"title": 3, "brand": 1, "attributes": 1, "category": 1, "description": 1}
"""How often a field's terms count; 0 leaves the field out."""

Names = Mapping[str, Mapping[str, Sequence[str]]]
"""Category path to language to what shoppers call the category there."""
NO_NAMES: Names = MappingProxyType({})
SEPARATOR = " > "


class ListingWords(NamedTuple):
    """What is read of one listing.

    Attributes:
        terms: each as often as its field's weight says.
        titled: those of the title.
        words: as written, in lower case.
    """

    terms: list[str]
    titled: frozenset[str]
    words: frozenset[str]


NO_WORDS = ListingWords([], frozenset(), frozenset())


def read_table(
    products: pd.DataFrame, weights: Mapping[str, int] = FIELD_WEIGHTS, categories: Names = NO_NAMES
) -> list[ListingWords]:
    """`read_words` of each row of a table that has any of the fields as columns."""
    names = [name for name in FIELD_WEIGHTS if name in products]
    rows = zip(*(products[name].tolist() for name in names), strict=True)
    listings = [read_words(dict(zip(names, row, strict=True)), weights, categories) for row in rows]
    return listings or [NO_WORDS] * len(products)


def read_words(
    listing: Mapping[str, Any],
    weights: Mapping[str, int] = FIELD_WEIGHTS,
    categories: Names = NO_NAMES,
) -> ListingWords:
    """What is read of one listing.

    Args:
        listing: any of the fields of FIELD_WEIGHTS.
        weights: field to how often its terms count.
        categories: names of categories, which are words of the listings in and below them.
    """
    terms: list[str] = []
    titled: frozenset[str] = frozenset()
    words: set[str] = set()
    for field, weight in sorted(weights.items()):
        if weight and field in listing:
            text = cell_text(listing[field])
            read = search_terms(text, parts=True)
            if field == "category":
                read += [
                    pair for name in names_of(text, categories) for pair in search_terms(name, parts=True)
                ]
            own = [term for _, term in read]
            terms += own * weight
            words.update(word for word, _ in read)
            if field == "title":
                titled = frozenset(own)
    return ListingWords(terms, titled, frozenset(words))


def names_of(path: str, categories: Names) -> list[str]:
    """What shoppers call a category and those above it."""
    nodes = path.split(SEPARATOR)
    heads = [SEPARATOR.join(nodes[:depth]) for depth in range(1, len(nodes) + 1)]
    return [name for head in heads for own in categories.get(head, {}).values() for name in own]


def title_lists(
    titles: Sequence[Collection[str]], vocabulary: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Where the rows of each term begin, (terms + 1,) int32, and the rows, ascending, whose title has it.

    Args:
        titles: distinct terms of each.
        vocabulary: term to its number.
    """
    numbers = np.array([vocabulary[term] for title in titles for term in title], np.int32)
    rows = np.repeat(np.arange(len(titles), dtype=np.int32), [len(title) for title in titles])
    order = np.lexsort((rows, numbers))
    starts = np.searchsorted(numbers[order], np.arange(len(vocabulary) + 1))
    return starts.astype(np.int32), rows[order]


def cell_text(cell: Any) -> str:
    """A cell as text: a mapping of attributes by name and value, anything null as nothing."""
    if isinstance(cell, Mapping):
        return "; ".join(f"{name}: {value}" for name, value in cell.items() if value is not None)
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell)
