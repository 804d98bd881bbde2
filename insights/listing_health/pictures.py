"""How many listings of each kind want a look, and how sure."""

from pathlib import Path

import numpy as np

from insights.listing_health.health import Health
from insights.listing_health.sentences import KINDS
from shelfspace.drawing import COLOURS, INK, canvas, png, title
from shelfspace.files import write_bytes

__all__ = ["draw"]

BANDS = (
    (0.9, 1.01, "0.9 or more", COLOURS[5]),
    (0.7, 0.9, "0.7 to 0.9", COLOURS[1]),
    (0.0, 0.7, "less", "#c8c8c8"),
)


def draw(health: Health, path: Path) -> None:
    """Write the picture of the findings."""
    table, left = health.findings, np.zeros(len(KINDS))
    figure, axes = canvas(8, 3.6)
    for low, high, label, colour in BANDS:
        within = table[(table["sure"] >= low) & (table["sure"] < high)]["kind"]
        counts = np.array([int((within == kind).sum()) for kind in KINDS], dtype=float)
        axes.barh(np.arange(len(KINDS)), counts, 0.7, left=left, color=colour, label=label)
        left += counts
    axes.set_yticks(np.arange(len(KINDS)), KINDS, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("findings", fontsize=8, color=INK)
    axes.legend(
        title="how sure",
        title_fontsize=8,
        fontsize=8,
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )
    products = table["product_id"].nunique()
    title(
        figure, f"{products:,} products want a look", f"{len(table):,} findings by kind and how sure they are"
    )
    write_bytes(path, png(figure))
