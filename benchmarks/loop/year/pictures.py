"""The half year as a picture: quality by day of what was live, of its rivals, and what was planted when."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shelfspace.drawing import COLOURS, INK, QUIET, canvas, png, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["picture"]

DRAWN = {"never": QUIET, "weekly": COLOURS[4], "oracle": COLOURS[2], "loop": COLOURS[5]}
SHORT = {
    "new_category": "new category",
    "supplier": "new supplier",
    "poisoned": "poisoned delivery",
    "dead_feed": "black photos",
    "rollback": "rollback",
    "approval": "",
}


def picture(found: Mapping[str, Any], share: float, seeds: Sequence[int]) -> bytes:
    """PNG of one seed.

    Args:
        found: as `benchmarks.loop.year.measure.measure` gives it.
        share: the loop's gain of the oracle's.
        seeds: of which this is the worst.
    """
    figure, axes = canvas(9.2, 4.6)
    policies = found["policies"]
    for name, colour in DRAWN.items():
        if name not in policies:
            continue
        quality = np.array(policies[name]["by_day"])[:, 1]
        said = f"{name}, {policies[name]['trainings']} trainings after the first"
        axes.plot(quality, color=colour, linewidth=2.2 if name == "loop" else 1.3, label=said)
    axes.set_xlim(0, len(policies["loop"]["by_day"]) - 1)
    axes.set_xlabel("day of the half year")
    axes.set_ylabel("accuracy on the day's true products")
    axes.grid(axis="y", alpha=0.25)
    _planted(axes, found["events"])
    _trained(axes, found["timeline"]["steps"])
    axes.legend(frameon=False, loc="lower left", fontsize=8)
    title(
        figure,
        f"Left alone, the loop gains {share:.0%} of what an oracle gains",
        f"Seed {found['seed']}, the worst of {len(seeds)}. Triangles: trainings by the daemon.",
    )
    return png(figure)


def _planted(axes: "Axes", events: Sequence[Mapping[str, Any]]) -> None:
    """A line a planted event, named at the top."""
    for event in events:
        if not SHORT[event["kind"]]:
            continue
        axes.axvline(event["day"], color=INK, linewidth=0.7, linestyle=":", alpha=0.6)
        axes.text(
            event["day"] + 0.8, 1.0, SHORT[event["kind"]], transform=axes.get_xaxis_transform(),
            fontsize=7.5, color=INK, va="bottom", rotation=20,
        )  # fmt: skip


def _trained(axes: "Axes", steps: Sequence[Mapping[str, Any]]) -> None:
    """A triangle at each training of the platform."""
    counts = [0, *(int(step["trainings"]) for step in steps)]
    days = [step["day"] for step, a, b in zip(steps, counts, counts[1:], strict=False) for _ in range(b - a)]
    axes.plot(
        days,
        [0.02] * len(days),
        "^",
        color=DRAWN["loop"],
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )
