"""From a listing's words (name and description) to its own photo, among the photos of all listings.

The text of a held-out product asks; the gallery is every photo, those the fold learned from too. A network on
the packaged photo encoder and one whose photo encoder starts from nothing are held against chance and against
two regressions from frozen sentence vectors to frozen photo vectors, their strength (and the kernel's width)
chosen on a quarter of the fold's training rows.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import train_test_split

from benchmarks.quality.datasets import Data
from benchmarks.quality.plan import Unit
from benchmarks.quality.runner import divide, trained

__all__ = ["FIRST", "asked", "recall", "regressed"]

FIRST = 10
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def recall(queries: np.ndarray, gallery: np.ndarray, own: np.ndarray) -> float:
    """Share of (q, d) queries whose own gallery row, own (q,), is of the FIRST; a tie counts against it."""
    scores = queries @ gallery.T
    return float(((scores >= scores[np.arange(len(own)), own][:, None]).sum(axis=1) <= FIRST).mean())


def rivals(recipe: str) -> Iterator[RegressorMixin]:
    """The regressions of a recipe, by strength and, with a Gaussian kernel, by width."""
    for alpha in STRENGTHS:
        if recipe == "linear_ridge":
            yield KernelRidge(kernel="linear", alpha=alpha)
        else:
            yield from (KernelRidge(kernel="rbf", alpha=alpha, gamma=gamma) for gamma in (0.5, 1.0, 2.0))


def regressed(
    recipe: str, words: np.ndarray, photos: np.ndarray, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """(q, d) photo vectors guessed of the test rows' words, (n, d) those of the photos, and what was chosen.

    Args:
        words, photos: (n, w) and (n, d) frozen vectors; both are centred on training rows and of unit length.
        train, test: rows, each with a photo.
    """
    words, photos = (_unit(table - table[train].mean(axis=0)) for table in (words, photos))
    learnt, judged = train_test_split(train, test_size=0.25, random_state=0)
    place = {row: at for at, row in enumerate(train)}
    own = np.array([place[row] for row in judged])

    def inner(model: Any) -> float:
        said = _unit(model.fit(words[learnt], photos[learnt]).predict(words[judged]))
        return recall(said, photos[train], own)

    best = max(rivals(recipe), key=inner)
    chosen = {name: best.get_params()[name] for name in ("alpha", "gamma")}
    return _unit(best.fit(words[train], photos[train]).predict(words[test])), photos, {"chosen_rival": chosen}


def asked(data: Data, unit: Unit, scratch: Path) -> dict[str, Any]:
    """JSON-able result of one unit: recall and chance among all photos."""
    began = time.perf_counter()
    there = data.stored["image"].present
    train, test = (rows[there[rows]] for rows in divide(data, unit))
    gallery = np.flatnonzero(there)
    found: dict[str, Any] = {}
    if unit.recipe.endswith("ridge"):
        frozen = np.asarray(data.stored["image"].values["frozen"], np.float32)
        said, photos, found = regressed(unit.recipe, data.sentences(unit.text), frozen, train, test)
        photos = photos[gallery]
    else:
        encoder, features = trained(data, unit, train, scratch)
        said = encoder.embed_features(features.take(test), ["text"])
        photos = encoder.embed_features(features.take(gallery), ["image"])
    return {
        "recall_at_10": recall(said, photos, np.searchsorted(gallery, test)),
        "chance": FIRST / len(gallery),
        **found,
        "rows": test.tolist(),
        "train_rows": len(train),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
