"""The linear expert: what a product's frozen inputs say of its category without any network.

One ridge regression on all of them, linear, and one a photo or sound, on a Gaussian kernel over its frozen
vector; their scores are added with weights chosen on left-out rows. It is the rival of the network's labels,
and the wide half of what is served (Cheng 2016, arXiv 1606.07792). No pickle: arrays and a description.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse
from scipy.sparse.linalg import cg
from scipy.special import softmax

from models.expert.inputs import BESIDE, MEDIA, SENTENCES, DenseInput, TextInput
from models.expert.ridge import counted, fit_ridge
from models.features.table import FeatureTable

__all__ = ["LinearExpert"]

MOST = 2500
"""Training rows that penalties and weights are chosen on, and that photos and sounds learn from. Text learns
from all."""

Part = Mapping[str, np.ndarray]


class LinearExpert:
    """Scores of classes from frozen inputs.

    Attributes:
        classes: number of categories.
        text: how text and table are read, which the media stand beside in one row; None without either.
        media: how photos and sounds are read.
        weights: how much each part's scores count, the text first.
    """

    def __init__(self, classes: int, text: TextInput | None, media: Sequence[DenseInput]) -> None:
        self.classes = classes
        self.text = text
        self.media = tuple(media)
        self.weights = np.ones(len(media) + (text is not None))
        self._linear = np.zeros((0, classes), np.float32)
        self._landmarks: list[np.ndarray] = []
        self._duals: list[np.ndarray] = []

    @classmethod
    def fit(
        cls, features: FeatureTable, labels: np.ndarray, rows: np.ndarray, classes: int, seed: int
    ) -> "LinearExpert | None":
        """Fit on labelled training rows.

        Args:
            labels: (n,) int64, -1 where unknown; such rows are left out.
            rows: row numbers to learn from.

        Returns:
            None where there are fewer than two classes, or nothing that it reads.
        """
        known = rows[labels[rows] >= 0]
        parts = features.modalities
        media = [
            DenseInput(modality, next(name for name in names if name in parts[modality].values))
            for modality, names in MEDIA.items()
            if modality in parts and any(name in parts[modality].values for name in names)
        ]
        media = [one for one in media if parts[one.modality].present[known].sum() > 1]
        expert = cls(classes, TextInput.of(parts), media)
        if len(np.unique(labels[known])) < 2 or not len(expert.weights):
            return None
        some = known
        if len(known) > MOST:
            some = np.sort(np.random.default_rng(seed).permutation(known)[:MOST])
        targets = np.eye(classes)[labels[some]]
        said = []
        for one in expert.media:
            part = parts[one.modality]
            one.fit(part, known[part.present[known]])
        if expert.text is not None:
            expert.text.fit(features, known, classes)
            tried = {}
            for length in SENTENCES if "sentence" in expert.text.names else SENTENCES[:1]:
                expert.text.sentence = length
                table = expert._rows(features.take(some))
                tried[length] = fit_ridge((table @ table.T).toarray(), targets)
            expert.text.sentence = min(tried, key=lambda length: tried[length].error)
            ridge, table = tried[expert.text.sentence], expert._rows(features.take(some))
            expert._linear = np.asarray(table.T @ ridge.dual, np.float32)
            if len(some) < len(known):
                every = expert._rows(features.take(known))
                expert._linear = _solved(every, np.eye(classes)[labels[known]], ridge.penalty, expert._linear)
            said.append(ridge.left_out)
        for one in expert.media:
            part = parts[one.modality]
            there = part.present[some]
            seen = one.rows(part.take(some[there])).astype(np.float16)
            ridge = fit_ridge(_gaussian(seen, seen), targets[there])
            expert._landmarks.append(seen)
            expert._duals.append(ridge.dual.astype(np.float32))
            left_out = np.zeros_like(targets)
            left_out[there] = ridge.left_out
            said.append(left_out)
        expert.weights = counted(said, labels[some])
        return expert

    def logits(self, features: FeatureTable, only: Sequence[str] | None = None) -> np.ndarray:
        """(n, classes) float64, before the softmax; what a product lacks says nothing.

        Args:
            only: modalities to look at; the others count as absent.
        """
        seen = features if only is None else features.only(list(only))
        found = np.zeros((len(features), self.classes))
        weights = iter(self.weights)
        if self.text is not None:
            weight = next(weights)
            found += weight * (self._rows(seen) @ self._linear)
        for one, weight, landmarks, dual in zip(
            self.media, weights, self._landmarks, self._duals, strict=True
        ):
            part = seen.modalities.get(one.modality)
            if part is not None and part.present.any():
                there = np.flatnonzero(part.present)
                found[there] += weight * (_gaussian(one.rows(part.take(there)), landmarks) @ dual)
        return found

    def reads(self, features: FeatureTable, only: Sequence[str] | None = None) -> np.ndarray:
        """(n,) bool: the rows of which it sees a text, a photo or a sound; a price alone says too little."""
        seen = features if only is None else features.only(list(only))
        names = [one.modality for one in self.media]
        if self.text is not None and self.text.names != ("values",):
            names.append("text")
        parts = [seen.modalities[name].present for name in names if name in seen.modalities]
        return np.any(parts, axis=0) if parts else np.zeros(len(features), dtype=bool)

    def probabilities(self, features: FeatureTable, only: Sequence[str] | None = None) -> np.ndarray:
        """(n, classes), rows sum to 1."""
        return np.asarray(softmax(self.logits(features, only), axis=1))

    def _rows(self, features: FeatureTable) -> sparse.csr_matrix:
        """(n, columns) of text, table and media side by side; what a product lacks is zero."""
        assert self.text is not None  # noqa: S101 - asked for where there is one
        found = [self.text.rows(features)]
        for one in self.media:
            part = features.modalities.get(one.modality)
            if part is None or not part.present.any():
                found.append(sparse.csr_matrix((len(features), len(one.mean))))
            else:
                found.append(sparse.csr_matrix(one.rows(part) * BESIDE))
        return sparse.hstack(found).tocsr()

    def save(self, path: Path) -> dict[str, Any]:
        """Write the arrays; returns the description that `load` needs beside them."""
        arrays = {"weights": self.weights, "linear": self._linear}
        if self.text is not None:
            arrays |= {f"text/{name}": array for name, array in self.text.arrays().items()}
        for one, landmarks, dual in zip(self.media, self._landmarks, self._duals, strict=True):
            own = {"mean": one.mean, "deviation": one.deviation, "landmarks": landmarks, "dual": dual}
            arrays |= {f"{one.modality}/{name}": array for name, array in own.items()}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, str(path))
        return {
            "classes": self.classes,
            "text": None if self.text is None else list(self.text.names),
            "sentence": None if self.text is None else self.text.sentence,
            "widths": {} if self.text is None else self.text.widths,
            # A list, since a JSON object forgets the order that weights and columns stand in.
            "media": [[one.modality, one.name] for one in self.media],
        }

    @classmethod
    def load(cls, path: Path, described: Mapping[str, Any]) -> "LinearExpert":
        """Read what `save` wrote."""
        arrays = load_file(str(path))
        text = None if described["text"] is None else TextInput(described["text"])
        expert = cls(described["classes"], text, [DenseInput(*one) for one in described["media"]])
        expert.weights, expert._linear = arrays["weights"], arrays["linear"]
        if text is not None:
            text.widths, text.sentence = dict(described["widths"]), described.get("sentence") or SENTENCES[0]
            text.restore({n.removeprefix("text/"): a for n, a in arrays.items() if n.startswith("text/")})
        for one in expert.media:
            one.mean, one.deviation = arrays[f"{one.modality}/mean"], arrays[f"{one.modality}/deviation"]
            expert._landmarks.append(arrays[f"{one.modality}/landmarks"])
            expert._duals.append(arrays[f"{one.modality}/dual"])
        return expert


def _gaussian(rows: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """exp(-|x - y|^2) of rows of unit length: (n, d), (m, d) to (n, m)."""
    return np.asarray(np.exp(2 * (rows.astype(np.float32) @ landmarks.astype(np.float32).T) - 2))


def _solved(rows: sparse.csr_matrix, targets: np.ndarray, penalty: float, start: np.ndarray) -> np.ndarray:
    """Weights (columns, classes) of a ridge on all rows, by conjugate gradients from those of some."""

    def normal(weights: np.ndarray) -> np.ndarray:
        return np.asarray(rows.T @ (rows @ weights) + penalty * weights)

    size = rows.shape[1]
    found = [_one(normal, size, rows.T @ targets[:, c], start[:, c]) for c in range(targets.shape[1])]
    return np.stack(found, axis=1).astype(np.float32)


def _one(normal: Any, size: int, right: np.ndarray, start: np.ndarray) -> np.ndarray:
    from scipy.sparse.linalg import LinearOperator

    operator = LinearOperator((size, size), matvec=normal, dtype=np.float64)
    return np.asarray(cg(operator, right, x0=start.astype(np.float64), rtol=1e-3, maxiter=50)[0])
