"""Policies of ordering in the shop's own past weeks, on a frontier of service against the value of stock."""

from collections.abc import Callable

import numpy as np

from insights.demand.demand import shrunk_mean
from insights.demand.spread import weekly_variance
from insights.demand.weekly import WeeklySales
from insights.stock.policy import DAYS, allocate
from insights.stock.simulator import Outcome, Point, at_equal_value, frontier, order_up_to, simulate

__all__ = ["BACK", "COVER", "FIXED", "PLAN", "Estimate", "frontiers", "lost_at_three_levels", "past_estimate"]

Estimate = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Number of a week to (n,) mean and variance of a week's demand, from what was known at its end."""
PLAN, FIXED, COVER = "the plan", "one reorder point for all", "the same weeks of demand for all"
SHARES = np.array([0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995])
PIECES = np.arange(0, 41)
WEEKS_OF_DEMAND = np.array([1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 26, 32, 40, 52])
JUDGED = (0.85, 0.95, 0.98)
"""Service levels of the plan at whose stock value policies are compared."""
BACK = 26
"""Weeks that are ordered for again where a shop shows its own frontier."""
REPLAN = 8
"""Weeks from one estimate to the next."""


def frontiers(
    sales: WeeklySales, lead_time_days: np.ndarray, unit_value: np.ndarray, estimate: Estimate, weeks: int
) -> dict[str, list[Point]]:
    """Three policies in the last weeks, each at many settings; all see the same sales and order weekly.

    Products that nothing was known of before those weeks are left out. Each policy starts with what it wants
    to have, and the first weeks, until the longest lead time, are not
    counted. Demand is what was sold: what a shop that had run out lost is not known.

    Args:
        sales: n products.
        unit_value: (n,) value of a piece.
        weeks: that are simulated, the latest ones.
    """
    begin = len(sales.weeks) - weeks
    there = np.flatnonzero(sales.known[:, begin - 1])
    demand = sales.units[there, begin:].astype(np.float64)
    lead_time_days, unit_value = lead_time_days[there], unit_value[there]
    lead = np.ceil(lead_time_days / DAYS).astype(np.int64) + 1
    estimates = [estimate(begin - 1 + week) for week in range(0, weeks, REPLAN)]
    plans = [(mean[there], variance[there]) for mean, variance in estimates]
    span = lead_time_days / DAYS + 1
    longest = int(min(lead.max(initial=1), weeks // 2))

    def run(wanted: list[np.ndarray]) -> Outcome:
        def orders(week: int, position: np.ndarray) -> np.ndarray:
            return order_up_to(wanted[week // REPLAN])(week, position)

        return simulate(demand, lead, wanted[0], orders, longest)

    def by_plan(share: float) -> Outcome:
        return run(
            [
                allocate(share, mean, mean * span, variance / np.maximum(mean, 1e-12), unit_value).order_up_to
                for mean, variance in plans
            ]
        )

    def fixed(pieces: float) -> Outcome:
        return run([np.full(len(there), pieces)] * len(plans))

    def cover(of_weeks: float) -> Outcome:
        return run([np.ceil(mean * of_weeks) for mean, _ in plans])

    return {
        PLAN: frontier(SHARES, by_plan, unit_value),
        FIXED: frontier(PIECES.astype(np.float64), fixed, unit_value),
        COVER: frontier(WEEKS_OF_DEMAND.astype(np.float64), cover, unit_value),
    }


def past_estimate(sales: WeeklySales) -> Estimate:
    """Demand as the simple rule would have told it at the end of a week."""

    def estimate(week: int) -> tuple[np.ndarray, np.ndarray]:
        then = sales.until(week + 1)
        mean = shrunk_mean(then, 26)
        return mean, weekly_variance(then, mean)

    return estimate


def lost_at_three_levels(found: dict[str, list[Point]], rival: str) -> list[dict[str, float | None]]:
    """At each of three service levels: stock value, value of sales lost by both, and their ratio."""
    rows: list[dict[str, float | None]] = []
    for share in JUDGED:
        point = next(point for point in found[PLAN] if point.setting == share)
        lost = at_equal_value(found[rival], point.value)
        ratio = point.lost / lost if lost else None
        rows.append({"level": share, "value": point.value, "plan": point.lost, "rival": lost, "ratio": ratio})
    return rows
