"""Kinds of listing health that have no aim: swapped sounds, and products listed again, on the sample.

Sounds are swapped as photos are in `listing_health`, beside the doubt of an out-of-fold classifier of the
frozen sounds. A product listed again has its words (in Chinese its
characters) without one of them, the same photo and a name of its own,
beside the cosine to the nearest other listing by TF-IDF of the words.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.insights.listing_health import LEVELS, SEEDS, SHARE, Catalogue, doubt, precision
from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.listing_health.categories import judge_categories
from insights.listing_health.duplicates import duplicates
from insights.listing_health.evidence import evidence_of
from insights.listing_health.left_out import View
from insights.listing_health.media import judge_media
from models.expert.inputs import MEDIA, DenseInput

NAME = "sample"


def sounds(catalogue: Catalogue, seed: int) -> tuple[float, float]:
    """AP of what ships and of the rival, sounds of some swapped."""
    part = catalogue.features.modalities["audio"]
    made, picked = catalogue.swapped("audio", np.random.default_rng(seed))
    evidence = evidence_of(made.products, made.features, made.labels, made.names)
    wrong = judge_media(evidence, judge_categories(evidence), "audio", "sound").wrong
    there = np.flatnonzero(part.present & (made.labels >= 0))
    name = next(name for name in MEDIA["audio"] if name in part.values)
    rows = DenseInput("audio", name).raw(made.features.modalities["audio"])[there]
    rival = np.full(len(wrong), np.nan)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    given = np.unique(made.labels[there], return_inverse=True)[1]
    rival[there] = doubt(model, rows, given)[1]
    truth = np.isin(np.arange(len(wrong)), picked)
    return precision(truth, wrong), precision(truth, rival)


def listed_again(catalogue: Catalogue, seed: int) -> tuple[float, float]:
    """AP of what ships and of the nearest words, some products listed once more."""
    rng = np.random.default_rng(seed)
    n = len(catalogue.texts)
    picked = rng.choice(n, round(SHARE * n), replace=False)
    again = catalogue.products.iloc[picked].assign(
        product_id=[f"again-{row}" for row in picked], group_id="",
        title=[without_a_word(title, rng) for title in catalogue.products["title"].iloc[picked]],
    )  # fmt: skip
    products = pd.concat([catalogue.products, again], ignore_index=True)
    texts = [*catalogue.texts, *(without_a_word(catalogue.texts[row], rng) for row in picked)]
    views = evidence_of(catalogue.products, catalogue.features, catalogue.labels, catalogue.names).views
    seen = np.concatenate([np.arange(n), picked])
    photos = View(np.asarray(views["image"].rows)[seen], views["image"].present[seen])
    own = np.zeros(len(texts))
    for pair in duplicates(products, texts, photos):
        own[pair.row] = max(own[pair.row], pair.alike)
    truth = np.arange(len(texts)) >= n
    return precision(truth, own), precision(truth, nearest(texts))


def without_a_word(text: str, rng: np.random.Generator) -> str:
    """The words but one; of Chinese, the characters but one."""
    parts = re.findall(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+|\s+", text)
    words = [place for place, part in enumerate(parts) if part.strip()]
    if len(words) > 2:
        parts[words[int(rng.integers(len(words)))]] = ""
    return " ".join("".join(parts).split())


def nearest(texts: list[str]) -> np.ndarray:
    """(n,) cosine to the nearest listing before, as a duplicate is the later of two."""
    rows = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    cosine = sparse.tril(rows @ rows.T, k=-1).tocsr()
    return np.asarray(cosine.max(axis=1).toarray()).ravel()


def run(data: Data) -> Iterator[Figure]:
    """Both kinds."""
    catalogue = Catalogue.read(data.workspaces / NAME, LEVELS[NAME])
    catalogue = replace(catalogue, products=catalogue.products.reset_index(drop=True))
    for row, judge in (("sample_health_sound", sounds), ("sample_health_duplicate", listed_again)):
        found = np.array([judge(catalogue, seed) for seed in SEEDS])
        yield Figure(
            row, float(found[:, 0].mean()), float(found[:, 1].mean()), spread=float(found[:, 0].std()),
            parts=[Part(f"seed {seed}", *one) for seed, one in zip(SEEDS, found.tolist(), strict=True)],
        )  # fmt: skip


def lacks(data: Data) -> str:
    """Which workspace is not there."""
    there = (data.workspaces / NAME / "features").is_dir()
    return "" if there else f"run the chain on {NAME} first (make demo CATALOG={NAME})"


LISTING_KINDS = Task("listing_kinds", ("sample_health_sound", "sample_health_duplicate"), run, lacks)
