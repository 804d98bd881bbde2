"""Synthetic feature tables whose classes can be learnt from each modality, and settings for quick runs."""

from collections.abc import Sequence

import numpy as np

from catalog.media.colours import colour_size
from models.encoders.image.photo_textures import COLUMNS
from models.features.table import FeatureTable, ModalityFeatures
from models.inputs.arrays import ARRAYS, Fitted
from models.inputs.tabular import TabularScaler
from shelfspace.settings import Features, Preprocessing, Settings, load_settings

MODALITIES = ("text", "image", "audio", "tabular")
CLASSES = ("Audio > Guitars", "Home > Lamps", "家居 > 灯具")


def quick_settings(**sections: dict) -> Settings:
    """Small widths and few epochs; sections override."""
    base: dict = {
        "preprocessing": {"vocabulary": 60, "text_length": 12, "image_size": 24},
        "model": {"text": "lstm", "image": "cnn", "width": 32, "dim": 24, "dropout": 0.1},
        "training": {"epochs": 3, "batch_size": 16, "patience": 3, "device": "cpu"},
    }
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return load_settings(overrides=base)


def features_table(
    n: int,
    modalities: Sequence[str] = MODALITIES,
    missing: float = 0.25,
    frozen: bool = False,
    seed: int = 0,
    photos: int = 1,
) -> tuple[FeatureTable, np.ndarray, np.ndarray]:
    """n products with labels and log prices; some modalities missing, never all; absent rows are zero."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    present = random.random((n, len(modalities))) >= missing
    present[~present.any(axis=1), 0] = True
    parts = {}
    for m, name in enumerate(modalities):
        values = _values(name, labels, random, frozen)
        if name == "image" and photos > 1:
            values = several_photos(values, photos, random)
        for array in values.values():
            array[~present[:, m]] = 0
        parts[name] = ModalityFeatures(values, present[:, m])
    log_price = 2.0 + labels + 0.1 * random.normal(size=n)
    log_price[random.random(n) < 0.1] = np.nan
    return FeatureTable(tuple(f"p{i:04d}" for i in range(n)), parts), labels, log_price


def _values(
    name: str, labels: np.ndarray, random: np.random.Generator, frozen: bool
) -> dict[str, np.ndarray]:
    n = len(labels)
    if name == "text":
        tokens = random.integers(20, 60, (n, 12)).astype(np.int32)
        tokens[:, :2] = 5 + 3 * labels[:, None] + random.integers(0, 3, (n, 2))
        lengths = random.integers(3, 13, n)
        tokens[np.arange(12)[None, :] >= lengths[:, None]] = 0
        values: dict[str, np.ndarray] = {
            "tokens": tokens,
            "words": tokens.copy(),
            "grams": np.where(tokens > 0, tokens * 1_000_003, 0).astype(np.int32),
            "title": np.minimum(lengths, 4)[:, None].repeat(2, axis=1).astype(np.int32),
        }
        extra = "sentence"
    elif name == "image":
        pixels = random.integers(0, 90, (n, 24, 24, 3))
        pixels[np.arange(n), :, :, labels % 3] += 120
        values, extra = {"pixels": pixels.astype(np.uint8)}, "frozen"
        statistics = np.random.default_rng(7).normal(size=(n, 2, COLUMNS)).astype(np.float16)
        statistics[..., :300] += np.eye(3, 300, dtype=np.float16)[labels][:, None] * 9
        values["histograms"] = statistics
        colours = np.random.default_rng(8).random((n, colour_size())).astype(np.float32)
        values["colour"] = colours / np.linalg.norm(colours, axis=1, keepdims=True)
    elif name == "audio":
        mfcc = random.normal(size=(n, 24)) + 2 * np.eye(3, 24)[labels]
        logmel = random.normal(size=(n, 20, 8)) + np.eye(3, 8)[labels][:, None]
        timbre = np.random.default_rng(7).normal(size=(n, 12)) + np.eye(3, 12)[labels]
        values = {"mfcc": mfcc.astype(np.float32), "logmel": logmel.astype(np.float16)}
        values["timbre"], extra = timbre.astype(np.float32), "frozen"
    else:
        other = np.random.default_rng(7)
        priced = other.random((n, 1)) < 0.7
        details = np.stack([labels + 1, other.integers(50, 60, n), np.zeros(n, dtype=int)], axis=1)
        return {
            "values": (labels[:, None] + random.normal(size=(n, 5)) * 0.5).astype(np.float32),
            "priced": priced.astype(np.float32),
            "details": details.astype(np.int32),
        }
    # Arrays that another encoder brings with it: any numbers of their shape, so that the contract holds it.
    for more in set(ARRAYS[name]) - values.keys() - {extra}:
        shape, dtype = ARRAYS[name][more].shape(Fitted(Preprocessing(), Features(), TabularScaler(0, 1)))
        values[more] = np.random.default_rng(7).normal(size=(n, *shape)).astype(dtype)
    if frozen:
        values[extra] = (np.eye(3, 16)[labels] + random.normal(size=(n, 16)) * 0.3).astype(np.float32)
    return values


def absurd(dtype: np.dtype) -> float:
    """What no encoder may read: in a row whose modality is absent, any number may stand."""
    return 255 if dtype == np.uint8 else 59 if dtype.kind == "i" else float("nan")


def several_photos(
    values: dict[str, np.ndarray], most: int, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """One to `most` photos a row: others are of the first one's category, the rest is zero."""
    n = len(values["pixels"])
    counts = random.integers(1, most + 1, n).astype(np.uint8)
    made = {"photos": counts}
    for key, array in values.items():
        stacked = np.stack([np.roll(array, len(CLASSES) * place, axis=0) for place in range(most)], axis=1)
        stacked[np.arange(most)[None, :] >= counts[:, None]] = 0
        made[key] = stacked
    return made


def splits_of(n: int) -> np.ndarray:
    """Seven in ten train, then validation, then test."""
    side = np.full(n, "train", dtype="U10")
    side[np.arange(n) % 10 == 7] = "validation"
    side[np.arange(n) % 10 >= 8] = "test"
    return side
