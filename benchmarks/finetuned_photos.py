"""Flipkart's photos, 7 categories: EfficientNet-Lite0 trained on, beside linear models on its frozen vectors.

    python -m benchmarks.finetuned_photos [side] [epochs] [folds]     by default 224 10 0,1

Folds of `benchmarks.quality`; nothing stops early. Prints accuracies and paired differences.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.quality.baselines import frozen_logistic
from benchmarks.quality.datasets import read_data
from benchmarks.quality.plan import Unit
from benchmarks.quality.runner import divide
from models.expert.expert import LinearExpert
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from shelfspace.paired import compare
from shelfspace.settings import Settings, load_settings
from shelfspace.workspace import PROJECT


def settings_of(side: int, epochs: int) -> Settings:
    """The tuned network with its frozen vector beside it, as docs/image-encoders.md says."""
    training = {"epochs": epochs, "patience": 1000, "layer_decay": 0.5, "learning_rate": 0.001}
    return load_settings(
        overrides={
            "preprocessing": {"image_size": side},
            "features": {"arrays": [], "colour": False, "image_encoder": "efficientnet_lite0"},
            "model": {
                "image": "efficientnet_lite0_finetuned",
                "modalities": ["image"],
                "fusion": "weighted",
                "kept": 0.0,
            },
            "training": {**training, "device": "cpu", "batch_size": 16, "price_weight": 0.0},
        }
    )


def main() -> None:
    side, epochs, folds = [*sys.argv[1:], *("224", "10", "0,1")[len(sys.argv) - 1 :]][:3]
    settings = settings_of(int(side), int(epochs))
    data = read_data("flipkart", settings, PROJECT / "workspaces" / ".benchmarks")
    labels, names = data.targets["l1"], data.names["l1"]
    table = FeatureTable(tuple(map(str, range(len(data)))), {"image": data.stored["image"]})
    unknown, right = np.full(len(data), np.nan), []
    for fold in folds.split(","):
        unit = Unit("finetuned", "flipkart", "l1", "random", int(fold), 0, ("image",))
        rows, test = divide(data, unit)
        split = np.full(len(data), "test", dtype="U10")
        split[rows] = "train"
        with tempfile.TemporaryDirectory() as scratch:
            taught, out = np.where(split == "train", labels, -1), Path(scratch)
            train(table, taught, names, unknown, split, settings, None, out / "model", out / "run")
            encoder = ProductEncoder.load(out / "model")
        expert = LinearExpert.fit(table, labels, rows, len(names), 0)
        assert expert is not None
        held = table.take(test)
        said = {
            "finetuned": encoder.encode_features(held).probabilities.argmax(axis=1),
            "logistic": frozen_logistic(data, unit, rows, test),
            "expert": expert.probabilities(held).argmax(axis=1),
        }
        right.append({name: (guess == labels[test]).astype(float) for name, guess in said.items()})
        print(fold, {name: round(float(hits.mean()), 4) for name, hits in right[-1].items()})
    every = {name: np.concatenate([one[name] for one in right]) for name in right[0]}
    for rival in ("logistic", "expert"):
        print(compare(every["finetuned"], {rival: every[rival]}).sentence())


if __name__ == "__main__":
    main()
