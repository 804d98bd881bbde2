"""Whether a product is of the class that a query asks for, by the encoder and by the query's neighbours.

A network that learned from some hundreds of products takes one title in six for something else, and so do
the nearest products by what a frozen encoder knows, but seldom the same one. So the class of a query is the
mean of both (a linear opinion pool, Stone 1961). The neighbours vote by their nearness (Dudani 1976), each
with the category that the shop says it is of, where it says one.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from retrieval.filters.columns import SEPARATOR
from retrieval.query import Encoder

__all__ = ["as_told", "kinship", "product_classes"]

NEIGHBOURS = 5
"""Candidates that vote; 5 to 20 measure alike."""
NEARNESS = 0.05
"""By how much a neighbour is less near that has a vote e times as light; 0.05 and 0.1 measure alike."""


def kinship(classes: np.ndarray, said: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """(m,) float32 chance that query and candidate are of one class.

    Args:
        classes: (m, k) class probabilities of the candidates.
        said: (k,) those of the query by the encoder.
        nearness: (m,) how near each candidate is to the query.
    """
    nearest = np.argsort(-nearness, kind="stable")[:NEIGHBOURS]
    near = nearness[nearest]
    votes = np.exp((near - near.max(initial=-np.inf)) / NEARNESS)
    voted = votes @ classes[nearest] / max(float(votes.sum()), 1e-12)
    return np.asarray(classes @ ((said + voted) / 2), np.float32)


def product_classes(encoder: Encoder, vectors: np.ndarray, categories: Iterable[str]) -> np.ndarray | None:
    """(n, k) float32 class probabilities of products: of one whose category the shop says, that alone.

    Args:
        vectors: (n, d) of the products.
        categories: their n paths, "" where unknown.

    Returns:
        None where the encoder has no classes.
    """
    return as_told(encoder.classify_vectors(vectors), categories, encoder.labels) if encoder.labels else None


def as_told(classes: np.ndarray, categories: Iterable[str], labels: Sequence[str]) -> np.ndarray:
    """(n, k) float32 class probabilities, those of products whose category is known being 0 and 1.

    Args:
        classes: (n, k) as the encoder guesses them.
        categories: their n paths, "" where unknown.
        labels: the k classes, each a path.
    """
    classes = np.array(classes, np.float32)
    columns = {label: column for column, label in enumerate(labels)}
    known: dict[str, int | None] = {}
    for row, path in enumerate(categories):
        if path not in known:
            known[path] = column_of(str(path or ""), columns)
        if (column := known[path]) is not None:
            classes[row] = 0
            classes[row, column] = 1
    return classes


def column_of(path: str, columns: dict[str, int]) -> int | None:
    """The label that a path is or lies below; None where there is none."""
    nodes: Sequence[str] = path.split(SEPARATOR)
    heads = (SEPARATOR.join(nodes[:depth]) for depth in range(len(nodes), 0, -1))
    return next((columns[head] for head in heads if head in columns), None)
