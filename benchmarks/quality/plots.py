"""Pictures of the quality benchmark: completion curves, and accuracy by share of labels."""

import io
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.quality.report import Finished

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plots"]


def plots(finished: Finished) -> dict[str, bytes]:
    """Picture name to PNG, of what is finished."""
    made = {"quality-completion": _completion(finished), "quality-labels": _labels(finished)}
    return {name: picture for name, picture in made.items() if picture}


def _canvas(title: str, across: str) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(across)
    axes.set_ylabel("accuracy")
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _png(figure: "Figure", axes: "Axes") -> bytes:
    axes.legend(frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _curve(axes: "Axes", across: list[float], runs: list[list[float]], label: str) -> None:
    """Mean over the runs, and a band of one standard deviation."""
    mean, deviation = np.mean(runs, axis=0), np.std(runs, axis=0)
    (line,) = axes.plot(across, mean, marker="o", markersize=4, label=label)
    axes.fill_between(across, mean - deviation, mean + deviation, alpha=0.15, color=line.get_color())


def _completion(finished: Finished) -> bytes:
    units = [(u, r) for u, r in finished if u.experiment == "completion"]
    if not units:
        return b""
    figure, axes = _canvas("Accuracy as modalities go missing (sample)", "share of modalities hidden at test")
    shares = [float(s) for s in units[0][1]["hidden"]]
    for recipe in dict.fromkeys(u.recipe for u, _ in units):
        runs = [list(r["hidden"].values()) for u, r in units if u.recipe == recipe]
        _curve(axes, shares, runs, recipe.split("/")[1])
    return _png(figure, axes)


def _labels(finished: Finished) -> bytes:
    units = [(u, r) for u, r in finished if u.experiment == "label_share"]
    if len({u.share for u, _ in units}) < 2:
        return b""  # one point is no curve
    figure, axes = _canvas("Accuracy by share of the training labels", "share of labels")
    for data, recipe in sorted({(u.data, u.recipe) for u, _ in units}):
        same = [(u, r) for u, r in units if (u.data, u.recipe) == (data, recipe)]
        shares = sorted({u.share for u, _ in same})
        keys = sorted({(u.fold, u.seed) for u, _ in same})
        found = {(u.share, u.fold, u.seed): r["accuracy"] for u, r in same}
        runs = [[found[(s, *k)] for s in shares] for k in keys if all((s, *k) in found for s in shares)]
        if runs:
            _curve(axes, shares, runs, f"{data}, {'network' if recipe == 'base' else 'linear SVM'}")
    return _png(figure, axes)
