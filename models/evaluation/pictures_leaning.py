"""The picture of which modality a model leans on."""

from typing import Any

import numpy as np

from shelfspace.drawing import COLOURS, INK, WAYS, canvas, png, short, title
from shelfspace.fonts import drawable

__all__ = ["leaning_bars"]

MOST = 30
"""Categories drawn, at most; those that differ most from the whole stay."""


def leaning_bars(evaluation: dict[str, Any]) -> bytes:
    """Stacked bars of the mean weights: all products first, then each category."""
    found = evaluation["modality_weights"]
    names = list(found["overall"])
    whole = np.array([found["overall"][m] for m in names])
    parts = {c: np.array([p["weights"][m] for m in names]) for c, p in found["by_category"].items()}
    ranked = sorted(parts, key=lambda c: (-np.abs(parts[c] - whole).sum(), c))[:MOST]
    order = sorted(ranked, key=lambda c: (-parts[c][whole.argmax()], c))
    bars = [("all products", whole), *((c, parts[c]) for c in order)]
    figure, axes = canvas(8.2, 1.9 + 0.32 * len(bars))
    for y, (_, weights) in enumerate(reversed(bars)):
        left = 0.0
        for m, weight in enumerate(weights):
            axes.barh(y, weight, left=left, color=COLOURS[m % WAYS], height=0.7, edgecolor="white")
            if weight >= 0.08:
                axes.text(left + weight / 2, y, f"{weight:.2f}", ha="center", va="center", fontsize=7.5)
            left += weight
    shown = ["all products", *(short(c) for c in drawable(order, evaluation["labels"]["known"]))]
    axes.set_yticks(range(len(bars)), list(reversed(shown)))
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean weight in the product vector; each bar adds up to 1")
    for m, name in enumerate(names):
        axes.bar(0, 0, color=COLOURS[m % WAYS], label=name)
    legend = axes.legend(
        frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names)
    )
    for text in legend.get_texts():
        text.set_color(INK)
    most = found["leans_on"]
    other = [c for c, p in found["by_category"].items() if p["leans_on"] != most]
    said = f"{len(other)} of {len(parts)} categories lean on another" if parts else "no known categories"
    title(figure, f"The model leans on {most}: {whole.max():.0%} of the weight", said)
    return png(figure)
