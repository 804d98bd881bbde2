"""What the loop is held against: never retraining, retraining weekly, and an oracle.

All train by the recipe and the functions of the chain, in process: the split is frozen as products come, the
featurizer is fitted on the training rows, features are computed once per content.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.loop.year.reading import Read
from catalog.splits import divide
from models.features.catalogue import features_for, targets
from models.features.featurizer import Featurizer
from models.training.train import train

__all__ = ["Learner"]


@dataclass(frozen=True)
class _Reader:
    """What features are computed by before there is an encoder."""

    featurizer: Featurizer
    modalities: tuple[str, ...]


class Learner:
    """Trains on what a shop has by a day, as its chain would; products keep their side of the split."""

    def __init__(self, read: Read, folder: Path) -> None:
        self._read, self._folder = read, folder
        self._split: pd.DataFrame | None = None

    def learn(self, product_ids: "set[str]", name: str) -> Path:
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
