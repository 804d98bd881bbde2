"""What the loop is held against: never retraining, retraining weekly, and an oracle.

All train by the recipe and the functions of the chain, in process: the split is frozen as products come, the
featurizer is fitted on the training rows, features are computed once per content. The weekly one learns from
everything as it comes, as a timetable does that looks at nothing. The oracle knows the schedule: it trains
when a change that matters has come, on what is there by then, as it truly is, and is live the day after.
"""

import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.loop.year.reading import Read, read_shop
from benchmarks.loop.year.schedule import WEEKS, Schedule
from benchmarks.loop.year.shop import everything
from benchmarks.loop.year.stock import stock_of
from catalog.splits import divide
from models.features.catalogue import features_for, targets
from models.features.featurizer import Featurizer
from models.training.train import train

__all__ = ["Learner", "Live", "rivals"]

Live = tuple[int, Path]
"""A model's folder, and the day that it is live from."""


@dataclass(frozen=True)
class _Reader:
    """What features are computed by before there is an encoder."""

    featurizer: Featurizer
    modalities: tuple[str, ...]


class Learner:
    """Trains on what a shop has by a day, as its chain would; products keep their side of the split.

    Args:
        folder: takes the models; one that lies there is not trained again.
    """

    def __init__(self, read: Read, folder: Path) -> None:
        self._read, self._folder = read, folder
        self._split: pd.DataFrame | None = None

    def learn(self, product_ids: Sequence[str], name: str) -> Path:
        """Train on some products; gives the folder of the encoder."""
        out = self._folder / name
        catalogue = self._read.catalogue
        part = catalogue.take(np.flatnonzero(catalogue.products["product_id"].isin(product_ids)))
        products, settings, level = part.products, self._read.settings, self._read.level
        self._split = divide(products, self._read.digests, settings, self._split, level).table
        if (out / "model").is_dir():
            return out / "model"
        sides = products["product_id"].map(self._split.set_index("product_id")["split"]).to_numpy(dtype=str)
        rows = np.flatnonzero(sides == "train")
        texts = list(part.texts["text"])
        fitted = Featurizer.fit([texts[i] for i in rows], products["price"].to_numpy()[rows], settings)
        fitted.save(out / "featurizer")
        features = features_for(_Reader(fitted, settings.model.modalities), part)
        learnt = targets(products, level)
        train(
            features, learnt.labels, learnt.label_names, learnt.log_price, sides, settings,
            out / "featurizer", out / "model", out / "scratch", progress=False,
        )  # fmt: skip
        shutil.rmtree(out / "scratch", ignore_errors=True)
        return out / "model"


def rivals(schedule: Schedule, folder: Path, names: Collection[str]) -> Iterator[tuple[str, list[Live]]]:
    """Train some rivals (`never`, `oracle`, `weekly`); gives each one's models in the order they go live.

    Args:
        folder: takes catalogues, features and models; what lies there is not made again.
    """
    first = _learner(schedule, folder, as_it_comes=False)
    begun = first.learn(_by(schedule, -1), "start")
    if "never" in names:
        yield "never", [(0, begun)]
    if "oracle" in names:
        told = [event for event in schedule.events if event.matters]
        ours = [(e.day + 1, first.learn(_by(schedule, e.step), f"oracle-{e.step:02}")) for e in told]
        yield "oracle", [(0, begun), *ours]
    if "weekly" in names:
        blind = _learner(schedule, folder, as_it_comes=True)
        models: list[Live] = [(0, begun)]
        for week in range(1, WEEKS):
            last = max(step.number for step in schedule.steps if step.day < 7 * week)
            models.append((7 * week, blind.learn(_by(schedule, last), f"weekly-{week:02}")))
        yield "weekly", models


def _learner(schedule: Schedule, folder: Path, as_it_comes: bool) -> Learner:
    name = "as-it-comes" if as_it_comes else "clean"
    if not (folder / name / "shop" / "catalog.yaml").exists():
        everything(schedule, folder / name / "shop", as_it_comes)
    return Learner(read_shop(folder / name / "shop", folder / name / "work"), folder / "models")


def _by(schedule: Schedule, step: int) -> list[str]:
    """Ids of the products that are there once a step has come; -1: of the start."""
    stock = stock_of(schedule.seed)
    came = [stock.delivered(one) for one in schedule.steps[: step + 1]]
    return [str(one) for table in (stock.start, *came) for one in table["product_id"]]
