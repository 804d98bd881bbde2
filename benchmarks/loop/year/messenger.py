"""Asks the running service about a few of a day's true products, for the judge to compare with what he finds.

The judge opens the model of the release that the service names; that the service answers with that very model
is seen here.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.loop.year.judge import Judge
from benchmarks.loop.year.schedule import Schedule, Step
from benchmarks.loop.year.shop import true_ids, truth, write_truth

__all__ = ["Messenger", "agreement"]

ASKED = 16
"""Products asked of a day."""


class Messenger:
    """Knows the truth's products as files, and tells nobody but the service, one question at a time.

    Args:
        folder: of the truth; written where it is not there.
    """

    def __init__(self, schedule: Schedule, folder: Path) -> None:
        self._schedule, self._folder = schedule, folder
        if not (folder / "catalog.yaml").exists():
            write_truth(schedule, folder)
        table = pd.read_csv(folder / "products.csv", dtype=str, keep_default_na=False)
        self._table, self._ids = table.set_index("product_id"), true_ids(schedule)

    def questions(self, step: Step) -> list[dict[str, Any]]:
        """Items for /classify, with all that the products have."""
        rows = truth(self._schedule, step).rows
        draw = np.random.default_rng([self._schedule.seed, 15, step.number])
        chosen = [self._ids[row] for row in draw.permutation(rows)[:ASKED]]
        return [self._item(one) for one in chosen]

    def _item(self, product: str) -> dict[str, Any]:
        row = self._table.loc[product]
        said = {name: row[name] for name in ("title", "description", "brand") if row[name]}
        price = {"price": float(row["price"])} if row["price"] else {}
        media = {kind: self._media(row[kind]) for kind in ("photos", "sounds") if row[kind]}
        attributes = json.loads(row["attributes"] or "{}")
        return {"product_id": product, **said, **price, "attributes": attributes, **media}

    def _media(self, name: str) -> list[str]:
        return [base64.b64encode((self._folder / "media" / name).read_bytes()).decode()]


def agreement(timeline: dict[str, Any], judge: Judge, models: Path) -> float:
    """Share of what was asked that the service named as the judge does, by the model that it said is live."""
    same: list[bool] = []
    for step in timeline["steps"]:
        named = judge.named(models / step["champion"], list(step["classified"]))
        same += [one == other for one, other in zip(named, step["classified"].values(), strict=True)]
    return float(np.mean(same))
