"""Which products of one generator come when, and which the judge keeps to himself.

Groups of variants are divided: a group is either delivered or true, so that no judged product has a near
duplicate that anybody has seen.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.loop.year.schedule import FIRST, Schedule, Step, shares
from catalog.sample.products import plan_products
from catalog.sample.world import CATEGORIES

__all__ = ["TRUE_PRODUCTS", "Stock", "stock_of"]

PLANNED = 9600
TRUE_PRODUCTS = 64
"""Products of each category that the judge keeps."""
TRUE_ROWS = 300
"""Of them that are one day's truth; a category that has fewer gives all it has."""
WORLD = 7
"""Seed of the generator's world; a schedule's own seed decides which of its products come when."""


class Stock:
    """All products of one schedule.

    Attributes:
        start: rows of `plan_products`; `supplied` those of the new supplier, in Chinese; `day` each is of.
        true: the judge's, each as the shop's own and then each as the new supplier's.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._rng = np.random.default_rng([schedule.seed, 7])
        plan = plan_products(WORLD * 1000 + schedule.seed, PLANNED)
        order = self._rng.random(PLANNED)[plan["group"]]
        mixed = plan.assign(order=order).sort_values(["order", "product_id"])
        by_category = [mixed[mixed["category"] == c] for c in range(len(CATEGORIES))]
        judged = [self._first_groups(rows, TRUE_PRODUCTS) for rows in by_category]
        true = pd.concat(judged)
        self._left = {c: iter(rows.drop(judged[c].index).itertuples()) for c, rows in enumerate(by_category)}
        self._seen: list[pd.DataFrame] = []
        self.true = pd.concat(
            [true.assign(language=spoken, supplied=spoken == "zh", day=0) for spoken in ("en", "zh")]
        )
        self.start = self._start()
        self._delivered = [self._of(step) for step in schedule.steps]

    @staticmethod
    def _first_groups(rows: pd.DataFrame, least: int) -> pd.DataFrame:
        """So many products, and the rest of the last one's variants."""
        return rows[rows["group"].isin(rows["group"].iloc[:least])]

    def delivered(self, step: Step) -> pd.DataFrame:
        """Products of one delivery, as they truly are."""
        return self._delivered[step.number]

    def _start(self) -> pd.DataFrame:
        """The year before: each product on a day of it, in the mix of that day."""
        known = dict.fromkeys(self.schedule.known, -10_000)
        days = np.sort(self._rng.integers(-364, 0, self.schedule.start_products))
        return pd.concat([self._take(1, shares(int(day), known), 0.0, int(day)) for day in days])

    def _of(self, step: Step) -> pd.DataFrame:
        parts = [self._take(step.rows, step.mix, step.supplier, step.day)]
        parts += [self._take(n, {c: 1.0}, step.supplier, step.day) for c, n in step.launch.items()]
        if step.supplied:
            parts.append(self._take(step.supplied, step.mix, 1.0, step.day))
        made = pd.concat(parts)
        return made.iloc[self._rng.permutation(len(made))]

    def _take(self, rows: int, mix: Mapping[int, float], supplier: float, day: int) -> pd.DataFrame:
        """The next products in a mix, as exactly as whole products allow."""
        odds = np.array(list(mix.values()))
        least = np.floor(odds * rows + 1e-9).astype(int)
        rest = np.clip(odds * rows - least, 0, 1)
        left = rows - int(least.sum())
        if left:
            least[self._rng.choice(len(odds), left, replace=False, p=rest / rest.sum())] += 1
        found = [next(self._left[c]) for c, count in zip(mix, least, strict=True) for _ in range(count)]
        table = pd.DataFrame(found).set_index("Index")
        supplied = self._rng.random(len(table)) < supplier
        return table.assign(language=np.where(supplied, "zh", "en"), supplied=supplied, day=day)

    def truth_rows(self, step: Step) -> np.ndarray:
        """Positions in `true` of that day's products: its mix, its suppliers."""
        rng = np.random.default_rng([self.schedule.seed, 9, step.number])
        names = list(step.mix)
        half = len(self.true) // 2
        category = self.true["category"].to_numpy()[:half]
        rows: list[int] = []
        for name in names:
            there = np.flatnonzero(category == name)
            count = round(step.mix[name] * TRUE_ROWS)
            rows += rng.permutation(there)[:count].tolist()
        chosen = np.array(rows)
        return chosen + half * (rng.random(len(chosen)) < step.supplier)


def moment(day: int, number: int) -> str:
    """When a product of a day was last changed, as the contract writes it."""
    when = pd.Timestamp(FIRST + timedelta(days=int(day))) + pd.Timedelta(hours=6, seconds=number)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(4)
def stock_of(schedule_seed: int) -> Stock:
    """The stock of a seed's schedule, drawn once a process."""
    from benchmarks.loop.year.schedule import draw

    return Stock(draw(schedule_seed))
