"""Pictures of a cross-validation: every fold beside the baseline, and what is mistaken for what."""

import numpy as np

from models.cross_validation.report import CrossValidationReport
from models.evaluation.pictures import confusion_picture
from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, title

__all__ = ["cross_validation_pictures"]

WORDS = {"accuracy": "accuracy", "macro_f1": "macro F1", "macro_recall": "macro recall"}


def cross_validation_pictures(report: CrossValidationReport) -> dict[str, bytes]:
    """File stem to PNG bytes: `folds` and `confusion`."""
    counts = report.confusion
    judged = {
        "confusion": counts.tolist(),
        "labels": report.labels,
        "accuracy": float(np.trace(counts) / counts.sum()),
        "rows": int(counts.sum()),
    }
    seeds = report.folds["seed"].nunique()
    what = "held-out products" if seeds == 1 else f"held-out products ({seeds} seeds)"
    return {"folds": folds_picture(report), "confusion": confusion_picture({"overall": judged}, what)}


def folds_picture(report: CrossValidationReport) -> bytes:
    """Each fold's figures by the model and by the baseline, joined by a line; bars are the means."""
    folds, compared = report.folds, bool(report.difference)
    figure, axes = canvas(8.4, 4.4)
    random = np.random.default_rng(0)
    for place, name in enumerate(WORDS):
        shift = random.uniform(-0.06, 0.06, len(folds))
        ours = folds[name].to_numpy(dtype=float)
        mine = place + (0.17 if compared else 0.0)
        axes.scatter(
            mine + shift, ours, color=COLOURS[0], s=24, zorder=3, label="model" if not place else None
        )
        axes.hlines(ours.mean(), mine - 0.12, mine + 0.12, color=INK, linewidth=2, zorder=4)
        if not compared:
            continue
        theirs, other = folds[f"baseline_{name}"].to_numpy(dtype=float), place - 0.17
        for offset, low, high in zip(shift, theirs, ours, strict=True):
            axes.plot([other + offset, mine + offset], [low, high], color="#d0d0d0", linewidth=0.8, zorder=1)
        label = report.baseline["name"] if not place else None
        axes.scatter(other + shift, theirs, color=COLOURS[1], marker="s", s=24, zorder=3, label=label)
        axes.hlines(theirs.mean(), other - 0.12, other + 0.12, color=INK, linewidth=2, zorder=4)
    axes.set_xticks(range(len(WORDS)), list(WORDS.values()))
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color=QUIET, alpha=0.25, linewidth=0.6)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    figures = report.metrics["accuracy"]
    said = f"Accuracy {figures['mean']:.3f} ± {figures['sd']:.3f} over {len(folds)} folds"
    title(figure, said, verdict(report))
    return png(figure)


def verdict(report: CrossValidationReport) -> str:
    """The comparison with the baseline in one line."""
    if not report.difference:
        return f"no baseline: {report.baseline['absent']}"
    gain = report.difference["accuracy"]
    word = "cannot be told apart from"
    if gain["certain"]:
        word = "beats" if gain["mean"] > 0 else "is beaten by"
    return (
        f"the model {word} the text baseline: {gain['mean']:+.3f} in accuracy "
        f"(95%: {gain['low']:+.3f} to {gain['high']:+.3f}, corrected resampled t-test)"
    )
