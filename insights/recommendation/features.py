"""What the ranker sees of a candidate: NaN where there is nothing to say, which LightGBM takes as such."""

import numpy as np

from insights.recommendation.candidates import WAYS, Candidates
from insights.recommendation.history import Histories
from insights.recommendation.knowledge import Knowledge

__all__ = ["FEATURES", "features"]

PRIOR = 2
"""Gaps between purchases that the product's usual interval stands for beside a shopper's own."""

FEATURES = (
    # the shopper with the product
    "count", "share", "slow", "quick", "last", "first", "interval", "due", "due_usually", "since_last_order",
    "skipped", "share_since", "lately", "pieces", "pieces_last", "pieces_change",
    # the product
    "usual_interval", "repeat", "buyers", "lines", "week", "fortnight", "month", "quarter", "trend", "turn",
    "age", "seen", "fresh", "fresh_share", "log_price", "usual_pieces",
    # the shopper
    "bulk", "orders", "order_size", "last_order", "first_order", "distinct", "repeat_share",
    # how the price fits, and what each way says
    "price_fit", *WAYS,
)  # fmt: skip


def features(found: Candidates, of: Histories, known: Knowledge) -> np.ndarray:
    """(c, len(FEATURES)) float32, columns as in FEATURES.

    Args:
        of: the histories that the candidates were found for.
    """
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
    usual, lot = known.interval[what], known.pieces[what]
    gaps = np.maximum(count - 1, 0)
    interval = np.where(has, (first - last + PRIOR * usual) / (gaps + PRIOR), np.nan)
    orders = np.maximum(of.orders, 1)
    held = of.per_shopper(of.count)
    price = known.log_price
    usually = of.mean(price[of.product])
    # A wholesaler takes more of everything; what is much for this shopper lasts.
    bulk = of.mean(of.pieces - known.pieces[of.product])
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
        "lately": own(of.lately, 0),
        "pieces": own(of.pieces, np.nan) - lot,
        "pieces_last": own(of.pieces_last, np.nan) - lot,
        "pieces_change": own(of.pieces_last - of.pieces, np.nan),
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
        "usual_pieces": lot,
        "bulk": bulk[who],
        "orders": of.orders[who],
        "order_size": (held / orders)[who],
        "last_order": of.last_order[who],
        "first_order": of.first_order[who],
        "distinct": of.distinct[who],
        "repeat_share": (1 - of.distinct / np.maximum(held, 1))[who],
        "price_fit": price[what] - usually[who],
        **found.scores,
    }
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)
