"""Trials: is a planted shift found within three windows, and is its cause named?"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.drift.former import former_alarm
from benchmarks.drift.shifts import SHIFTS, Shift, planted, traffic
from benchmarks.drift.shop import Shop, made_shop
from data_checks.drift.judge import LOOKED_AT, concluded, confirmed_in, measured
from data_checks.drift.limits import Limits, fit_limits
from data_checks.drift.windows import Window, pool_windows

__all__ = ["HISTORY", "ROWS", "SHOPS", "Found", "clean_year", "trial"]

ROWS = 500
HISTORY = 12
"""Own windows that limits are fitted on; pooled they are the reference."""
BEFORE = 2
"""Windows without a shift between the reference and it."""
WITHIN = 3
SHOPS = 12
"""One without each category; trials take turns."""
USUAL = 0.28
"""Share of Chinese sessions before the shift."""


@dataclass(frozen=True)
class Found:
    """One trial.

    Attributes:
        after: windows with the shift until the verdict; 0 where it was not found in time.
        kind: that was named.
        early: a verdict before the shift.
        former: the rival alarmed in time; None where it was not asked.
    """

    after: int
    kind: str
    early: bool
    former: bool | None


@dataclass(frozen=True, eq=False)
class World:
    """A shop, or its traffic, with reference and limits."""

    shop: Shop
    reference: Window
    limits: Limits
    rest: np.ndarray


@lru_cache(2 * SHOPS)
def world(number: int, traffic_alone: bool) -> World:
    """The shop without a category; limits from its first `HISTORY` windows."""
    shop = made_shop(number)
    rows, rest = shop.arriving[: HISTORY * ROWS], shop.arriving[HISTORY * ROWS :]
    past = shop.windows(rows, ROWS, -HISTORY)
    if traffic_alone:
        rng = np.random.default_rng(number)
        past = [traffic(shop, rows[:ROWS], i, USUAL, rng) for i in range(-HISTORY, 0)]
    return World(shop, pool_windows(past), fit_limits(past), rest)


def trial(shift: Shift, number: int, rival: bool) -> Found:
    """Windows arrive, the last ones with the shift; each arrival is judged.

    A shift that grows is to be found within three windows of its end.
    """
    of_traffic = shift.kind == "queries"
    here = world(number % SHOPS, of_traffic)
    steps = (shift.ramp or 0) + WITHIN
    windows = _arriving(here, shift, number, steps, of_traffic)
    looks = [measured(window, here.reference, here.limits) for window in windows[:BEFORE]]
    early = concluded(windows[:BEFORE], here.reference, here.limits, looks).drifted
    former = rival and any(former_alarm(w, here.reference, number) for w in windows[-WITHIN:])
    for step in range(1, steps + 1):
        seen = windows[: BEFORE + step]
        looks.append(measured(seen[-1], here.reference, here.limits))
        verdict = concluded(seen, here.reference, here.limits, looks)
        if verdict.drifted:
            return Found(step, verdict.kind, early, former if rival else None)
    return Found(0, "", early, former if rival else None)


def _arriving(here: World, shift: Shift, number: int, steps: int, of_traffic: bool) -> list[Window]:
    rng = np.random.default_rng([number, SHIFTS.index(shift)])
    rows = rng.permutation(here.rest)
    pieces = [rows[i * ROWS : (i + 1) * ROWS] for i in range(BEFORE + steps)]
    if of_traffic:
        before = [traffic(here.shop, piece, i, USUAL, rng) for i, piece in enumerate(pieces[:BEFORE])]
    else:
        before = [here.shop.window(piece, i) for i, piece in enumerate(pieces[:BEFORE])]
    seeds = rng.integers(0, 2**31, steps)
    after = [
        planted(shift, here.shop, pieces[BEFORE + i], BEFORE + i, i + 1, int(seeds[i])) for i in range(steps)
    ]
    return [*before, *after]


def clean_year(number: int, of_traffic: bool, windows: int = 52) -> int:
    """Verdicts in a year of windows without a shift; after one the count of three begins anew."""
    here = world(number % SHOPS, of_traffic)
    rng = np.random.default_rng([number, 1000])
    alarms, over = 0, list[set[str]]()
    for week in range(windows):
        rows = rng.choice(here.rest, ROWS, replace=False)
        made = traffic(here.shop, rows, week, USUAL, rng) if of_traffic else here.shop.window(rows, week)
        over = [*over[1 - LOOKED_AT :], measured(made, here.reference, here.limits)[2]]
        if confirmed_in(over):
            alarms, over = alarms + 1, []
    return alarms
