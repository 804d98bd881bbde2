"""The half year's schedule: what a shop delivers when, what goes wrong, what its people do.

Everything is drawn from the seed. Changes that matter (a model that does not learn from them gets worse) are
three new categories and a supplier who writes Chinese and takes photos of another kind. What does not matter:
a season that was there last year too, a poisoned delivery, a camera that is dead for two weeks, a rollback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from catalog.sample.world import CATEGORIES, season

__all__ = ["FIRST", "WEEKS", "Act", "Event", "Schedule", "Step", "draw", "shares"]

FIRST = date(2025, 1, 6)
"""Day 0, a Monday; the start catalogue is of the year before it."""
WEEKS = 26
START_PRODUCTS = 600
REGULAR = 40
"""Products of an ordinary delivery."""
LAUNCH = 35
"""Products of a new category that come with its first delivery."""
SUPPLIED = 80
"""Products of the new supplier that come with his first delivery, beside the ordinary ones."""
POISONED = 60
NEW_SHARE = 0.1
SUPPLIER = 0.5
"""Share of the new supplier's products once he is there."""
NEW = 3

Kind = Literal["new_category", "supplier", "poisoned", "dead_feed", "rollback", "approval"]
MATTERS = ("new_category", "supplier")


@dataclass(frozen=True)
class Event:
    """Something planted: the day from which it is so, the step that brings it, and what it is, in words."""

    kind: Kind
    step: int
    day: int
    what: str

    @property
    def matters(self) -> bool:
        """Whether a model must learn from it."""
        return self.kind in MATTERS


@dataclass(frozen=True)
class Act:
    """What a person does when the platform is at rest after a step.

    `rollback` goes to the release that was live before; `approve` says yes to the deliveries, releases and
    models that the rollback has barred, and to nothing else.
    """

    kind: Literal["rollback", "approve"]
    why: str


@dataclass(frozen=True)
class Step:
    """One delivery.

    Attributes:
        number: from 0.
        day: it comes on.
        mix: category number to share of the shop's products that day; also the truth's.
        supplier: share of the new supplier's products that day.
        rows: products that come in that mix.
        launch: category number to products of it that come besides.
        supplied: products of the new supplier that come besides.
        poisoned: `labels` shuffles the categories of all of them, `photos` also swaps their photos.
        dark: whether all photos are black.
        acts: of a person, afterwards.
    """

    number: int
    day: int
    mix: Mapping[int, float]
    supplier: float
    rows: int
    launch: Mapping[int, int] = field(default_factory=dict)
    supplied: int = 0
    poisoned: Literal["", "labels", "photos"] = ""
    dark: bool = False
    acts: tuple[Act, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether what is delivered is what it says it is."""
        return not self.poisoned and not self.dark


@dataclass(frozen=True)
class Schedule:
    """Half a year.

    Attributes:
        seed: that it was drawn from.
        known: category numbers of the start catalogue.
        start_products: products of it.
        steps: by day.
        events: by day.
        days: that the half year has; the last step's quality counts until then.
    """

    seed: int
    known: tuple[int, ...]
    start_products: int
    steps: tuple[Step, ...]
    events: tuple[Event, ...]
    days: int = 7 * WEEKS


def shares(day: int, categories: Mapping[int, int]) -> dict[int, float]:
    """Shares of the categories on a day: the known ones by season, each new one `NEW_SHARE`.

    Args:
        day: from `FIRST`, negative before it.
        categories: number to the day it is there from.
    """
    month = (FIRST + timedelta(days=day)).month - 1
    there = [c for c, since in categories.items() if since <= day]
    new = {c: NEW_SHARE for c in there if categories[c] > ALWAYS}
    weight = {c: float(season(CATEGORIES[c])[month]) for c in there if c not in new}
    left, total = 1 - sum(new.values()), sum(weight.values())
    return {c: left * w / total for c, w in weight.items()} | new


ALWAYS = -10_000
"""The day that known categories are there from."""


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = np.random.default_rng([seed, 26])
    new = _new_categories(rng)
    known = tuple(c for c in range(len(CATEGORIES)) if c not in new)
    changes = rng.permutation([*new, -1])  # -1: the supplier
    weeks = [2 + 5 * i + int(rng.integers(0, 2)) for i in range(NEW + 1)]
    since = {c: ALWAYS for c in known}
    since |= {int(c): 7 * week for c, week in zip(changes, weeks, strict=True) if c >= 0}
    supplied = next(7 * week for c, week in zip(changes, weeks, strict=True) if c < 0)
    poisoned, dark, rolled = (int(w) for w in rng.permutation([5, 10, 15, 20])[:3])
    doubled = {int(w) for w in rng.choice([0, 9, 14, 19, 22, 24], 3, replace=False)}

    steps: list[Step] = []
    events: list[Event] = []

    def step(day: int, **more: Any) -> Step:
        made = Step(len(steps), day, shares(day, since), SUPPLIER if day >= supplied else 0.0, REGULAR)
        steps.append(replace(made, **more))
        return steps[-1]

    for week in range(WEEKS):
        day = 7 * week
        launched = {c: LAUNCH for c, first in since.items() if first == day}
        acts: tuple[Act, ...] = ()
        if week == rolled:
            acts = (Act("rollback", "prices of the last delivery look wrong"),)
        if week == rolled + 1:
            acts = (Act("approve", "the supplier confirms the prices"),)
        here = step(
            day,
            launch=launched,
            supplied=SUPPLIED if day == supplied else 0,
            dark=week in (dark, dark + 1),
            acts=acts,
        )
        for category in launched:
            events.append(Event("new_category", here.number, day, f"new: {CATEGORIES[category].path}"))
        if day == supplied:
            what = f"{SUPPLIER:.0%} of products by a supplier with Chinese texts and other photos"
            events.append(Event("supplier", here.number, day, what))
        if week == dark:
            events.append(Event("dead_feed", here.number, day, "photos are black for two weeks"))
        if week == poisoned:
            how: Literal["labels", "photos"] = "photos" if rng.random() < 0.3 else "labels"
            bad = step(day + 3, rows=POISONED, poisoned=how)
            said = "categories shuffled" + (" and photos swapped" if how == "photos" else "")
            events.append(Event("poisoned", bad.number, bad.day, f"{POISONED} products, {said}"))
        if week in doubled:
            step(day + 4)
        for act in acts:
            kind: Kind = "rollback" if act.kind == "rollback" else "approval"
            events.append(Event(kind, here.number, day, act.why))
    return Schedule(seed, known, START_PRODUCTS, tuple(steps), tuple(events))


def _new_categories(rng: np.random.Generator) -> list[int]:
    """Three categories of different departments, so that each has a neighbour that is known."""
    departments = sorted({c.department for c in CATEGORIES})
    chosen = rng.choice(departments, NEW, replace=False)
    members = {d: [i for i, c in enumerate(CATEGORIES) if c.department == d] for d in departments}
    return [int(rng.choice(members[d])) for d in chosen]
