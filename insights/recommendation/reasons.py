"""Why a product is recommended, in words that are true of this shopper and this shop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from insights.recommendation.beside import strongest
from insights.recommendation.candidates import WAYS, Candidates
from insights.recommendation.history import Histories
from insights.recommendation.knowledge import Knowledge

__all__ = ["POPULAR", "Reason", "reason_of", "sentence"]

Kind = Literal["again", "before", "together", "like", "others", "popular", "new", "beside"]
LEAST_COSINE = 0.3
"""Below it, what is nearest does not look like it."""


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes:
        kind: again and before: the shopper bought it; together: it shares orders with `product`; beside: it
            shares orders with `product`, which is like what is asked about; like: it is near to `product` by
            vector; others: shoppers with like purchases bought it; popular: many bought it lately; new: it is
            new in the shop.
        product: row of the product that it is said of; -1 without one.
        number: days (again: between two purchases; before: since the last), or shoppers (popular).
    """

    kind: Kind
    product: int = -1
    number: int = 0


POPULAR = Reason("popular")


def sentence(reason: Reason, title: str) -> str:
    """The reason in English; pages say it in their own language.

    Args:
        title: of the reason's product.
    """
    days, shoppers = (f"{reason.number} {one if reason.number == 1 else several}" for one, several in UNITS)
    return {
        "again": f"you buy this about every {days}",
        "before": f"you bought this {days} ago" if reason.number else "you bought this today",
        "together": f"bought together with {title}",
        "beside": f"bought together with {title}, which is like it",
        "like": f"looks like {title}",
        "others": "bought by shoppers with purchases like yours",
        "popular": f"bought by {shoppers} in the last 28 days" if reason.number else "sold in this shop",
        "new": "new in the shop",
    }[reason.kind]


UNITS = (("day", "days"), ("shopper", "shoppers"))


def reason_of(found: Candidates, of: Histories, known: Knowledge) -> Callable[[int], Reason]:
    """Gives the reason of a candidate of one shopper, by its place.

    What was bought before says so. Of the rest, the way that ranks a candidate highest among all that was
    never bought gives the reason, as far as it can show what it rests on.
    """
    fresh = np.flatnonzero(found.pair < 0)
    ranks = {name: _ranks(found.scores[name], fresh) for name in WAYS}
    ranks["popular"] = _ranks(known.month[found.product], fresh)

    def reason(place: int) -> Reason:
        pair, product = int(found.pair[place]), int(found.product[place])
        if pair >= 0:
            return _own(of, pair)
        for name in sorted(ranks, key=lambda way: ranks[way][place]):
            told = _told(name, product, of, known)
            if told is not None:
                return told
        return Reason("others") if found.scores["taste"][place] > 0 else Reason("new")

    return reason


def _ranks(score: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(c,) rank of each candidate by a score, among some; the others and what scores 0 come last."""
    ranks = np.full(len(score), len(score))
    order = among[np.argsort(-score[among], kind="stable")]
    ranks[order] = np.arange(len(order))
    ranks[score <= 0] = len(score)
    return ranks


def _own(of: Histories, pair: int) -> Reason:
    count, first, last = of.count[pair], of.first[pair], of.last[pair]
    every = round(float(first - last) / max(float(count) - 1, 1))
    if count > 1 and every >= 1:
        return Reason("again", number=every)
    return Reason("before", number=int(last))


def _told(way: str, product: int, of: Histories, known: Knowledge) -> Reason | None:
    """The reason that a way gives for a product; None where it rests on nothing that can be shown."""
    if way == "popular":
        shoppers = int(known.month[product])
        return Reason("popular", number=shoppers) if shoppers else None
    if way == "baskets":
        slow = np.zeros(known.products)
        slow[of.product] = of.slow
        near = strongest(known, product, slow)
        return Reason("together", near) if near >= 0 else None
    if way == "likeness":
        cosine = known.vectors[of.product] @ known.vectors[product]
        nearest = int(cosine.argmax()) if len(cosine) else -1
        known_to_be = nearest >= 0 and cosine[nearest] >= LEAST_COSINE
        return Reason("like", int(of.product[nearest])) if known_to_be else None
    # The rest are words of other shoppers, which are true of what any of them bought.
    return Reason("others") if known.buyers[product] else None
