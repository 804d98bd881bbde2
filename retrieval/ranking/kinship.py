"""Whether a product is of the class that a query asks for, by the encoder and by the query's neighbours.

A network that learned from some hundreds of products takes one title in six for something else, and so do
the nearest products by what a frozen encoder knows, but seldom the same one. So the class of a query is the
mean of both (a linear opinion pool, Stone 1961). The neighbours vote by their nearness (Dudani 1976), each
with the category that the shop says it is of, where it says one.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from retrieval.filters.columns import SEPARATOR

__all__ = ["as_told", "kinship", "told_columns"]

NEIGHBOURS = 5
"""Candidates that vote; 5 to 20 measure alike."""
NEARNESS = 0.05
"""By how much a neighbour is less near that has a vote e times as light; 0.05 and 0.1 measure alike."""

UNTOLD = -1
"""Of a product whose class the shop does not say."""


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


def told_columns(categories: Iterable[str], labels: Sequence[str]) -> np.ndarray:
    """(n, 1) float32 number of the class that the shop says each of n products is of, UNTOLD where none.

    Args:
        categories: their paths, "" where unknown.
        labels: the classes, each a path.
    """
    columns = {label: column for column, label in enumerate(labels)}
    known: dict[str, int] = {}
    found = []
    for path in categories:
        if path not in known:
            known[path] = column_of(str(path or ""), columns)
        found.append(known[path])
    return np.array(found, np.float32)[:, None]


def as_told(classes: np.ndarray, told: np.ndarray) -> np.ndarray:
    """(m, k) float32 class probabilities, those of products whose class the shop says being 0 and 1.

    Args:
        classes: (m, k) as the encoder guesses them.
        told: (m, 1) of the same products, as `told_columns` gives them.
    """
    found, column = np.array(classes, np.float32), told[:, 0].astype(np.int64)
    rows = np.flatnonzero(column >= 0)
    found[rows] = 0
    found[rows, column[rows]] = 1
    return found


def column_of(path: str, columns: Mapping[str, int]) -> int:
    """The label that a path is or lies below; UNTOLD where there is none."""
    nodes = path.split(SEPARATOR)
    heads = (SEPARATOR.join(nodes[:depth]) for depth in range(len(nodes), 0, -1))
    return next((columns[head] for head in heads if head in columns), UNTOLD)
