"""Pictures of the weekly report."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from insights.market.folder import Report
from shelfspace.drawing import COLOURS, INK, QUIET, WAYS, canvas, png, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["pictures"]

NAMED = 14
"""Segments, movers or gaps that one picture names."""


def pictures(report: Report) -> dict[str, bytes]:
    """PNG by name: `segments` always; `shares`, `movers` and `prices` where there is something to show."""
    found = {"segments": _sizes(report.segments)}
    if len(report.demand):
        found["shares"] = _shares(report)
    if report.products["verdict"].isin(["riser", "faller"]).any() or report.segments["ratio"].notna().any():
        found["movers"] = _movers(report.segments)
    if report.products["against"].notna().any():
        found["prices"] = _prices(report)
    return found


def _sizes(segments: pd.DataFrame) -> bytes:
    shown = segments.nlargest(NAMED, "products", keep="all").head(NAMED)[::-1]
    figure, axes = canvas(8, 1.4 + 0.3 * len(shown))
    places = np.arange(len(shown))
    axes.barh(places + 0.2, shown["product_share"] * 100, 0.38, color=QUIET, label="of the products")
    if shown["share"].notna().any():
        axes.barh(places - 0.2, shown["share"] * 100, 0.38, color=COLOURS[0], label="of the sales lately")
    axes.set_yticks(places, shown["name"], fontsize=8)
    axes.set_xlabel("%", fontsize=8, color=INK)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    title(figure, "Segments of the catalogue", f"the {len(shown)} largest of {len(segments)}")
    return png(figure)


def _shares(report: Report) -> bytes:
    demand = report.demand.pivot(index="week", columns="segment", values="share") * 100
    largest = report.demand.groupby("segment")["lines"].sum().nlargest(WAYS).index
    names = report.segments.set_index("segment")["name"]
    figure, axes = canvas(8, 4.2)
    weeks = pd.to_datetime(demand.index)
    for colour, one in zip(COLOURS, largest, strict=False):
        # Weeks are noisy; the mean of four shows where a segment goes.
        smooth = demand[one].rolling(4, min_periods=1).mean()
        axes.plot(weeks, smooth, color=colour, lw=1.6, label=names[one])
    axes.set_ylabel("% of purchase lines", fontsize=8, color=INK)
    axes.set_ylim(bottom=0)
    _slanted(axes)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    title(figure, "Share of sales by week", f"mean of 4 weeks, the {len(largest)} segments that sell most")
    return png(figure)


def _movers(segments: pd.DataFrame) -> bytes:
    shown = segments[segments["ratio"].notna()].sort_values("ratio")
    shown = shown if len(shown) <= NAMED else pd.concat([shown.head(NAMED // 2), shown.tail(NAMED // 2)])
    figure, axes = canvas(8, 1.4 + 0.26 * len(shown))
    colour = shown["verdict"].map({"riser": COLOURS[2], "faller": COLOURS[5]}).fillna("#c8c8c8")
    axes.barh(np.arange(len(shown)), (shown["ratio"] - 1) * 100, 0.7, color=colour)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(np.arange(len(shown)), shown["name"], fontsize=8)
    axes.set_xlabel("% above or below what the whole shop's course lets expect", fontsize=8, color=INK)
    sure = int(shown["verdict"].isin(["riser", "faller"]).sum())
    title(figure, "Risers and fallers", f"{sure} beyond chance (in colour), the others in grey")
    return png(figure)


def _prices(report: Report) -> bytes:
    told = report.products[report.products["against"].notna()]
    shown = report.segments.nlargest(NAMED, "products", keep="all").head(NAMED)[::-1]
    values = [told.loc[told["segment"] == one, "against"].to_numpy() * 100 for one in shown["segment"]]
    figure, axes = canvas(8, 1.4 + 0.3 * len(shown))
    axes.boxplot(
        values, orientation="horizontal", showfliers=False, widths=0.6, medianprops={"color": COLOURS[0]}
    )
    axes.axvline(0, color=QUIET, lw=0.8)
    axes.set_yticks(np.arange(1, len(shown) + 1), shown["name"], fontsize=8)
    axes.set_xlabel("% above or below the median price of the nearest competitors", fontsize=8, color=INK)
    title(figure, "Prices among competitors", "half of a segment's products lie in its box")
    return png(figure)


def _slanted(axes: "Axes") -> None:
    for label in axes.get_xticklabels():
        label.set_rotation(30)
        label.set_horizontalalignment("right")
