"""What a model is worth on a day: the one reader of the truth, for what is live and for its rivals alike."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.loop.year.reading import read_shop
from benchmarks.loop.year.schedule import Schedule, Step
from benchmarks.loop.year.shop import true_ids, truth, write_truth
from models.evaluation.retrieval import within_per_query
from models.features.catalogue import features_for
from models.inference.product_encoder import ProductEncoder

__all__ = ["Judge", "Quality"]

CUT = 10


@dataclass(frozen=True)
class Quality:
    """Of one day's true products.

    Attributes:
        accuracy: share whose category is named; one that the model never learned is never right.
        recall10: share with a product of its category among the 10 nearest others.
    """

    accuracy: float
    recall10: float

    @property
    def value(self) -> float:
        """What is compared: the mean of both."""
        return (self.accuracy + self.recall10) / 2


@dataclass(frozen=True)
class _Seen:
    vectors: np.ndarray
    named: np.ndarray


class Judge:
    """Judges models on the truth of one schedule.

    Args:
        folder: of its own, that no platform sees; the truth's products and their features are kept there.
    """

    def __init__(self, schedule: Schedule, folder: Path) -> None:
        self.schedule = schedule
        if not (folder / "truth" / "catalog.yaml").exists():
            write_truth(schedule, folder / "truth")
        self._read = read_shop(folder / "truth", folder / "work")
        # The chain's order is its own; days name the products by their place in the stock.
        ids = pd.Index(self._read.catalogue.products["product_id"])
        self._places = ids.get_indexer(true_ids(schedule))
        if (self._places < 0).any():
            raise ValueError(f"{int((self._places < 0).sum())} true products were refused by cleaning")
        self._seen: dict[Path, _Seen] = {}

    def quality(self, model: Path, step: Step) -> Quality:
        """What the model in a folder is worth on the day of a step; each model is read once."""
        seen, day = self._of(model), truth(self.schedule, step)
        right = float((seen.named[day.rows] == day.labels).mean())
        asking, figures = within_per_query(seen.vectors[day.rows], day.labels, [CUT])
        return Quality(right, float(figures[f"recall_at_{CUT}"].sum() / len(asking)))

    def named(self, model: Path, product_ids: list[str]) -> list[str]:
        """What a model names some of the true products."""
        places = pd.Index(true_ids(self.schedule)).get_indexer(product_ids)
        return [str(one) for one in self._of(model).named[places]]

    def _of(self, model: Path) -> _Seen:
        if model not in self._seen:
            self._seen[model] = self._see(ProductEncoder.load(model))
        return self._seen[model]

    def _see(self, encoder: ProductEncoder) -> _Seen:
        features = features_for(encoder, self._read.catalogue)
        said = encoder.encode_features(features)
        likely = encoder.labelled(features, said.probabilities).argmax(axis=1)
        named = np.asarray(encoder.labels, object)[likely]
        return _Seen(said.vectors[self._places], named[self._places])
