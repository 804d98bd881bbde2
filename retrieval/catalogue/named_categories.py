"""What is of a category that a query names, the release's products and those put since alike."""

from collections.abc import Sequence

import numpy as np

from retrieval.catalogue.parts import SearchParts
from retrieval.filters.columns import SEPARATOR, Columns
from retrieval.lexical.category_names import CategoryNames

__all__ = ["of_named_categories"]


def of_named_categories(parts: SearchParts, columns: Columns, terms: Sequence[str]) -> np.ndarray:
    """(m,) int64 ascending positions of what is there and of a category that the terms of a query name.

    Args:
        columns: of all positions; categories that came since the release stand after its own.
    """
    values, known = columns.category.values, len(parts.columns.category.values)
    new = CategoryNames(values[known:], parts.lexical.categories, SEPARATOR)
    named = [*parts.category_names.named(terms), *(known + number for number in new.named(terms))]
    if not named:
        return np.empty(0, np.int64)
    return np.flatnonzero(columns.category.rows(named) & ~columns.deleted)
