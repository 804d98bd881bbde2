"""The page of experiments, `experiments.html` of the workspace."""

import base64
from collections.abc import Sequence

from releases.experiments.differences import HEADLINE, differing, experiment_rows, figure_rows
from releases.experiments.record import Experiment, experiments
from shelfspace.clock import minute
from shelfspace.drawing import COLOURS, QUIET, canvas, png, title
from shelfspace.page import table
from shelfspace.page import write_page as write
from shelfspace.workspace import Workspace

__all__ = ["PAGE", "course_picture", "curves_picture", "write_page"]

PAGE = "experiments.html"
COMPARED = 6
"""Experiments whose settings and figures stand side by side, the newest; more do not fit a screen."""


def write_page(workspace: Workspace) -> None:
    """Write the page: every challenger that was judged, the newest side by side.

    Raises:
        ArtifactError: a record is damaged.
    """
    known = experiments(workspace)
    newest = known[-COMPARED:]
    told, body = "None yet.", []
    if known:
        told = f"{len(known)} challengers were judged, the last one {minute(known[-1].judged)} UTC."
        apart = differing(newest)
        body = [
            _image(course_picture(known), "Figures of each challenger in turn"),
            _image(curves_picture(newest), "Losses of the last trainings by epoch"),
            "<h2>All</h2>",
            table(experiment_rows(known)),
            f"<h2>What differs among the last {len(newest)}</h2>",
            table(apart) if apart else "<p>Nothing: the same settings, data and code.</p>",
            "<h2>Their figures</h2>",
            "<p>With 95% intervals. An asterisk marks a figure of another holdout: it does not compare.</p>",
            table(figure_rows(newest)),
        ]
    write(workspace.root / PAGE, f"Experiments of {workspace.name}", told, *body)


def _image(picture: bytes, said: str) -> str:
    encoded = base64.b64encode(picture).decode()
    return f'<p><img alt="{said}" src="data:image/png;base64,{encoded}"></p>'


def course_picture(known: Sequence[Experiment]) -> bytes:
    """PNG: the headline figures of each experiment in turn, with intervals; the promoted ones filled."""
    figure, axes = canvas(9, 3.4)
    shown = [name for name in HEADLINE[:3] if any(e.metrics.get(name) is not None for e in known)]
    for name, colour in zip(shown, COLOURS, strict=False):
        at = [i for i, e in enumerate(known) if e.metrics.get(name) is not None]
        values = [float(known[i].metrics[name] or 0) for i in at]
        axes.plot(at, values, color=colour, linewidth=1.2, label=name.replace("_", " "))
        for i, value in zip(at, values, strict=True):
            face = colour if known[i].promoted else "white"
            axes.plot([i], [value], "o", color=colour, markerfacecolor=face, markersize=6)
            pair = known[i].intervals.get(name.removeprefix("same_category_"))
            if pair:
                axes.plot([i, i], pair, color=colour, alpha=0.35, linewidth=3)
    step = max(1, len(known) // 12)
    axes.set_xticks(range(0, len(known), step), [e.short for e in known[::step]], rotation=30)
    if shown:
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    promoted = sum(e.promoted for e in known)
    title(
        figure,
        f"{promoted} of {len(known)} challengers became champion",
        "filled: promoted; bars: 95% intervals",
    )
    return png(figure)


def curves_picture(newest: Sequence[Experiment]) -> bytes:
    """PNG: validation loss by epoch of the newest trainings."""
    figure, axes = canvas(9, 3)
    for experiment, colour in zip(newest, COLOURS, strict=False):
        loss = [(row.get("epoch"), row.get("validation_loss")) for row in experiment.epochs]
        points = [(epoch, value) for epoch, value in loss if epoch is not None and value is not None]
        if points:
            wide = 2.2 if experiment is newest[-1] else 1.0
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=wide, label=experiment.short)
    axes.set_xlabel("epoch", fontsize=8, color=QUIET)
    if axes.lines:
        axes.legend(fontsize=8, frameon=False)
    title(
        figure, "Validation loss of the last trainings", "losses of different settings are not on one scale"
    )
    return png(figure)
