"""New categories that come week by week, and labels that are only misspelt: what asks for a retraining?"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.loop.results import Figure
from catalog.sample.world import CATEGORIES
from data_checks.drift.categories import categories_question, new_categories
from data_checks.drift.questions import window_rows
from shelfspace.settings import Monitoring

__all__ = ["arrivals"]

SHOP = 600
"""Products that the champion learned from; nothing is learned for a year, so that misspelt labels gather."""
WEEK = 40
"""Products that come a week, for `WEEKS`."""
WEEKS = 52
SPELLINGS = 3
"""Wrong ones of each category, none of them known to the champion; the first is the most frequent."""
ODDS = np.array([6, 3, 2]) / 11
NEW = (0.05, 0.1, 0.2)
"""Shares of what comes that are of the new category."""
WRONG = (0.02, 0.05, 0.1)
"""Shares of what comes that are misspelt."""


def labels(rows: int, wrong: float, new: float, rng: np.random.Generator) -> list[str]:
    """Labels of what comes: known ones, some of them misspelt, and new ones."""
    known = rng.integers(1, len(CATEGORIES), rows)
    spelt = rng.choice(SPELLINGS, rows, p=ODDS)
    drawn = rng.random(rows)
    return [
        CATEGORIES[0].path
        if chance < new
        else f"{CATEGORIES[one].path} ({spelling})"
        if chance > 1 - wrong
        else CATEGORIES[one].path
        for one, spelling, chance in zip(known, spelt, drawn, strict=True)
    ]


def year(wrong: float, new: float, seed: int) -> tuple[int, int]:
    """The week in which the new category asks, 0 for never; and how often misspelt ones ask."""
    rng, settings = np.random.default_rng([seed, round(1000 * wrong), round(1000 * new)]), Monitoring()
    learned = pd.DataFrame({"label": labels(SHOP, 0.0, 0.0, rng), "learned": rng.random(SHOP) < 0.8})
    came = pd.DataFrame({"label": labels(WEEK * WEEKS, wrong, new, rng), "learned": False})
    whole, asked, when = pd.concat([learned, came], ignore_index=True), set[str](), 0
    for week in range(1, WEEKS + 1):
        now = whole.iloc[: SHOP + week * WEEK]
        found = new_categories(categories_question(now, learned, settings))
        when = when or (week if CATEGORIES[0].path in found else 0)
        asked |= found
    return when, len(asked - {CATEGORIES[0].path})


def arrivals(years: int) -> Iterator[Figure]:
    """The row `false_category_retrains_a_year`."""
    parts: list[Mapping[str, Any]] = []
    worst, windows = 0.0, (2 * window_rows(SHOP, Monitoring()) + 1) / WEEK
    for wrong in WRONG:
        for new in NEW:
            found = [year(wrong, new, seed) for seed in range(years)]
            weeks = [week for week, _ in found if week]
            false = sum(count for _, count in found) / years
            worst = max(worst, false)
            parts.append(
                {
                    "labels misspelt": f"{wrong:.0%}",
                    "new category": f"{new:.0%} of what comes",
                    "asked for": len(weeks) / years,
                    "in week, median": float(np.median(weeks)) if weeks else None,
                    "at the latest": max(weeks, default=None),
                    "by two windows": f"week {int(np.ceil(windows))} at the earliest",
                    "retrainings a year for misspelt ones": false,
                }
            )
    yield Figure(
        "false_category_retrains_a_year",
        "retrainings a year that misspelt categories ask for, of a champion that learns nothing meanwhile",
        worst,
        1.0,
        f"generated labels, a shop of {SHOP} products, {WEEK} come a week",
        years * len(parts),
        least=True,
        parts=parts,
        reason=f"the worst of the lines; a wrong spelling is one of {SPELLINGS} of its category, so that "
        "they repeat; what the gate refuses is not asked for again",
    )
