"""688 instrument clips of 16 families in five folds: what the audio encoders make of sound alone.

python -m benchmarks.sounds_folds FOLDER ENCODER

FOLDER holds sounds.csv and the clips. Folds are those of the baseline (an RBF SVM on MFCC
statistics, mean log-mel and length: 0.797 on random folds, 0.730 where a note of an instrument stays
on one side), with seed 0. Each fold's model is trained with the shipped settings at
`sound_seconds: 5`; a tenth of the training rows stops it (whole notes in the grouped folds), so
nothing is chosen by the test fold.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from tqdm import tqdm

from catalog.settings import Settings, load_settings
from models.features import FeatureTable, ModalityFeatures
from models.featurizer import Featurizer
from models.product_encoder import ProductEncoder
from models.training import train


def features(folder: Path, clips: pd.DataFrame, settings: Settings) -> FeatureTable:
    """The audio arrays of all clips; nothing is fitted on them."""
    featurizer = Featurizer.fit(["-"], np.array([1.0]), settings)
    made = []
    for file in tqdm(clips["file"], "clips", mininterval=1):
        samples = featurizer.samples((folder / file).read_bytes(), settings.media)
        made.append(featurizer.sound_arrays(samples))
    arrays = {key: np.stack([one[key] for one in made]) for key in made[0]}
    audio = ModalityFeatures(arrays, np.ones(len(clips), dtype=bool))
    return FeatureTable(tuple(clips["file"]), {"audio": audio})


def folds(clips: pd.DataFrame, grouped: bool) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Train, validation and test rows of each fold."""
    groups = (clips["label"] + "_" + clips["note"].astype(str)).to_numpy()
    rows = np.zeros(len(clips))
    if grouped:
        split = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(rows, clips["family"], groups)
    else:
        split = StratifiedKFold(5, shuffle=True, random_state=0).split(rows, clips["family"])
    made = []
    for number, (learnt, test) in enumerate(split):
        random = np.random.default_rng(number)
        units = groups[learnt] if grouped else learnt
        held = np.isin(units, random.choice(np.unique(units), len(np.unique(units)) // 10, replace=False))
        made.append((learnt[~held], learnt[held], test))
    return made


def accuracies(table: FeatureTable, clips: pd.DataFrame, settings: Settings, grouped: bool) -> list[float]:
    """Share of the test clips whose family is named, fold by fold."""
    names = sorted(set(clips["family"]))
    labels = np.array([names.index(family) for family in clips["family"]])
    found = []
    for _, held, test in folds(clips, grouped):
        splits = np.full(len(clips), "train", dtype="U10")
        splits[held], splits[test] = "validation", "test"
        unknown = np.full(len(clips), np.nan)
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "encoder"
            train(
                table,
                labels,
                names,
                unknown,
                splits,
                settings,
                None,
                out,
                Path(scratch) / "run",
                progress=False,
            )
            scores = ProductEncoder.load(out).classify_features(table.take(test))
        found.append(float((scores.argmax(axis=1) == labels[test]).mean()))
    return found


def main(folder: Path, encoder: str) -> None:
    """Print mean accuracy and spread on both kinds of folds."""
    torch.set_num_threads(1)
    settings = load_settings(
        overrides={
            "model": {"modalities": ["audio"], "audio": encoder},
            "preprocessing": {"sound_seconds": 5.0},
            "training": {"device": "cpu"},
        }
    )
    clips = pd.read_csv(folder / "sounds.csv")
    table = features(folder, clips, settings)
    for grouped in (False, True):
        found = accuracies(table, clips, settings, grouped)
        kind = "grouped by note" if grouped else "random"
        print(f"{encoder}, {kind} folds: {np.mean(found):.3f} +- {np.std(found):.3f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
