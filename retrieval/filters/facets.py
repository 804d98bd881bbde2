"""Facets: how many products each further choice would leave."""

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from retrieval.filters.columns import SEPARATOR, Columns, Filters, allowed_rows

__all__ = ["facets", "price_ranges", "relaxed", "roundest"]


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
FINEST = -4
"""Decimals, negative, that a round price does not reach."""
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
    """About equally full ranges between round prices; every price is in one, and none in two.

    Both ends belong to a range. Where a product costs exactly what the next range begins with, a range ends
    just below it: 20 to 49.99, then 50 to 100.
    """
    known = np.sort(prices[np.isfinite(prices)])
    if len(known) == 0:
        return []
    if known[0] == known[-1]:
        return [{"from": float(known[0]), "to": float(known[0]), "count": len(known)}]
    low, high = float(known[0]), float(known[-1])
    # A bound may be any number from halfway to the quantile before to halfway to the next one.
    halves = known[np.linspace(0, len(known) - 1, 2 * PRICE_STEPS + 1).round().astype(int)].tolist()
    inner = {roundest(a, b) for a, b in zip(halves[1:-1:2], halves[3::2], strict=False) if a < b}
    inside = sorted(bound for bound in inner if low < bound < high) or [roundest(low, high)]
    below = 2 * low - inside[0]
    first = 0.0 if below < 0 else roundest(below, low)
    last = roundest(float(np.nextafter(high, 0)), 1.25 * high)
    bounds = [first, *inside, last] if last > inside[-1] else [first, *inside]
    cent = 1.0 if np.all(known == np.round(known)) else 0.01
    ranges: list[dict[str, float | int]] = []
    for begin, end in pairwise(bounds):
        final = end == bounds[-1]
        start, stop = np.searchsorted(known, [begin, end], side="left").tolist()
        taken = stop < len(known) and known[stop] == end
        stop = len(known) if final else stop
        to = end if final or not taken else max(round(end - cent, 2), float(known[stop - 1]))
        if stop > start:
            ranges.append({"from": begin, "to": to, "count": stop - start})
    return ranges


def roundest(low: float, high: float) -> float:
    """The roundest number above `low` and at most `high`, 0 <= low < high: a multiple of the largest of
    ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that has one there, the first of them."""
    for power in range(int(np.floor(np.log10(high))) + 1, FINEST, -1):
        for lead in (5, 2, 1):
            step = lead * 10.0**power
            number = round(float(np.floor(low / step + 1e-9) + 1) * step, -FINEST)
            if number <= high:
                return number
    return high
