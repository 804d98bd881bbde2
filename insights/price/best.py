"""The price that earns most, as far as the elasticity says it, inside guard rails.

With demand proportional to price ** elasticity, margin is (price - cost) * price ** elasticity. The rails are
what keeps a shop out of trouble where the estimate is wrong: no price below cost, none further from
today's than `most_change`, none that the shop would not write. Without a cost the price of highest revenue is
named, and said to be that.
"""

from dataclasses import dataclass

import numpy as np

from insights.price.endings import Endings
from insights.price.reasons import NO_DEMAND, NO_FALL, NO_PRICE, Why, as_good, better, loses
from shelfspace.settings.insights import Price

__all__ = ["Best", "best_price"]

FALLS = -0.05
"""Elasticity above which demand is not seen to fall as the price rises."""


@dataclass(frozen=True)
class Best:
    """A price, or why there is none.

    Attributes:
        price: None where nothing is named.
        aim: `margin`, or `revenue` where no cost is known; "" without a price.
        gain: of margin or revenue, as a share of today's.
        why: a sentence for the shop's people, in English and in Chinese.
    """

    price: float | None
    aim: str
    gain: float
    why: Why


def best_price(
    price: float | None, cost: float | None, elasticity: float | None, endings: Endings, settings: Price
) -> Best:
    """The price of highest expected margin near today's price.

    Args:
        price: today's; None or NaN where unknown, as is `cost`.
        elasticity: None or NaN where there is not enough evidence.
    """
    if price is None or not known(price):
        return Best(None, "", 0.0, NO_PRICE)
    costs = cost if cost is not None and known(cost) else 0.0
    if costs > price:
        return Best(None, "", 0.0, loses(costs, price))
    if elasticity is None or not np.isfinite(elasticity):
        return Best(None, "", 0.0, NO_DEMAND)
    if elasticity > FALLS:
        return Best(None, "", 0.0, NO_FALL)
    aim = "margin" if costs else "revenue"
    low, high = price * (1 - settings.most_change), price * (1 + settings.most_change)
    tried = np.append(endings.between(max(low, costs), high), price)
    earned = (tried - costs) * (tried / price) ** elasticity
    place, today = int(earned.argmax()), float(price - costs)
    gain = float(earned[place] / today - 1) if today > 0 else np.inf
    if gain < settings.least_gain:
        return Best(float(price), aim, 0.0, as_good(bool(costs)))
    best = float(tried[place])
    change = best / price - 1
    at_rail = settings.most_change if abs(change) > settings.most_change * 0.9 else None
    return Best(best, aim, gain, better(change, at_rail, gain, aim))


def known(value: float | None) -> bool:
    """Whether an amount is told."""
    return value is not None and bool(np.isfinite(value)) and value > 0
