"""Vectors of listings and queries from a model that never saw the fold's held-out listings.

One training a fold, on the training listings less some that are kept apart: their titles are the
queries on which the fusion learns. Everything is kept in the cache, so that ranking can be measured
again without training again.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks.quality.__main__ import code_version
from benchmarks.quality.datasets import Data
from benchmarks.quality.plan import BASE
from catalog.text.clean import clean_text
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable, ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from retrieval.ranking.training import held_out as lessons
from shelfspace.files import atomic_directory
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.settings import load_settings, merge

__all__ = ["FOLDS", "RECIPE", "FoldVectors", "backwards", "fold_rows", "fold_vectors", "fragments"]

CODE = "2"
"""Changes when the same settings and models give other vectors."""

FOLDS = 5
INNER_SHARE = 0.15
"""Of a fold's training listings: kept from the model, so that the fusion learns on unseen queries."""

REPEATED = 3
"""Times that a taught name stands among the training rows."""

RECIPE: dict[str, Any] = merge(
    BASE,
    {
        "model": {"modalities": ["text", "image"], "image": "efficientnet_lite0"},
        "features": {"arrays": []},
        "training": {"epochs": 30, "nested_dims": [], "hierarchy_weight": 0.3, "contrastive_weight": 0.3},
    },
)
"""Settings of the model: the quality benchmark's text encoder and a pretrained one of photos, taught
second-level categories."""


@dataclass(frozen=True)
class FoldVectors:
    """What the fold's model says of all n listings and of c category names.

    Attributes:
        listing, listing_classes: (n, d) vectors and (n, k) class probabilities of whole listings.
        title, title_classes: of their titles alone, as queries.
        short, short_classes: of a few words of their titles, as short queries.
        nonsense, nonsense_classes: of their titles with each word spelt backwards, words nobody knows.
        photo, photo_classes: of their photos alone; zero where `pictured` (n,) is False.
        name, name_classes: (c, d) and (c, k) of the category names as queries.
        listing_own, title_own, short_own, nonsense_own, name_own: (n or c, e) by the sentence encoder.
        photo_own: (n, f) by the photo encoder, zero where there is none.
    """

    listing: np.ndarray
    listing_classes: np.ndarray
    title: np.ndarray
    title_classes: np.ndarray
    short: np.ndarray
    short_classes: np.ndarray
    nonsense: np.ndarray
    nonsense_classes: np.ndarray
    photo: np.ndarray
    photo_classes: np.ndarray
    pictured: np.ndarray
    name: np.ndarray
    name_classes: np.ndarray
    listing_own: np.ndarray
    title_own: np.ndarray
    short_own: np.ndarray
    nonsense_own: np.ndarray
    name_own: np.ndarray
    photo_own: np.ndarray


def fold_rows(data: Data, fold: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows the model learns from, training rows kept from it, and the held-out listings."""
    labels = data.targets["l1"]
    gallery, held = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels))[fold]
    divide = StratifiedShuffleSplit(1, test_size=INNER_SHARE, random_state=fold)
    learnt, inner = next(divide.split(gallery, labels[gallery]))
    return np.sort(gallery[learnt]), np.sort(gallery[inner]), held


def fold_vectors(
    data: Data,
    paths: np.ndarray,
    names: Sequence[str],
    taught: Mapping[str, str],
    fold: int,
    cache: Path,
    scratch: Path,
) -> FoldVectors:
    """Vectors of one fold, from the cache where they were computed before.

    Args:
        paths: (n,) second-level category path of each listing, "" where it has none; those of the
            rows that the model learns from are its labels.
        names: category names, asked as queries.
        taught: names that the model learns as queries, with the second-level path that each means.
    """
    settings = load_settings(overrides=RECIPE)
    deciding = settings.model_dump(
        mode="json", include={"seed", "preprocessing", "features", "model", "training"}
    )
    read = content_hash(*paths, *names)
    key = fingerprint([CODE, code_version(), deciding, read, dict(taught), fold])
    folder = cache / f"search-vectors-{key[:16]}"
    if not folder.is_dir():
        made = _computed(data, paths, names, taught, fold, settings, scratch)
        with atomic_directory(folder) as temporary:
            for name in FoldVectors.__dataclass_fields__:
                np.save(temporary / f"{name}.npy", getattr(made, name), allow_pickle=False)
    return FoldVectors(
        **{n: np.load(folder / f"{n}.npy", allow_pickle=False) for n in FoldVectors.__dataclass_fields__}
    )


def _computed(
    data: Data,
    paths: np.ndarray,
    names: Sequence[str],
    taught: Mapping[str, str],
    fold: int,
    settings: Any,
    scratch: Path,
) -> FoldVectors:
    learnt, inner, _ = fold_rows(data, fold)
    bare = settings.model_copy(
        update={"features": settings.features.model_copy(update={"text_encoder": None})}
    )
    whole, titles = data.texts("full"), data.texts("name")
    fitted = Featurizer.fit([whole[i] for i in learnt], np.array([1.0]), bare)
    image = data.stored["image"]

    def words(texts: Sequence[str], sentences: np.ndarray) -> ModalityFeatures:
        arrays = fitted.modality("text", texts).values
        return ModalityFeatures({**arrays, "sentence": sentences}, np.array([bool(t) for t in texts]))

    def table(text: ModalityFeatures, photos: ModalityFeatures) -> FeatureTable:
        ids = tuple(str(i) for i in range(len(text)))
        return FeatureTable(ids, {"text": text, "image": photos})

    n = len(data)
    listing = table(words(whole, data.sentences("full")), image)
    none = ModalityFeatures(image.values, np.zeros(n, dtype=bool))
    title = table(words(titles, data.sentences("name")), none)
    strange = backwards(titles)
    unknown = table(words(strange, sentences_of(strange, data.cache)), none)
    spoken = [clean_text(name) for name in names]
    blank = {k: np.zeros((len(names), *v.shape[1:]), v.dtype) for k, v in image.values.items()}
    unseen = ModalityFeatures(blank, np.zeros(len(names), dtype=bool))
    name_table = table(words(spoken, sentences_of(spoken, data.cache)), unseen)

    cut = fragments(titles)
    short = table(words(cut, sentences_of(cut, data.cache)), none)
    # Every listing twice: whole, and as the query its title would be; and the taught names. Titles of the
    # rows kept apart choose the epoch and calibrate the probabilities, as a release's validation rows do.
    known = np.repeat([names.index(name) for name in taught], REPEATED)
    lessons = FeatureTable.concatenate([listing, title, name_table.take(known)])
    classes = sorted({str(paths[i]) for i in learnt} - {""})
    index = {path: i for i, path in enumerate(classes)}
    split = np.full(len(lessons), "test", dtype="U10")
    split[learnt] = split[n + learnt] = split[2 * n :] = "train"
    split[n + inner] = "validation"
    meant = [*paths, *paths, *np.repeat(list(taught.values()), REPEATED)]
    labels = np.array([index.get(str(path), -1) for path in meant])
    labels[split == "test"] = -1
    shutil.rmtree(scratch, ignore_errors=True)
    train(
        lessons, labels, classes, np.full(len(lessons), np.nan), split, settings, None,
        scratch / "model", scratch / "run", progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(scratch / "model")
    shutil.rmtree(scratch, ignore_errors=True)
    pictured = np.asarray(image.present)
    said = encoder.encode_features(listing)
    asked = encoder.encode_features(title)
    brief = encoder.encode_features(short)
    lost = encoder.encode_features(unknown)
    named = encoder.encode_features(name_table)
    shown = encoder.encode_features(listing.take(np.flatnonzero(pictured)), ["image"])
    photo, photo_classes = np.zeros_like(said.vectors), np.zeros_like(said.probabilities)
    photo[pictured], photo_classes[pictured] = shown.vectors, shown.probabilities
    texts = (listing, title, short, unknown, name_table)
    own = [encoder.own_vectors(table, ["text"])["text"] for table in texts]
    own.append(encoder.own_vectors(listing, ["image"])["image"])
    return FoldVectors(
        said.vectors, said.probabilities, asked.vectors, asked.probabilities,
        brief.vectors, brief.probabilities, lost.vectors, lost.probabilities, photo, photo_classes,
        pictured, named.vectors, named.probabilities, *own,
    )  # fmt: skip


def fragments(titles: Sequence[str]) -> list[str]:
    """One to three neighbouring words of each title, drawn by its place: what a shopper would type."""
    return [lessons.fragment(title, row) for row, title in enumerate(titles)]


def backwards(titles: Sequence[str]) -> list[str]:
    """Titles with each word spelt backwards: queries that have no answer."""
    return [lessons.backwards(title) for title in titles]


def sentences_of(texts: Sequence[str], cache: Path) -> np.ndarray:
    """(n, 384) MiniLM vectors, kept in the cache."""
    kept = cache / f"minilm-{content_hash(*texts)[:16]}.npy"
    if not kept.is_file():
        from models.pretrained.text_and_image import load_frozen_text

        np.save(kept, load_frozen_text("minilm").encode(list(texts)))
    return np.asarray(np.load(kept, allow_pickle=False))
