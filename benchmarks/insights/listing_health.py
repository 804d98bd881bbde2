"""Listing health, by planting: 3% of categories, photos and prices made wrong before anything is fitted.

Each kind is ranked by what ships and by its own rival: the probability of the given category by an
out-of-fold classifier of the words (categories) or of the frozen photos (photos), the out-of-fold residual of
a ridge on the words (prices). What is wrong in the catalogue by itself counts against both. Average precision
AP; the skill of a kind is 1 - (1 - AP) / (1 - AP of its rival), from means over the seeds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.listing_health.categories import judge_categories
from insights.listing_health.evidence import evidence_of
from insights.listing_health.media import judge_media
from insights.listing_health.prices import judge_prices
from models.expert.inputs import DenseInput
from models.features.catalogue import load_features, targets
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.files import read_parquet

SHARE = 0.03
SEEDS = range(4)
LEVELS = {"sample": 2, "flipkart": 1}
"""Catalogue to the category nodes that make a label there."""
SURE = 0.5
"""From which on findings are listed."""


@dataclass(frozen=True)
class Catalogue:
    """A released catalogue as its own features see it."""

    products: pd.DataFrame
    texts: list[str]
    features: FeatureTable
    labels: np.ndarray
    names: list[str]

    @classmethod
    def read(cls, workspace: Path, level: int) -> "Catalogue":
        """Of a workspace in which the chain has run."""
        products = read_parquet(workspace / "prepared" / "catalogue" / "products.parquet")
        texts = read_parquet(workspace / "prepared" / "texts" / "texts.parquet")["text"].tolist()
        features = load_features(workspace / "features", products, ("text", "image", "audio", "tabular"))
        learned = targets(products, level)
        return cls(products, texts, features, learned.labels, learned.label_names)

    def words(self) -> sparse.csr_matrix:
        """TF-IDF of words and their pairs: what the rivals read."""
        return TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=2, stop_words="english"
        ).fit_transform(self.texts)

    def wrong_categories(self, rng: np.random.Generator) -> tuple["Catalogue", np.ndarray]:
        """Some have another product's category; and which."""
        known = np.flatnonzero(self.labels >= 0)
        picked, labels = rng.choice(known, round(SHARE * len(known)), replace=False), self.labels.copy()
        for row in picked:
            labels[row] = self.labels[rng.choice(known[self.labels[known] != self.labels[row]])]
        return Catalogue(self.products, self.texts, self.features, labels, self.names), picked

    def wrong_photos(self, rng: np.random.Generator) -> tuple["Catalogue", np.ndarray]:
        """Some have one another's photos; and which."""
        return self.swapped("image", rng)

    def swapped(self, modality: str, rng: np.random.Generator) -> tuple["Catalogue", np.ndarray]:
        """Some have one another's photos or sounds; and which."""
        part = self.features.modalities[modality]
        there = np.flatnonzero(part.present)
        picked, order = (
            rng.choice(there, round(SHARE * len(there)), replace=False),
            np.arange(len(self.texts)),
        )
        order[picked] = np.roll(picked, 1)
        swapped = ModalityFeatures({k: v[order] for k, v in part.values.items()}, part.present)
        features = FeatureTable(self.features.product_ids, {**self.features.modalities, modality: swapped})
        return Catalogue(self.products, self.texts, features, self.labels, self.names), picked

    def wrong_prices(self, rng: np.random.Generator) -> tuple["Catalogue", np.ndarray]:
        """Some cost ten times as much; and which."""
        price = self.products["price"].to_numpy(dtype=np.float64).copy()
        there = np.flatnonzero(price > 0)
        picked = rng.choice(there, round(SHARE * len(there)), replace=False)
        price[picked] *= 10
        return (
            Catalogue(self.products.assign(price=price), self.texts, self.features, self.labels, self.names),
            picked,
        )


def doubt(model: object, rows: object, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold probabilities, and 1 less that of the given label."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    said = cross_val_predict(model, rows, labels, cv=folds, method="predict_proba")
    return said, 1 - said[np.arange(len(labels)), labels]


def categories(made: Catalogue) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of wrong, the rival's doubt, and cleanlab's ranking of the rival's probabilities."""
    from cleanlab.rank import get_label_quality_scores

    wrong = judge_categories(evidence_of(made.products, made.features, made.labels, made.names)).wrong
    there = np.flatnonzero(made.labels >= 0)
    said, given = doubt(LogisticRegression(C=10, max_iter=200), made.words()[there], made.labels[there])
    rival, oracle = np.full(len(wrong), np.nan), np.full(len(wrong), np.nan)
    rival[there] = given
    oracle[there] = -get_label_quality_scores(made.labels[there], said, method="normalized_margin")
    return wrong, rival, oracle


def photos(made: Catalogue) -> tuple[np.ndarray, np.ndarray, None]:
    """Probability of wrong, and the rival's doubt."""
    evidence = evidence_of(made.products, made.features, made.labels, made.names)
    wrong = judge_media(evidence, judge_categories(evidence), "image", "photo").wrong
    part = made.features.modalities["image"]
    there = np.flatnonzero(part.present & (made.labels >= 0))
    rows = DenseInput("image", "frozen").raw(part)[there]
    rival = np.full(len(wrong), np.nan)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    rival[there] = doubt(model, rows, made.labels[there])[1]
    return wrong, rival, None


def prices(made: Catalogue) -> tuple[np.ndarray, np.ndarray, None]:
    """Probability of wrong, and the rival's residual."""
    evidence = evidence_of(made.products, made.features, made.labels, made.names)
    wrong = judge_prices(evidence).wrong
    there = np.flatnonzero(np.isfinite(evidence.log_price))
    logs = evidence.log_price[there]
    folds = KFold(5, shuffle=True, random_state=0)
    rival = np.full(len(wrong), np.nan)
    rival[there] = np.abs(logs - cross_val_predict(Ridge(1.0), made.words()[there], logs, cv=folds))
    return wrong, rival, None


Plant = Callable[[Catalogue, np.random.Generator], tuple[Catalogue, np.ndarray]]
Judge = Callable[[Catalogue], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
KINDS: dict[str, tuple[Plant, Judge]] = {
    "category": (Catalogue.wrong_categories, categories),
    "photo": (Catalogue.wrong_photos, photos),
    "price": (Catalogue.wrong_prices, prices),
}


def precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Average precision; a product that is not judged comes last."""
    return float(average_precision_score(truth, np.nan_to_num(score, nan=-1e9)))


def skill(own: float, rival: float) -> float:
    """How much of what the rival misses is found."""
    return 1 - (1 - own) / max(1 - rival, 1e-9)


def figure_of(name: str, catalogue: Catalogue) -> Figure:
    """All kinds and seeds of one catalogue."""
    parts, per_seed, beside = [], [], {}
    for kind, (plant, judge) in KINDS.items():
        found, said = [], []
        for seed in tqdm(SEEDS, f"{kind} of {name}", mininterval=1):
            made, picked = plant(catalogue, np.random.default_rng(seed))
            truth = np.zeros(len(catalogue.texts), dtype=bool)
            truth[picked] = True
            wrong, rival, oracle = judge(made)
            found.append(
                (precision(truth, wrong), precision(truth, rival))
                + (() if oracle is None else (precision(truth, oracle),))
            )
            said.append((wrong[~np.isnan(wrong)], truth[~np.isnan(wrong)]))
        means = np.mean(found, axis=0)
        parts.append(Part(f"{kind}: AP", float(means[0]), float(means[1])))
        parts.append(Part(f"{kind}: skill", skill(*means[:2])))
        per_seed.append([skill(*one[:2]) for one in found])
        if len(means) > 2:
            beside[f"{kind}: AP of cleanlab's ranking of the rival's probabilities"] = float(means[2])
        sure = np.concatenate([one for one, _ in said])
        right = np.concatenate([one for _, one in said])
        if (sure >= SURE).any():
            beside[f"{kind}: share planted of those said with {SURE} or more"] = float(
                right[sure >= SURE].mean()
            )
            beside[f"{kind}: what is said of them, mean"] = float(sure[sure >= SURE].mean())
        beside[f"{kind}: expected share of wrong ones (3% planted)"] = float(sure.mean())
    skills = [part.value for part in parts if part.name.endswith("skill")]
    return Figure(
        f"{name}_health_skill",
        float(np.mean(skills)),
        baseline=0.0,
        spread=float(np.std(np.mean(per_seed, axis=0))),
        parts=parts,
        conditions={"no kind is below 0": min(skills) >= 0},
        beside=beside,
    )


def run(data: Data) -> Iterator[Figure]:
    """The catalogues that lie there as workspaces."""
    for name, level in LEVELS.items():
        yield figure_of(name, Catalogue.read(data.workspaces / name, level))


def lacks(data: Data) -> str:
    """Which workspace is not there."""
    gone = [name for name in LEVELS if not (data.workspaces / name / "features").is_dir()]
    return f"run the chain on {' and '.join(gone)} first (make demo CATALOG=...)" if gone else ""


LISTING_HEALTH = Task("listing_health", tuple(f"{name}_health_skill" for name in LEVELS), run, lacks)
