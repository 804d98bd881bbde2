"""The picture of the price suggestions."""

import numpy as np

from insights.price.suggestions import Suggestions
from shelfspace.drawing import COLOURS, QUIET, png, title

__all__ = ["prices_picture"]


def prices_picture(found: Suggestions) -> bytes:
    """Prices beside what other listings say, and elasticities of products, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), dpi=120, layout="constrained")
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    for axes in (left, right):
        axes.tick_params(labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    if found.own is not None and found.model is not None:
        known, said = np.exp(found.model.log_price), np.exp(found.own.middle)
        left.loglog(said, known, ".", color=COLOURS[0], markersize=4, alpha=0.5)
        ends = np.array([min(known.min(), said.min()), max(known.max(), said.max())])
        left.plot(ends, ends, color=QUIET, linewidth=1)
    left.set_xlabel("what comparable listings say", fontsize=9)
    left.set_ylabel("price", fontsize=9)
    own = found.table.loc[found.table["elasticity_of"] == "product", "elasticity"]
    right.hist(own, bins=24, color=COLOURS[2])
    right.set_xlabel("own-price elasticity", fontsize=9)
    right.set_ylabel("products", fontsize=9)
    way = "none" if found.model is None else found.model.way
    title(
        figure,
        "Prices, and how demand follows them",
        f"Listings as others price them ({way}); elasticities of {len(own)} products whose prices moved.",
    )
    return png(figure)
