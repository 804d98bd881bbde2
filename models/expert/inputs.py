"""What the simple model reads of a feature table: rows of terms and frozen vectors, none of them learned.

Text and table are one sparse row a product: TF-IDF of words and their pairs (of subwords where the features
hold no words), of the names of its attributes, of the title's character n-grams, the sentence encoder's
vector, and the price. A photo or a sound is its frozen vector, or the fixed features of the sound.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy import sparse

from models.encoders.text.terms import Terms, pair_keys
from models.features.table import FeatureTable, ModalityFeatures
from models.inputs.words import UNKNOWN

__all__ = ["BESIDE", "MEDIA", "SENTENCES", "DenseInput", "TextInput"]

WEIGHTS = {"words": 1.0, "tokens": 1.0, "keys": 0.5, "grams": 0.5, "values": 0.3}
"""Length of each part of a row: a linear model adds what its parts say, and trusts them by their lengths."""

SENTENCES = (0.5, 1.0)
"""Lengths of the sentence encoder's vector that are tried: short texts need it more."""

BESIDE = 0.5
"""Length of a photo's or a sound's vector in the row."""

MEDIA = {"image": ("frozen", "histograms"), "audio": ("frozen", "timbre", "mfcc")}
"""Modality to the arrays it may be read by, the first of them that is there."""

TERMS = 40_000_000
"""Weights of terms kept at most, over all classes: some 150 MB."""


class TextInput:
    """Text and table as sparse rows.

    Attributes:
        names: arrays that are read, of which those of terms have their own dictionaries.
        widths: columns of the others.
        sentence: length of the sentence encoder's vector.
        terms: dictionaries by name; `<name> pairs` that of neighbours.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.widths: dict[str, int] = {}
        self.sentence = SENTENCES[0]
        self.terms: dict[str, Terms] = {}
        for name in ("words", "tokens"):
            if name in names:
                self.terms |= {name: Terms(0), f"{name} pairs": Terms(0)}
        self.terms |= {name: Terms(0) for name in ("keys", "grams") if name in names}

    @classmethod
    def of(cls, modalities: Mapping[str, ModalityFeatures]) -> "TextInput | None":
        """The input that features allow; None without text and table."""
        text = modalities["text"].values if "text" in modalities else {}
        ids = "words" if "words" in text else "tokens"
        names = [name for name in (ids, "keys", "grams", "sentence") if name in text]
        if "tabular" in modalities:
            names.append("values")
        return cls(names) if names else None

    def fit(self, features: FeatureTable, rows: np.ndarray, classes: int) -> None:
        """Fit the dictionaries on training rows."""
        for name in self.names:
            if name in ("sentence", "values"):
                array = features.modalities["text" if name == "sentence" else "tabular"].values[name]
                self.widths[name] = math.prod(array.shape[1:])
        if not self.terms:
            return
        part = features.modalities["text"]
        there = rows[part.present[rows]]
        for name, terms in self.terms.items():
            terms.most = TERMS // (max(classes, 1) * len(self.terms))
            terms.fit(self._ids(name, part, there).numpy())

    def _ids(self, name: str, part: ModalityFeatures, rows: np.ndarray) -> torch.Tensor:
        array, _, pairs = name.partition(" ")
        ids = torch.from_numpy(np.ascontiguousarray(part.values[array][rows]))
        if pairs:
            return pair_keys(ids)
        return ids if array in ("keys", "grams") else torch.where(ids > UNKNOWN, ids, 0)

    def rows(self, features: FeatureTable) -> sparse.csr_matrix:
        """(n, columns) float32; what a product lacks is zero."""
        n, found = len(features), []
        text, table = features.modalities.get("text"), features.modalities.get("tabular")
        for name in self.names:
            part = table if name == "values" else text
            if part is None:
                found.append(sparse.csr_matrix((n, self._columns(name))))
            elif name in ("words", "tokens"):
                both = [self._counted(key, part) for key in (name, f"{name} pairs")]
                found.append(_scaled(sparse.hstack(both), part.present, WEIGHTS[name]))
            elif name in ("keys", "grams"):
                found.append(_scaled(self._counted(name, part), part.present, WEIGHTS[name]))
            else:
                array = np.asarray(part.values[name], np.float32)
                dense = array.reshape(n, math.prod(array.shape[1:])) * part.present[:, None]
                if name == "sentence":
                    dense = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-12)
                weight = self.sentence if name == "sentence" else WEIGHTS[name]
                found.append(sparse.csr_matrix(dense * weight))
        return sparse.hstack(found).tocsr()

    def _columns(self, name: str) -> int:
        return self.widths.get(name) or sum(len(t) for k, t in self.terms.items() if k.split()[0] == name)

    def _counted(self, name: str, part: ModalityFeatures) -> sparse.csr_matrix:
        terms = self.terms[name]
        places, weights = (x.numpy() for x in terms.weights(self._ids(name, part, np.arange(len(part)))))
        row = np.repeat(np.arange(len(places)), places.shape[1])
        keep = weights.ravel() > 0
        shape = (len(places), len(terms))
        return sparse.csr_matrix((weights.ravel()[keep], (row[keep], places.ravel()[keep] - 1)), shape=shape)

    def arrays(self) -> dict[str, np.ndarray]:
        """Dictionaries, to be kept."""
        return {f"{n}/{k}": getattr(t, k).numpy() for n, t in self.terms.items() for k in ("keys", "idf")}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take back what `arrays` gave."""
        for name, terms in self.terms.items():
            for key in ("keys", "idf"):
                terms.grow(key, torch.from_numpy(arrays[f"{name}/{key}"].copy()))


def _scaled(rows: sparse.spmatrix, present: np.ndarray, weight: float) -> sparse.csr_matrix:
    """Rows of the given length, zero where the text is absent."""
    table = rows.tocsr()
    length = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    scale = np.where(present, weight / np.maximum(length, 1e-12), 0.0)
    return sparse.csr_matrix(sparse.diags(scale) @ table)


class DenseInput:
    """The frozen vector of a photo, or the fixed features of a sound, standardised and of unit length.

    Args:
        modality, name: which array.
    """

    def __init__(self, modality: str, name: str) -> None:
        self.modality, self.name = modality, name
        self.mean = self.deviation = np.zeros(0, np.float32)

    def raw(self, part: ModalityFeatures) -> np.ndarray:
        """(n, d) float32, several photos averaged; of a photo's statistics those of the whole photo."""
        values = np.asarray(part.values[self.name], np.float32)
        if self.name == "histograms":
            values = values[..., 0, :]
        if "photos" in part.values:
            counts = np.asarray(part.values["photos"], np.int64)
            there = np.arange(values.shape[1])[None, :] < counts[:, None]
            values = np.where(there[..., None], values, 0).sum(axis=1) / np.maximum(counts, 1)[:, None]
        return values

    def fit(self, part: ModalityFeatures, rows: np.ndarray) -> None:
        """Take mean and deviation over training rows that have it."""
        seen = self.raw(part.take(rows))
        self.mean = seen.mean(axis=0)
        self.deviation = np.where((spread := seen.std(axis=0)) > 1e-6, spread, 1.0).astype(np.float32)

    def rows(self, part: ModalityFeatures) -> np.ndarray:
        """(n, d) float32 of unit length; zero where a product lacks it."""
        found = np.clip((self.raw(part) - self.mean) / self.deviation, -8, 8) * part.present[:, None]
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))
