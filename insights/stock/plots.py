"""Pictures of demand and stock."""

from collections.abc import Mapping, Sequence

import numpy as np

from insights.demand.demand import ExpectedDemand
from insights.demand.forecast import HORIZON, LEVELS, MEDIAN
from insights.stock.simulator import Point
from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, short, title

__all__ = ["fan_picture", "frontier_picture"]

SHOWN = 6
PAST = 26


def fan_picture(expected: ExpectedDemand, names: Sequence[str]) -> bytes:
    """Past and forecast weeks of the products that sell most, as PNG.

    Args:
        names: (n,) of the products of `expected.sales`, as people read them.
    """
    from matplotlib.figure import Figure

    sales = expected.sales
    shown = np.argsort(-sales.units[:, -PAST:].sum(axis=1), kind="stable")[:SHOWN]
    figure = Figure(figsize=(11, 6), dpi=120, layout="constrained")
    past = sales.units[:, -PAST:]
    behind, ahead = np.arange(-past.shape[1] + 1, 1), np.arange(1, HORIZON + 1)
    for number, row in enumerate(shown.tolist()):
        axes = figure.add_subplot(2, 3, number + 1)
        axes.plot(behind, past[row], color=INK, linewidth=1.2)
        quantiles = expected.forecast.quantiles[row]
        for low, high, strength in ((0, len(LEVELS) - 1, 0.15), (1, len(LEVELS) - 2, 0.3)):
            axes.fill_between(ahead, quantiles[:, low], quantiles[:, high], color=COLOURS[0], alpha=strength)
        axes.plot(ahead, quantiles[:, MEDIAN], color=COLOURS[0], linewidth=1.6)
        axes.set_title(short(names[row]), fontsize=9, color=INK, loc="left")
        axes.tick_params(labelsize=8, colors=INK)
        axes.set_ylim(bottom=0)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    title(
        figure,
        "Pieces a week, and the next four",
        f"The {len(shown)} products that sell most; bands of 80% and 90%. Week 0 is the last whole one.",
    )
    return png(figure)


def frontier_picture(found: Mapping[str, Sequence[Point]]) -> bytes:
    """Share of demand served by the value of stock, a line a policy, as PNG."""
    figure, axes = canvas(8, 5)
    for number, (name, points) in enumerate(found.items()):
        shown = [point for point in points if point.value > 0]
        axes.plot(
            [point.value for point in shown],
            [100 * point.served for point in shown],
            color=COLOURS[number] if number == 0 else QUIET,
            linestyle=("-", "--", ":")[number % 3],
            marker="o",
            markersize=3,
            label=name,
        )
    longest = max((point.value for point in next(iter(found.values()))), default=1.0)
    axes.set_xlim(0, 1.3 * longest)
    axes.set_xlabel("value of the stock, mean of the weeks", fontsize=9)
    axes.set_ylabel("demand that was served, % of its value", fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    title(
        figure,
        "What stock buys",
        "Past weeks of the shop, ordered for again by each policy at many settings.",
    )
    return png(figure)
