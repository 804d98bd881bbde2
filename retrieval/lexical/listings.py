"""What the index of words reads of a listing: its terms, those of its title, and its words as written."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from retrieval.lexical.tokens import search_terms

__all__ = ["FIELD_WEIGHTS", "ListingWords", "read_table", "read_words"]

FIELD_WEIGHTS: dict[str, int] = {"title": 3, "brand": 1, "attributes": 1, "category": 1, "description": 1}
"""How often a field's terms count; 0 leaves the field out."""


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


def read_table(products: pd.DataFrame, weights: Mapping[str, int] = FIELD_WEIGHTS) -> list[ListingWords]:
    """`read_words` of each row of a table that has any of the fields as columns."""
    names = [name for name in FIELD_WEIGHTS if name in products]
    rows = zip(*(products[name].tolist() for name in names), strict=True)
    listings = [read_words(dict(zip(names, row, strict=True)), weights) for row in rows]
    return listings or [NO_WORDS] * len(products)


def read_words(listing: Mapping[str, Any], weights: Mapping[str, int] = FIELD_WEIGHTS) -> ListingWords:
    """What is read of one listing.

    Args:
        listing: any of the fields of FIELD_WEIGHTS.
        weights: field to how often its terms count.
    """
    terms: list[str] = []
    titled: frozenset[str] = frozenset()
    words: set[str] = set()
    for field, weight in sorted(weights.items()):
        if weight and field in listing:
            read = search_terms(cell_text(listing[field]))
            own = [term for _, term in read]
            terms += own * weight
            words.update(word for word, _ in read)
            if field == "title":
                titled = frozenset(own)
    return ListingWords(terms, titled, frozenset(words))


def cell_text(cell: Any) -> str:
    """A cell as text: a mapping of attributes by name and value, anything null as nothing."""
    if isinstance(cell, Mapping):
        return "; ".join(f"{name}: {value}" for name, value in cell.items() if value is not None)
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell)
