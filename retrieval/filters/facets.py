"""Facets: how many products each further choice would leave."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from retrieval.filters.columns import SEPARATOR, Columns, Filters, allowed_rows

__all__ = ["facets", "price_ranges", "relaxed"]


def relaxed(filters: Filters) -> list[Filters]:
    """The filters without each one that is set, in turn: what `facets` counts a field's own values under."""
    return [
        replace(filters, **{name: PLAIN[name] for name in names})
        for names in FACETS.values()
        if any(getattr(filters, name) != PLAIN[name] for name in names)
    ]


PLAIN: dict[str, Any] = {field.name: field.default for field in fields(Filters)}
FACETS = {
    "category": ("category",),
    "brand": ("brand",),
    "language": ("language",),
    "in_stock": ("in_stock",),
    "has_photo": ("has_photo",),
    "price": ("price_from", "price_to"),
}
"""Facet to the filters that are its own."""
PRICE_STEPS = 5
"""Price ranges offered, of about equally many products."""


def facets(columns: Columns, filters: Filters, rows: np.ndarray | None = None) -> dict[str, Any]:
    """How many products each further choice would leave.

    The counts of a field heed every filter but the field's own, so that a shopper who chose one brand
    still sees how many another has.

    Args:
        rows: (n,) bool, the products that the query found; None for all.

    Returns:
        `category`, by path at every level, `brand` and `language`, the most frequent value first, ties
        in alphabetical order; `in_stock` and `has_photo`, how many; `price`, a list of
        {from, to, count}, ranges that include both ends.
    """
    found = np.ones(len(columns), dtype=bool) if rows is None else rows

    whole = found & allowed_rows(columns, filters)

    def without(facet: str) -> np.ndarray:
        names = FACETS[facet]
        if all(getattr(filters, name) == PLAIN[name] for name in names):
            return whole
        return found & allowed_rows(columns, replace(filters, **{name: PLAIN[name] for name in names}))

    levels: dict[str, int] = {}
    for path, count in columns.category.counts(without("category")).items():
        nodes = path.split(SEPARATOR)
        for depth in range(1, len(nodes) + 1):
            head = SEPARATOR.join(nodes[:depth])
            levels[head] = levels.get(head, 0) + count
    return {
        "category": _ordered(levels),
        "brand": _ordered(columns.brand.counts(without("brand"))),
        "language": _ordered(columns.language.counts(without("language"))),
        "in_stock": int((without("in_stock") & (columns.on_hand > 0)).sum()),
        "has_photo": int((without("has_photo") & columns.has_photo).sum()),
        "price": price_ranges(columns.price[without("price")]),
    }


def _ordered(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def price_ranges(prices: np.ndarray) -> list[dict[str, float | int]]:
    """Ranges between quantiles that occur as prices; none overlaps another and every price is in one."""
    known = np.sort(prices[np.isfinite(prices)])
    if len(known) == 0:
        return []
    ends = np.unique(known[np.linspace(0, len(known) - 1, PRICE_STEPS + 1).round().astype(int)[1:]])
    ranges: list[dict[str, float | int]] = []
    start = 0
    for end in ends:
        stop = int(np.searchsorted(known, end, side="right"))
        ranges.append({"from": float(known[start]), "to": float(end), "count": stop - start})
        start = stop
    return ranges
