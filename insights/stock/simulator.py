"""Weeks of a shop with a policy of ordering: what is sold, what is lost, and what lies in the store."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Outcome", "Point", "at_equal_value", "frontier", "order_up_to", "reorder_point", "simulate"]

Orders = Callable[[int, np.ndarray], np.ndarray]
"""Week number and (n,) pieces on hand and on their way, to (n,) pieces ordered now."""


@dataclass(frozen=True)
class Outcome:
    """What a policy did to n products.

    Attributes:
        lost: (n,) pieces that were asked for and not there.
        demand: (n,) pieces that were asked for.
        stock: (n,) mean pieces on hand at the ends of weeks.
    """

    lost: np.ndarray
    demand: np.ndarray
    stock: np.ndarray


@dataclass(frozen=True)
class Point:
    """A policy at one setting.

    Attributes:
        setting: what the policy was told.
        value: of the mean stock.
        served: share of what was asked for that was there, in value.
        lost: value of the sales that were lost.
    """

    setting: float
    value: float
    served: float
    lost: float


def order_up_to(level: np.ndarray) -> Orders:
    """(R,S): at each review, here weekly, order what lacks to the level."""
    return lambda week, position: np.maximum(level - position, 0)


def reorder_point(point: np.ndarray, quantity: np.ndarray) -> Orders:
    """(s,nQ): where stock and orders on their way are not above the point, order lots until they are."""

    def orders(week: int, position: np.ndarray) -> np.ndarray:
        lots = np.floor(np.maximum(point - position, 0) / quantity) + 1
        return np.where(position <= point, lots * quantity, 0)

    return orders


def simulate(
    demand: np.ndarray, lead_weeks: np.ndarray, on_hand: np.ndarray, orders: Orders, warm_up: int = 0
) -> Outcome:
    """Lost sales, week by week: orders arrive, shoppers come, then the stock is looked at.

    Args:
        demand: (n, w) pieces asked for.
        lead_weeks: (n,) int of at least 1: an order of the end of week t can be sold from the start of
            week t + lead on.
        on_hand: (n,) pieces at the start.
        warm_up: first weeks that are not counted.
    """
    n, weeks = demand.shape
    arriving = np.zeros((n, weeks + int(lead_weeks.max(initial=1)) + 1))
    stock, coming = np.asarray(on_hand, np.float64).copy(), np.zeros(n)
    lost, asked, held = np.zeros(n), np.zeros(n), np.zeros(n)
    rows = np.arange(n)
    for week in range(weeks):
        stock += arriving[:, week]
        coming -= arriving[:, week]
        sold = np.minimum(stock, demand[:, week])
        stock -= sold
        if week >= warm_up:
            lost += demand[:, week] - sold
            asked += demand[:, week]
            held += stock
        ordered = orders(week, stock + coming)
        np.add.at(arriving, (rows, week + lead_weeks), ordered)
        coming += ordered
    return Outcome(lost, asked, held / max(weeks - warm_up, 1))


def frontier(settings: np.ndarray, run: Callable[[float], Outcome], unit_value: np.ndarray) -> list[Point]:
    """A policy at several settings, by the value of the stock that they need."""
    points = []
    for setting in settings.tolist():
        made = run(setting)
        value, lost, asked = (
            float((counted * unit_value).sum()) for counted in (made.stock, made.lost, made.demand)
        )
        points.append(Point(setting, value, 1 - lost / asked if asked else 1.0, lost))
    return sorted(points, key=lambda point: point.value)


def at_equal_value(points: list[Point], value: float) -> float | None:
    """Value of sales lost with stock of that value, interpolated; None outside what was tried."""
    values = [point.value for point in points]
    if not points or not values[0] <= value <= values[-1]:
        return None
    return float(np.interp(value, values, [point.lost for point in points]))
