"""Suggestions while somebody types: what of the catalogue begins so, at this moment."""

from typing import Any

import numpy as np

from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters, allowed_rows
from retrieval.suggestions import Found, PastQueries, spellings

__all__ = ["suggest"]

MOST = {"category": 3, "brand": 2}
"""Shown before titles; more of them only where titles leave room."""
MOST_PAST = 3


def suggest(
    catalogue: CatalogueView, typed: str, k: int, banned: np.ndarray, past: PastQueries | None = None
) -> list[dict[str, Any]]:
    """The best k suggestions for what was typed: queries of others, categories, brands, then titles, each the
    best first.

    Args:
        banned: positions of products that may not be found.
        past: what others searched for, where that is known.

    Returns:
        kind (query, category, brand or title), text, marks (ranges of it that were typed), path (of a
        category), product_id and photo (of a title), count (products of a category or brand).
    """
    base, since = catalogue.parts.suggestions, catalogue.suggestions
    words = spellings(typed, [base] if since is None else [base, since])
    if not words:
        return []
    out = set(banned.tolist())

    def found(kind: str) -> list[tuple[Found, int]]:
        """What there is of a kind, the best first, and the position of a title."""
        old = base.find(
            words, kind, k, lambda one: one.row < 0 or not (one.row in out or catalogue.outdated(one.row))
        )
        both = [(one, one.row) for one in old]
        if since is not None:
            new = since.find(words, kind, k, lambda one: one.row < 0 or catalogue.fresh[one.row] not in out)
            known = {one.path or one.text for one in old}
            both += [
                (one, int(catalogue.fresh[one.row]) if one.row >= 0 else -1)
                for one in new
                if (one.path or one.text) not in known
            ]
        return sorted(both, key=lambda pair: -pair[0].rank)[:k]

    titles = [
        {**said(one), "product_id": hit["product_id"], "photo": hit["photo"]}
        for one, position in found("title")
        for hit in [catalogue.hit(position, 0.0)]
    ]
    shown: list[dict[str, Any]] = [] if past is None else [said(one) for one in past.find(words, MOST_PAST)]
    for kind, most in MOST.items():
        room = max(most, k - len(titles) - len(shown))
        for one, _ in found(kind)[:room]:
            count = counted(catalogue, one, banned)
            if count:
                shown.append({**said(one), "count": count})
    return [*shown, *titles][:k]


def said(one: Found) -> dict[str, Any]:
    """A suggestion as an answer has it."""
    return {"kind": one.kind, "text": one.text, "marks": one.marks, "path": one.path}


def counted(catalogue: CatalogueView, one: Found, banned: np.ndarray) -> int:
    """How many products a category or brand has that may be found."""
    filters = Filters(category=(one.path,)) if one.kind == "category" else Filters(brand=(one.text,))
    may = allowed_rows(catalogue.columns, filters)
    return int(may.sum()) - int(may[banned].sum())
