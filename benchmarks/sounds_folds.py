"""688 instrument clips of 16 families in five folds: what the audio encoders make of sound alone.

python -m benchmarks.sounds_folds ENCODER

Folds are those of the baseline (an RBF SVM on MFCC statistics, mean log-mel and length: 0.797 on
random folds, 0.730 where a note of an instrument stays on one side), with seed 0. Each fold's model
is trained with the shipped settings at `sound_seconds: 5`; a tenth of the training rows stops it
(whole notes in the grouped folds), so nothing is chosen by the test fold. The quality benchmark has
the same folds, with other settings and no early stopping.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.quality.datasets import Data, read_data
from models.features.table import FeatureTable
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from shelfspace.settings import Settings, load_settings

CACHE = Path("workspaces") / ".benchmarks"


def folds(data: Data, grouped: bool) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Train, validation and test rows of each fold."""
    labels, groups = data.targets["family"], data.groups["note"]
    if grouped:
        split = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(labels, labels, groups)
    else:
        split = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)
    made = []
    for number, (learnt, test) in enumerate(split):
        random = np.random.default_rng(number)
        units = groups[learnt] if grouped else learnt
        held = np.isin(units, random.choice(np.unique(units), len(np.unique(units)) // 10, replace=False))
        made.append((learnt[~held], learnt[held], test))
    return made


def accuracies(data: Data, settings: Settings, grouped: bool) -> list[float]:
    """Share of the test clips whose family is named, fold by fold."""
    labels = data.targets["family"]
    table = FeatureTable(tuple(str(row) for row in range(len(data))), {"audio": data.stored["audio"]})
    found = []
    for _, held, test in folds(data, grouped):
        splits = np.full(len(data), "train", dtype="U10")
        splits[held], splits[test] = "validation", "test"
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "encoder"
            train(
                table, labels, data.names["family"], data.log_price, splits, settings, None, out,
                Path(scratch) / "run", progress=False,
            )  # fmt: skip
            scores = ProductEncoder.load(out).classify_features(table.take(test))
        found.append(float((scores.argmax(axis=1) == labels[test]).mean()))
    return found


def main(encoder: str) -> None:
    """Print mean accuracy and spread on both kinds of folds."""
    torch.set_num_threads(1)
    settings = load_settings(
        overrides={
            "model": {"modalities": ["audio"], "audio": encoder},
            "preprocessing": {"sound_seconds": 5.0},
            "training": {"device": "cpu"},
        }
    )
    data = read_data("sounds", settings, CACHE)
    for grouped in (False, True):
        found = accuracies(data, settings, grouped)
        kind = "grouped by note" if grouped else "random"
        print(f"{encoder}, {kind} folds: {np.mean(found):.3f} +- {np.std(found):.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
