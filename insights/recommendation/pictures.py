"""The picture of who ranks."""

import numpy as np

from insights.recommendation.verdict import Verdict
from shelfspace.drawing import COLOURS, canvas, png, title
from shelfspace.paired import LEARNED

__all__ = ["recall_picture"]

SHOWN = {
    "recall": "all that was bought",
    "repeat": "bought before",
    "explore": "never bought before,\nlists of such products alone",
}


def recall_picture(verdict: Verdict) -> bytes:
    """Share of what was bought that stands among the 20 first, by each way, as PNG."""
    figure, axes = canvas(8, 3.6)
    ways = list(verdict.figures)
    for place, way in enumerate(ways):
        values = [verdict.figures[way][name] for name in SHOWN]
        at = np.arange(len(SHOWN)) + (place - (len(ways) - 1) / 2) * 0.26
        axes.bar(at, np.nan_to_num(values), 0.24, color=COLOURS[place], label=way)
        for x, value in zip(at, values, strict=True):
            axes.text(
                x,
                np.nan_to_num(value),
                "-" if np.isnan(value) else f"{value:.3f}",
                ha="center",
                va="bottom",
                fontsize=8,
            )
    axes.set_xticks(range(len(SHOWN)), list(SHOWN.values()), fontsize=8)
    axes.set_ylabel("recall among 20", fontsize=8)
    axes.legend(fontsize=8, frameon=False)
    rows = verdict.comparison.rows if verdict.comparison else 0
    used = (
        "The learned ranker is used"
        if verdict.winner == LEARNED
        else f"{verdict.winner.capitalize()} is used"
    )
    title(figure, used, f"{rows} shoppers of later weeks than were learned from")
    return png(figure)
