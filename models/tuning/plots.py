"""Pictures of a study: how it went, which settings mattered, and where the good values lie."""

from typing import TYPE_CHECKING

import numpy as np

from models.tuning.report import TuningReport
from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["tuning_pictures"]

WORDS = {
    "log_loss": "validation log loss",
    "accuracy": "validation accuracy",
    "loss": "validation loss",
}


def tuning_pictures(report: TuningReport) -> dict[str, bytes]:
    """Every picture the study has figures for: file stem to PNG bytes."""
    found = {"history": history_picture(report), "slices": slices_picture(report)}
    if report.importances:
        found["importances"] = importances_picture(report)
    return found


def history_picture(report: TuningReport) -> bytes:
    """The score of each trial, the best so far, and the trials that were stopped."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = canvas(8.4, 4.2)
    whole = report.trials[report.trials["state"] == "complete"]
    values = whole["value"].to_numpy(dtype=float)
    best = np.maximum.accumulate(values) if report.maximised else np.minimum.accumulate(values)
    axes.scatter(whole["trial"], values, color=COLOURS[0], s=26, label="trial", zorder=3)
    last = int(report.trials["trial"].max())
    axes.step([*whole["trial"], last], [*best, best[-1]], where="post", color=INK, label="best so far")
    if report.present_value is not None:
        axes.axhline(report.present_value, color=QUIET, linestyle=":", label="settings as they were")
    for state, marker in (("pruned", "|"), ("failed", "x")):
        rows = report.trials[report.trials["state"] == state]
        if len(rows):
            # Without a score of their own they stand on the lower edge.
            axes.plot(
                rows["trial"],
                np.zeros(len(rows)),
                marker,
                color=COLOURS[5],
                transform=axes.get_xaxis_transform(),
                label="stopped early" if state == "pruned" else state,
                clip_on=False,
            )
    axes.set_xlabel("trial")
    axes.set_ylabel(WORDS[report.metric])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    counts = report.counts
    said = f"Best {WORDS[report.metric]}: {report.best_value:.4f}"
    was = "" if report.present_value is None else f"; the settings as they were: {report.present_value:.4f}"
    title(figure, said, f"{counts['complete']} whole trials, {counts['pruned']} stopped early{was}")
    return png(figure)


def importances_picture(report: TuningReport) -> bytes:
    """Each setting's share of the score's variance, the largest on top."""
    names = list(report.importances)
    figure, axes = canvas(7.2, 1.4 + 0.34 * len(names))
    shares = [report.importances[name] for name in names]
    axes.barh(range(len(names)), shares, color=COLOURS[0], height=0.62)
    for row, share in enumerate(shares):
        axes.text(share + 0.01, row, f"{share:.0%}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, min(1.12, max(shares) * 1.15))
    axes.set_xlabel("share of the score's variance")
    whole = report.counts["complete"]
    title(figure, f"{names[0]} mattered most", f"fANOVA over {whole} whole trials; few trials tell little")
    return png(figure)


def slices_picture(report: TuningReport) -> bytes:
    """One panel a setting: its value against the score, later trials darker, the best one ringed.

    Values of trials that were stopped early are marked on the lower edge.
    """
    names = list(report.best_values)
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure, axes = canvas(max(4.2, 2.7 * columns), 0.9 + 2.4 * rows)
    axes.remove()
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for panel, name in zip(grid.flat, names, strict=False):
        _slice(panel, name, report)
    for panel in grid.flat[len(names) :]:
        panel.set_axis_off()
    for panel in grid[:, 0]:
        panel.set_ylabel(WORDS[report.metric], fontsize=8)
    best = ", ".join(f"{name.split('.')[1]} {_shown(value)}" for name, value in report.best_values.items())
    title(
        figure,
        "Where the good values lie",
        f"best: {best}" if len(best) < 110 else "the best trial is ringed; marks below: stopped early",
    )
    return png(figure)


def _slice(axes: "Axes", name: str, report: TuningReport) -> None:
    from matplotlib.ticker import MaxNLocator, NullFormatter

    tried = report.trials[report.trials["state"].isin(["complete", "pruned"])]
    whole = (tried["state"] == "complete").to_numpy()
    values = tried[name].tolist()
    scores = tried["value"].to_numpy(dtype=float)
    best = int(np.nanargmax(scores) if report.maximised else np.nanargmin(scores))
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if numeric and len(set(values)) > 3:
        places = np.array(values, dtype=float)
        if places.min() > 0 and places.max() / places.min() > 8:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4))
    else:
        order = sorted(set(values)) if numeric else sorted({str(v) for v in values})
        shown = [value if numeric else str(value) for value in values]
        places = np.array([order.index(value) for value in shown], dtype=float)
        axes.set_xticks(range(len(order)), [_shown(value) for value in order])
        axes.set_xlim(-0.5, len(order) - 0.5)
    trial = tried["trial"].to_numpy()
    axes.scatter(
        places[whole], scores[whole], c=trial[whole], cmap="Blues", vmin=-len(trial), s=22, linewidths=0
    )
    axes.scatter(places[best], scores[best], s=80, facecolors="none", edgecolors=COLOURS[5], linewidths=1.4)
    edge = axes.get_xaxis_transform()
    stopped = places[~whole]
    marks = axes.plot(stopped, np.zeros(len(stopped)), "|", color=COLOURS[5], transform=edge, clip_on=False)
    # An empty line has its extent at the figure's corner, which would leave no room for the panels.
    marks[0].set_in_layout(False)
    axes.set_xlabel(name, fontsize=8)
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
