"""One picture of a fusion: what it weighs, by kind of query."""

import numpy as np

from retrieval.ranking.features import FEATURES
from retrieval.ranking.fusion import FusionModel

__all__ = ["fusion_picture"]

SHOWN = 12
"""Features drawn: those that weigh most in any kind of query."""


def fusion_picture(fusion: FusionModel) -> bytes:
    """Weights of the standardised evidence as bars, as PNG bytes."""
    from shelfspace.drawing import COLOURS, canvas, png, title

    figure, axes = canvas(7.6, 4.4)
    if not fusion.parts:
        axes.set_axis_off()
        title(figure, "Reciprocal ranks are added up", "too few judged queries to learn weights from")
        return png(figure)
    weights = {
        kind: dict(zip(FEATURES, part.weights.tolist(), strict=True))
        for kind, part in sorted(fusion.parts.items())
    }
    heaviest = {name: max(abs(own.get(name, 0.0)) for own in weights.values()) for name in FEATURES}
    names = sorted((n for n in FEATURES if heaviest[n] > 0), key=lambda n: -heaviest[n])[:SHOWN]
    height = 0.8 / len(weights)
    for number, (kind, own) in enumerate(weights.items()):
        places = np.arange(len(names)) + height * (number - (len(weights) - 1) / 2)
        label = f"{kind} ({fusion.parts[kind].queries} queries)"
        values = [own.get(name, 0.0) for name in names]
        axes.barh(places, values, height=0.9 * height, color=COLOURS[number], label=label)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("weight of the standardised evidence")
    axes.legend(frameon=False, fontsize=8)
    title(figure, "What search goes by", "learned from judged queries; longer bars count more")
    return png(figure)
