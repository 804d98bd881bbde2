"""What the ranker sees of a candidate: NaN where there is nothing to say, which LightGBM takes as such."""

import numpy as np

from insights.recommendation.candidates import WAYS, Candidates
from insights.recommendation.history import Histories
from insights.recommendation.judge import frequency
from insights.recommendation.knowledge import Knowledge

__all__ = ["FEATURES", "features", "ranks"]

PRIOR = 2
"""Gaps between purchases that the product's usual interval stands for beside a shopper's own."""

FEATURES = (
    # the shopper with the product
    "count", "share", "slow", "quick", "last", "first", "interval", "due", "due_usually", "since_last_order",
    "skipped", "share_since",
    # the product
    "usual_interval", "repeat", "buyers", "lines", "week", "fortnight", "month", "quarter", "trend", "turn",
    "age", "seen", "fresh", "fresh_share", "log_price",
    # the shopper
    "orders", "order_size", "last_order", "first_order", "distinct", "repeat_share",
    # how the price fits, and what each way says
    "price_fit", *WAYS,
    # the product's place among the shopper's candidates, from 0, and its share of the best one's score
    "rank_last", "rank_quick", "rank_count", "rank_month", *(f"rank_{way}" for way in WAYS),
    *(f"best_{way}" for way in WAYS),
)  # fmt: skip


def features(
    every: Candidates, of: Histories, known: Knowledge, kept: np.ndarray | None = None
) -> np.ndarray:
    """(c, len(FEATURES)) float32, columns as in FEATURES.

    Args:
        every: all that is looked at for some shoppers.
        of: the histories that the candidates were found for.
        kept: places of those that are asked for; None for all.
    """
    kept = np.arange(len(every)) if kept is None else kept
    among = _among(every, of, known, kept)
    found = every.take(kept)
    who, what, has = found.shopper, found.product, found.pair >= 0

    def own(values: np.ndarray, otherwise: float) -> np.ndarray:
        if not len(values):
            return np.full(len(found), otherwise)
        return np.where(has, values[found.pair], otherwise)

    count, last, first, since = (
        own(of.count, 0),
        own(of.last, np.nan),
        own(of.first, np.nan),
        own(of.since, np.nan),
    )
    usual = known.interval[what]
    gaps = np.maximum(count - 1, 0)
    interval = np.where(has, (first - last + PRIOR * usual) / (gaps + PRIOR), np.nan)
    orders = np.maximum(of.orders, 1)
    held = of.per_shopper(of.count)
    price = known.log_price
    priced = np.isfinite(price[of.product])
    spent = of.per_shopper(np.where(priced, price[of.product], 0.0) * of.count)
    usually = spent / np.maximum(of.per_shopper(priced * of.count), 1e-12)
    usually[of.per_shopper(priced * of.count) == 0] = np.nan
    columns = {
        "count": count,
        "share": count / orders[who],
        "slow": own(of.slow, 0),
        "quick": own(of.quick, 0),
        "last": last,
        "first": first,
        "interval": interval,
        "due": last / interval,
        "due_usually": last / usual,
        "since_last_order": last - of.last_order[who],
        "skipped": own(of.skipped, np.nan),
        "share_since": count / since,
        "usual_interval": usual,
        "repeat": known.repeat[what],
        "buyers": known.buyers[what],
        "lines": known.lines[what],
        "week": known.week[what],
        "fortnight": known.fortnight[what],
        "month": known.month[what],
        "quarter": known.quarter[what],
        "trend": (known.month[what] + 3) / (known.month_before[what] + 3),
        "turn": (known.fortnight[what] + 2) / (known.month[what] + 4),
        "age": known.age[what],
        "seen": known.seen[what],
        "fresh": known.fresh[what],
        "fresh_share": known.fresh[what] / np.maximum(known.month[what], 1),
        "log_price": price[what],
        "orders": of.orders[who],
        "order_size": (held / orders)[who],
        "last_order": of.last_order[who],
        "first_order": of.first_order[who],
        "distinct": of.distinct[who],
        "repeat_share": (1 - of.distinct / np.maximum(held, 1))[who],
        "price_fit": price[what] - usually[who],
        **found.scores,
        **among,
    }
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)


def _among(found: Candidates, of: Histories, known: Knowledge, kept: np.ndarray) -> dict[str, np.ndarray]:
    """What the kept ones are beside the others of their shopper, which trees cannot see row by row."""
    has = found.pair >= 0

    def own(values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(has, values[found.pair], otherwise) if len(values) else np.full(len(has), otherwise)

    ranked = {
        "last": own(-of.last, -np.inf),
        "quick": own(of.quick, -1),
        "count": frequency(found, of, known),
        "month": known.month[found.product],
        **found.scores,
    }
    begins = np.flatnonzero(np.diff(found.shopper, prepend=-1))
    told = {f"rank_{name}": ranks(found.shopper, values)[kept] for name, values in ranked.items()}
    for way, scores in found.scores.items():
        best = np.repeat(np.maximum.reduceat(scores, begins), np.diff(begins, append=len(scores)))
        told[f"best_{way}"] = scores[kept] / np.maximum(best[kept], 1e-12)
    return told


def ranks(shopper: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(c,) place among the candidates of a shopper, from 0, the highest score first, ties as they stand.

    Args:
        shopper: (c,) ascending.
    """
    order = np.lexsort((-score, shopper))
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) - np.searchsorted(shopper, shopper)
    return place
