"""The simple models of the public data's README, on the same folds and rows as the networks.

Each is fitted on the training rows alone and returns what it predicts of the test rows.
"""

import re
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from benchmarks.quality.datasets import Data
from benchmarks.quality.plan import Unit
from models.encoders.image.photo_textures import STATISTICS

__all__ = ["BASELINES", "BASELINE_STATISTICS", "columns_of", "predict"]

BASELINE_STATISTICS = ("colours", "places", "blocks", "extent")
"""Groups of photo statistics that the published baseline has."""


def _vectors(texts: list[str], rows: np.ndarray, **options: Any) -> sparse.csr_matrix:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, **options)
    words.fit([texts[i] for i in rows])
    return words.transform(texts)


def linear(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Words (1-2-grams), specification keys, character n-grams of the name, MiniLM, price; linear SVM.

    As `linear_photo` with the frozen vectors of the photos too.
    """
    items = data.seen(unit.text)
    parts = [_vectors(data.texts(unit.text), train, ngram_range=(1, 2), stop_words="english")]
    if unit.text == "full" and any(item.attributes for item in items):
        keys = [" ".join("k=" + re.sub(r"\W+", "_", key) for key in item.attributes) for item in items]
        parts.append(_vectors(keys, train, analyzer=str.split) * 0.5)
    titles = [item.title for item in items]
    parts.append(_vectors(titles, train, analyzer="char_wb", ngram_range=(3, 5)) * 0.5)
    if unit.sentence:
        parts.append(sparse.csr_matrix(data.sentences(unit.text) * (0.5 if unit.text == "full" else 1.0)))
    if "tabular" in unit.sees:
        known = data.log_price[train]
        price = np.nan_to_num((data.log_price - np.nanmean(known)) / np.nanstd(known))
        parts.append(sparse.csr_matrix(price[:, None] * 0.3))
    if unit.recipe == "linear_photo":
        parts.append(sparse.csr_matrix(_photos(data, train)))
    features = sparse.hstack(parts).tocsr()
    model = LinearSVC(C=1.0, random_state=0).fit(features[train], data.targets[unit.target][train])
    return np.asarray(model.predict(features[test]))


def ridge(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """TF-IDF of all text without amounts of money, ridge regression (alpha 1) of the log price."""
    features = _vectors(data.texts(unit.text), train, ngram_range=(1, 2), stop_words="english")
    model = Ridge(alpha=1.0).fit(features[train], data.log_price[train])
    return np.asarray(model.predict(features[test]))


def _photos(data: Data, train: np.ndarray) -> np.ndarray:
    """(n, d) frozen vectors of photos, standardised on training rows, of unit length; zero without one."""
    image = data.stored["image"]
    rows = np.asarray(image.values["frozen"], np.float32)
    known = rows[train[image.present[train]]]
    rows = (rows - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1e-6) * image.present[:, None]
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def frozen_logistic(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Frozen photo vectors, standardised, logistic regression (C 0.01)."""
    photos = np.asarray(data.stored["image"].values["frozen"], np.float32)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    return np.asarray(model.fit(photos[train], data.targets[unit.target][train]).predict(photos[test]))


def frozen_rbf(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Frozen photo vectors, standardised, RBF SVM (C 10)."""
    photos = np.asarray(data.stored["image"].values["frozen"], np.float32)
    return _kernel_machine(photos, data, unit, train, test, StandardScaler())


def _kernel_machine(
    features: np.ndarray, data: Data, unit: Unit, train: np.ndarray, test: np.ndarray, *steps: Any
) -> np.ndarray:
    model = make_pipeline(*steps, SVC(C=10.0)).fit(features[train], data.targets[unit.target][train])
    return np.asarray(model.predict(features[test]))


def columns_of(groups: tuple[str, ...]) -> np.ndarray:
    """(columns,) bool, which of a photo's statistics belong to the named groups."""
    return np.repeat([name in groups for name in STATISTICS], list(STATISTICS.values()))


def photo_svm(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Oriented gradients, colours and extent of the photo, standardised, PCA 200, RBF SVM (C 10)."""
    photos = np.asarray(data.stored["image"].values["histograms"][:, 0], dtype=np.float32)
    steps = (StandardScaler(), PCA(200, random_state=0))
    return _kernel_machine(photos[:, columns_of(BASELINE_STATISTICS)], data, unit, train, test, *steps)


def sound_svm(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Mean and deviation of the cepstral coefficients and the mean log-mel spectrum, RBF SVM (C 10)."""
    part = data.stored["audio"].values
    spectrum = np.asarray(part["logmel"], dtype=np.float32).mean(axis=1)
    features = np.concatenate([part["mfcc"], spectrum], axis=1)
    return _kernel_machine(features, data, unit, train, test, StandardScaler())


BASELINES = {
    "linear": linear,
    "linear_photo": linear,
    "ridge": ridge,
    "photo_svm": photo_svm,
    "frozen_logistic": frozen_logistic,
    "frozen_rbf": frozen_rbf,
    "sound_svm": sound_svm,
}


def predict(data: Data, unit: Unit, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """What the unit's baseline says of the test rows: labels, or log prices."""
    return BASELINES[unit.recipe](data, unit, train, test)
