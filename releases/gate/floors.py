"""The gate's floors: what a challenger must reach by itself, whatever the champion does.

A share of right answers means little without what guessing gives: 0.5 is poor where one of two categories
holds half of the products, and good where the largest of 81 holds a twentieth. So a floor stands a part of
the way (`gate.min_lift`) from guessing to always right, and a figure is refused where its 95% interval lies
below it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

from shelfspace.paired import LEAST_ROWS
from shelfspace.settings import Gate

__all__ = ["FIGURES", "Finding", "beside_baseline", "figure", "floors"]

FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "recall_at_10": "same-category recall@10",
}
GUESSES = {
    "accuracy": "always naming the largest category",
    "macro_f1": "always naming the largest category",
    "recall_at_10": "ten products at random",
}
TELLING = 0.9
"""Guessing that gives more than this leaves too little to be judged by."""


@dataclass(frozen=True)
class Finding:
    """One rule's outcome; `passed` is None where nothing could be judged."""

    passed: bool | None
    sentence: str


def figure(evaluation: Mapping[str, Any], name: str) -> float | None:
    """An overall figure by the name the floors use; None where it was not measured."""
    if name.startswith("recall_at"):
        return evaluation["retrieval"].get("within", {}).get(name)
    return evaluation["overall"].get(name)


def floors(evaluation: Mapping[str, Any], settings: Gate) -> Iterator[Finding]:
    """A challenger's figures against their floors: absolute ones where they are set, else above guessing."""
    for name, words in FIGURES.items():
        value, fixed = figure(evaluation, name), getattr(settings, f"min_{name}")
        if value is None:
            continue
        if fixed is None:
            yield above_guessing(evaluation, name, value, settings.min_lift)
        else:
            verb = "reaches" if value >= fixed else "is below"
            yield Finding(value >= fixed, f"{words} {value:.3f} {verb} the floor of {fixed:.3f}")


def above_guessing(evaluation: Mapping[str, Any], name: str, value: float, lift: float) -> Finding:
    """One figure against what guessing gives on the same holdout."""
    words, sizes = FIGURES[name], [found["rows"] for found in evaluation["by_category"].values()]
    if name == "recall_at_10":
        rows = evaluation["retrieval"]["within"].get("queries", evaluation["rows"])
    else:
        rows = evaluation["labels"]["scored_rows"]
    if rows < LEAST_ROWS:
        few = f"{rows} products of the holdout are too few ({LEAST_ROWS} are enough)"
        return Finding(None, f"{words} {value:.3f} is not judged: {few}")
    chance = guessing(name, sizes, max(rows, sum(sizes)))
    if chance > TELLING:
        return Finding(None, f"{words} {value:.3f} is not judged: {GUESSES[name]} gives {chance:.3f}")
    floor = chance + lift * (1 - chance)
    high = max(value, evaluation.get("intervals", {}).get(name, [value, value])[1])
    verb = "reaches" if value >= floor else "may reach" if high >= floor else "is below"
    interval = f", 95% interval up to {high:.3f}" if value < floor else ""
    return Finding(
        high >= floor,
        f"{words} {value:.3f} of {rows} products{interval} {verb} the floor of {floor:.3f}: {GUESSES[name]} "
        f"gives {chance:.3f} with {len(sizes)} categories, and gate.min_lift asks {lift:.2f} of the way from "
        "there to 1",
    )


def guessing(name: str, sizes: list[int], rows: int) -> float:
    """What a guess gives.

    Args:
        name: of the figure.
        sizes: products of the holdout by category.
        rows: of the holdout with a category.
    """
    largest = max(sizes, default=0) / rows
    if name == "accuracy":
        return largest
    if name == "macro_f1":
        return 2 * largest / (1 + largest) / max(len(sizes), 1)
    asking = [size for size in sizes if size > 1]
    if not asking:
        return 0.0
    others = rows - 1
    misses = [comb(others - (size - 1), min(10, others)) / comb(others, min(10, others)) for size in asking]
    return sum(size * (1 - miss) for size, miss in zip(asking, misses, strict=True)) / sum(asking)


def beside_baseline(evaluation: Mapping[str, Any]) -> str:
    """A sentence where a simple text model is better than the challenger by more than chance; else ""."""
    baseline = evaluation.get("baseline", {})
    low, high = baseline.get("gain_interval", (0.0, 0.0))
    if high >= 0:
        return ""
    return (
        f"accuracy is {-baseline['gain']:.3f} below that of a simple text model ({baseline['name']}: "
        f"{baseline['accuracy']:.3f}; difference {low:+.3f} to {high:+.3f}): train for more epochs, or tune"
    )
