"""Quality over the days of the half year, and how much of it a policy gains."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop.year.judge import Judge
from benchmarks.loop.year.rivals import Live
from benchmarks.loop.year.schedule import Schedule

__all__ = ["by_day", "gain", "lived_models"]


def lived_models(timeline: Mapping[str, Any], models: Path) -> list[Live]:
    """Models of the platform by day: what a delivery brings about counts from the day after it.

    Args:
        timeline: as `benchmarks.loop.year.live` leaves it.
        models: the folder of all that was live.
    """
    steps = timeline["steps"]
    return [
        (0, models / steps[0]["champion"]),
        *((step["day"] + 1, models / step["champion_after_acts"]) for step in steps),
    ]


def by_day(schedule: Schedule, judge: Judge, models: Sequence[Live]) -> np.ndarray:
    """(days, 3) value, accuracy and recall@10 of what was live each day, on the truth of the latest step.

    Args:
        models: in the order of their days.
    """
    rows = []
    for day in range(schedule.days):
        step = max((one for one in schedule.steps if one.day <= day), key=lambda one: one.day)
        model = next(model for since, model in reversed(models) if since <= day)
        rows.append(judge.quality(model, step))
    return np.array([(one.value, one.accuracy, one.recall10) for one in rows])


def gain(policy: np.ndarray, never: np.ndarray) -> float:
    """Area over never retraining, in days of full quality."""
    return float((policy[:, 0] - never[:, 0]).sum())
