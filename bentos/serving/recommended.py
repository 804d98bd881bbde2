"""From ranked products to hits that may be shown: in stock, not banned, boosted, one of its variants each."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from insights.recommendation.reasons import Reason, sentence
from insights.recommendation.serve import Ranked, Recommender
from retrieval.catalogue.variants import ALONE
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.columns import Filters, allowed_rows
from retrieval.filters.rules import Rules

__all__ = ["Shelf"]

LOOKED_AT = 3_000
"""Ranked products that are looked at for one list."""
SHARE = 4
"""Of a list for someone new, one category fills at most a quarter, as long as there are others."""


@dataclass(frozen=True)
class Shelf:
    """What of a state of the shop may be recommended.

    Attributes:
        filters: only what passes them is shown.
        rules: of the merchandisers, as far as they apply to the category that is asked for.
    """

    catalogue: CatalogueView
    recommender: Recommender
    rules: Rules
    filters: Filters

    def hits(
        self, ranked: Ranked, k: int, without: Collection[str], spread: bool = False
    ) -> list[dict[str, Any]]:
        """At most k hits, best first, each with its reason; pinned ones lead.

        Args:
            without: products that are left out, with their variants.
            spread: no category fills the list while there are others.
        """
        catalogue, columns = self.catalogue, self.catalogue.columns
        may = allowed_rows(columns, self.filters) & ~columns.deleted & ~(columns.on_hand <= 0)
        ids = self.recommender.product_ids[ranked.products[:LOOKED_AT]]
        found = [(place, catalogue.position_of(product)) for place, product in enumerate(ids)]
        there = [(place, position) for place, position in found if position is not None]
        of = {position: place for place, position in there}
        positions = np.fromiter(of, np.int64, len(of))
        scores = ranked.scores[np.fromiter(of.values(), np.int64, len(of))]
        # Equal scores keep the order of the ranking, which boosts may change, not ties.
        scores = scores - np.arange(len(scores)) * 1e-12
        order, boosted, pinned = self.rules.apply(positions, np.maximum(scores, 0), columns, may)
        group = catalogue.variants
        taken = {self._kind(group, catalogue.position_of(product)) for product in without}
        chosen: list[tuple[int, float, bool]] = []
        later: list[tuple[int, float, bool]] = []
        shelves: dict[int, int] = {}
        for place, (position, score) in enumerate(zip(order.tolist(), boosted.tolist(), strict=True)):
            kind = self._kind(group, position)
            if kind in taken:
                continue
            taken.add(kind)
            category = int(columns.category.codes[position])
            shelves[category] = shelves.get(category, 0) + 1
            crowded = spread and shelves[category] > max(1, -(-k // SHARE))
            (later if crowded else chosen).append((position, score, place < pinned))
            if len(chosen) >= k:
                break
        shown = (chosen + later)[:k]
        return [
            {
                **catalogue.hit(position, score),
                "pinned": first,
                "reason": self._reason(ranked, None if first else of[position]),
            }
            for position, score, first in shown
        ]

    @staticmethod
    def _kind(group: np.ndarray | None, position: int | None) -> int:
        """What variants share: negative numbers are groups, others products."""
        if position is None:
            return -1 << 40
        own = ALONE if group is None or position >= len(group) else int(group[position])
        return position if own == ALONE else -1 - own

    def _reason(self, ranked: Ranked, place: int | None) -> dict[str, Any]:
        """As `bentos.endpoints.recommend` describes it; without a place the shop itself chose.

        Args:
            place: in the ranking.
        """
        if place is None:
            return {
                "kind": "chosen",
                "text": "chosen by the shop",
                "product_id": "",
                "title": "",
                "number": 0,
            }
        reason = self._told(ranked.reason(place))
        product = str(self.recommender.product_ids[reason.product]) if reason.product >= 0 else ""
        position = self.catalogue.position_of(product) if product else None
        title = self.catalogue.hit(position)["title"] if position is not None else ""
        said = {"kind": reason.kind, "text": sentence(reason, title or product)}
        return {**said, "product_id": product, "title": title, "number": reason.number}

    def _told(self, reason: Reason) -> Reason:
        """The reason; a product that may not be named any more is not."""
        banned = reason.product >= 0 and self.recommender.product_ids[reason.product] in self.rules.bans
        return Reason("others") if banned else reason
