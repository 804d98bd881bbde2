"""The order of what was found, and pages of it."""

from typing import Literal

import numpy as np

from retrieval.filters.columns import Columns
from shelfspace.errors import InputError

__all__ = ["SORTS", "Sort", "page", "sorted_rows"]

Sort = Literal["relevance", "price_up", "price_down"]
SORTS: tuple[Sort, ...] = ("relevance", "price_up", "price_down")
DECIMALS = 9
"""Scores are compared at this precision, prices exactly."""


def sorted_rows(rows: np.ndarray, scores: np.ndarray, columns: Columns, by: Sort = "relevance") -> np.ndarray:
    """Positions of m found rows in the order asked for.

    By price, products without one come last, and equal prices stand by relevance. Equal scores stand
    by row: the same question gets the same order.

    Args:
        rows: (m,) int64 rows of `columns`.
        scores: (m,), higher is better.

    Raises:
        InputError: an unknown order.
    """
    if by not in SORTS:
        raise InputError("sort", by, f"use one of {', '.join(SORTS)}")
    relevance = (rows, -np.round(scores, DECIMALS))
    if by == "relevance":
        return np.lexsort(relevance)
    price = columns.price[rows]
    unknown = ~np.isfinite(price)
    signed = np.where(unknown, 0.0, price if by == "price_up" else -price)
    return np.lexsort((*relevance, signed, unknown))


def page(order: np.ndarray, number: int, size: int) -> np.ndarray:
    """One page of an order, the first being number 1; empty beyond the last.

    Raises:
        InputError: a page or a size below 1.
    """
    if number < 1:
        raise InputError("page", number, "count pages from 1")
    if size < 1:
        raise InputError("size", size, "ask for at least one product a page")
    return order[(number - 1) * size : number * size]
