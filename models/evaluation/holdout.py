"""The products a model is judged on, and every figure that is taken of them."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from models.evaluation.baseline import predict_baseline, score_baseline
from models.evaluation.leaning import leaning
from models.evaluation.metrics import classification, interval, macro_f1, roc_points
from models.evaluation.outcomes import View, outcomes
from models.evaluation.retrieval import across, averaged, ranks, within_per_query
from models.features.table import FeatureTable
from models.network import cut
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash, lowest_hashes
from shelfspace.paired import compare
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from models.expert.expert import LinearExpert

__all__ = ["Encoder", "Holdout"]


class Encoded(Protocol):
    """What one pass of an encoder says of n products."""

    @property
    def vectors(self) -> np.ndarray:
        """(n, dim) float32, L2-normalised."""
        ...

    @property
    def probabilities(self) -> np.ndarray:
        """(n, classes) float32, rows sum to 1."""
        ...


class Encoder(Protocol):
    """What evaluation asks of a product encoder; `ProductEncoder` is one."""

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def modalities(self) -> Sequence[str]: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def expert(self) -> "LinearExpert | None":
        """The linear expert of the categories, where there is one."""
        ...

    @property
    def labelled_by(self) -> Mapping[str, Any]:
        """Who names the category; `network` is its share."""
        ...

    @property
    def nested_dims(self) -> Sequence[int]:
        """Lengths its vectors may be cut to, besides their own."""
        ...

    def encode_features(self, features: FeatureTable, only: Sequence[str] | None = None) -> Encoded:
        """Vectors and class probabilities, looking at the modalities in `only`, or at all."""
        ...

    def labelled(
        self, features: FeatureTable, probabilities: np.ndarray, only: Sequence[str] | None = None
    ) -> np.ndarray:
        """Class probabilities by whoever names the category, given the network's."""
        ...

    def modality_weights(self, features: FeatureTable) -> np.ndarray | None:
        """(n, M) weights in the order of `modalities`; None for a model that has none."""
        ...


class Holdout:
    """The judged products: n rows that have at least one modality.

    Attributes:
        ranked: (n,) bool, the rows that are ranked among one another for retrieval figures. The cost of
            a ranking grows with the square of its rows, so a large holdout gives a sample of itself:
            the same products for every model.
    """

    def __init__(
        self, encoder: Encoder, features: FeatureTable, labels: np.ndarray, settings: Settings
    ) -> None:
        self.encoder = encoder
        self.features = features
        # Of one class there is nothing to tell apart: every answer would be right.
        self.labels = labels if len(set(labels) - {""}) > 1 else np.full(len(labels), "", dtype=object)
        self.settings = settings
        index = {label: i for i, label in enumerate(encoder.labels)}
        self.codes = np.array([index.get(label, -1) for label in self.labels], dtype=np.int64)
        self.scored = (self.codes >= 0) & (len(encoder.labels) > 1)
        ranked = lowest_hashes(features.product_ids, settings.evaluation.ranked_rows)
        self.ranked = np.array([product in ranked for product in features.product_ids])
        self._hits: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]] = {}
        self._views: dict[str, View] = {}
        self._places: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def label_counts(self) -> dict[str, Any]:
        unseen = sorted({str(x) for x in self.labels[(self.codes < 0) & (self.labels != "")]})
        return {
            "known": list(self.encoder.labels),
            "labelled_rows": int((self.labels != "").sum()),
            "scored_rows": int(self.scored.sum()),
            "unseen": unseen,
            "unseen_rows": int(np.isin(self.labels, unseen).sum()),
        }

    def encode(
        self, features: FeatureTable, only: Sequence[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Vectors and probabilities."""
        found = self.encoder.encode_features(features, only=only)
        if not np.isfinite(found.vectors).all():
            raise ArtifactError("the model gives vectors that are not finite; it cannot be judged")
        return found.vectors, self.encoder.labelled(features, found.probabilities, only)

    def overall(self) -> tuple[dict[str, Any], np.ndarray]:
        """Figures of the fused view, and its probabilities."""
        vectors, probs = self.encode(self.features)
        self._views[""] = View(np.ones(len(probs), dtype=bool), vectors, probs)
        result: dict[str, Any] = {"overall": {"rows": len(self.codes)}, "by_category": {}, "intervals": {}}
        if self.scored.any():
            truth, seen = self.codes[self.scored], probs[self.scored]
            result["overall"] = classification(truth, seen, self.encoder.labels)
            result["by_category"] = result["overall"].pop("per_class")
            result["roc"] = roc_points(truth, seen, self.encoder.labels)
            result["intervals"] = self.intervals(truth, seen.argmax(axis=1))
        labelled = np.flatnonzero((self.labels != "") & self.ranked)
        result["retrieval"] = {}
        if len(labelled):
            asking, hits = self.hits(vectors, labelled)
            result["retrieval"]["within"] = averaged(len(labelled), asking, hits)
            result["intervals"] |= self.recall_interval(asking, hits)
            result["retrieval"]["nested"] = {
                str(size): averaged(len(labelled), *self.hits(cut(vectors, size), labelled))
                for size in self.encoder.nested_dims
            }
        return result, probs

    def subset(self, subset: Sequence[str]) -> tuple[dict[str, Any], np.ndarray]:
        """Figures seen through some modalities only.

        The main figures are of the products that have all of them; `any_present` holds those of
        every product that has at least one. Also returns (n, d) vectors, zero where none is there.
        """
        masks = np.stack([self.features.modalities[m].present for m in subset], axis=1)
        some, every = np.asarray(masks.any(axis=1)), np.asarray(masks.all(axis=1))
        rows = np.flatnonzero(some)
        part = self.features.take(rows)
        found, said = self.encode(part, only=subset)
        vectors = np.zeros((len(some), found.shape[1]), dtype=np.float32)
        vectors[rows] = found
        probs = np.zeros((len(some), len(self.encoder.labels)), dtype=np.float32)
        probs[rows] = said
        self._views["+".join(sorted(subset))] = View(every, vectors, probs)
        figures = self.view(every, vectors, probs)
        figures["modalities"] = list(subset)
        if len(subset) > 1:
            figures["any_present"] = self.view(some, vectors, probs)
        return figures, vectors

    def view(self, mask: np.ndarray, vectors: np.ndarray, probs: np.ndarray) -> dict[str, Any]:
        """Short figures of the rows of a mask."""
        figures: dict[str, Any] = {"rows": int(mask.sum())}
        scored = mask & self.scored
        if scored.any():
            truth, predicted = self.codes[scored], probs[scored].argmax(axis=1)
            whole = classification(truth, probs[scored], self.encoder.labels)
            figures |= {name: whole[name] for name in ("accuracy", "macro_f1", "roc_auc")}
            figures["scored_rows"] = int(scored.sum())
            figures["intervals"] = self.intervals(truth, predicted)
        labelled = np.flatnonzero(mask & (self.labels != "") & self.ranked)
        if len(labelled):
            found = averaged(len(labelled), *self.hits(vectors, labelled))
            figures |= {k: v for k, v in found.items() if k.startswith("recall_at") or k == "map"}
        return figures

    def intervals(self, truth: np.ndarray, predicted: np.ndarray) -> dict[str, list[float]]:
        right = truth == predicted
        resamples, seed = self.settings.evaluation.bootstrap, self.settings.seed
        return {
            "accuracy": interval(partial(mean_of, right), len(right), resamples, seed),
            "macro_f1": interval(lambda r: macro_f1(truth[r], predicted[r]), len(right), resamples, seed),
        }

    def hits(self, vectors: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """`within_per_query` of some rows. The same vectors are ranked once: with one modality the fused
        view, its only subset and the rows that have all of it are one ranking."""
        chosen = vectors[rows]
        key = content_hash(rows.tobytes(), chosen.tobytes())
        if key not in self._hits:
            cuts = self.settings.evaluation.recall_at
            self._hits[key] = within_per_query(chosen, self.labels[rows], cuts)
        return self._hits[key]

    def recall_interval(self, asking: np.ndarray, hits: dict[str, np.ndarray]) -> dict[str, list[float]]:
        if len(asking) == 0:
            return {}
        resamples, seed = self.settings.evaluation.bootstrap, self.settings.seed
        kept = {name: values for name, values in hits.items() if not name.startswith("precision")}
        return {name: interval(partial(mean_of, v), len(asking), resamples, seed) for name, v in kept.items()}

    def rivals(self) -> dict[str, Any] | None:
        """The network's labels beside the linear expert's, of rows the expert can read; None without one."""
        expert = self.encoder.expert
        if expert is None:
            return None
        rows = np.flatnonzero(self.scored & expert.reads(self.features))
        if not len(rows):
            return None
        seen, truth = self.features.take(rows), self.codes[rows]
        network = self.encoder.encode_features(seen).probabilities
        linear = expert.probabilities(seen)
        said = {"network": network, "linear": linear, "used": self.encoder.labelled(seen, network)}
        right = {name: (found.argmax(axis=1) == truth).astype(float) for name, found in said.items()}
        return {
            "share": float(self.encoder.labelled_by["network"]),
            "used": float(right["used"].mean()),
            **compare(right["network"], {"linear": right["linear"]}).describe(),
            "used_less_linear": compare(right["used"], {"linear": right["linear"]}).describe(),
        }

    def leaning(self) -> dict[str, Any] | None:
        """Mean weights of the modalities; None for a model that has none."""
        weights = self.encoder.modality_weights(self.features)
        if weights is None:
            return None
        names = list(self.encoder.modalities)
        present = np.zeros(weights.shape, dtype=bool)
        for m, name in enumerate(names):
            if name in self.features.modalities:
                present[:, m] = self.features.modalities[name].present
        return leaning(weights, present, names, self.labels)

    def across(
        self, singles: dict[str, np.ndarray], present: dict[str, np.ndarray], rows: np.ndarray
    ) -> dict[str, Any]:
        """Same-product retrieval for every ordered pair of modalities that at least two products share."""
        cuts = self.settings.evaluation.recall_at
        found = {}
        for asked, answered in permutations(singles, 2):
            both = present[asked][rows] & present[answered][rows] & self.ranked
            if both.sum() >= 2:
                pair = singles[asked][both], singles[answered][both]
                own = ranks(*pair)
                self._places[f"{asked}->{answered}"] = (np.flatnonzero(both), own)
                found[f"{asked}->{answered}"] = across(*pair, self.labels[both], cuts, own)
        return found

    def outcomes(self) -> pd.DataFrame:
        """What became of each product, of all that was taken so far."""
        ids, known = self.features.product_ids, self.encoder.labels
        return outcomes(ids, self.labels, known, self._views, self._places, self.hits, self.ranked)

    def beside(
        self,
        texts: Sequence[str],
        labels: np.ndarray,
        train_rows: np.ndarray,
        rows: np.ndarray,
        probs: np.ndarray,
    ) -> dict[str, Any]:
        """The baseline on the rows the encoder was scored on, and the paired difference of accuracy."""
        learn = train_rows[labels[train_rows] != ""]
        test = rows[self.scored]
        predicted = predict_baseline([texts[i] for i in learn], labels[learn], [texts[i] for i in test])
        result = score_baseline(predicted, labels[test], len(learn), self.settings.evaluation.bootstrap)
        if isinstance(predicted, str):
            return result
        ours = probs[self.scored].argmax(axis=1) == self.codes[self.scored]
        gain = ours.astype(float) - (predicted == labels[test])
        bounds = interval(
            partial(mean_of, gain), len(gain), self.settings.evaluation.bootstrap, self.settings.seed
        )
        return result | {"gain": float(gain.mean()), "gain_interval": bounds}


def mean_of(values: np.ndarray, rows: np.ndarray) -> float:
    """Mean of the values at some rows."""
    return float(values[rows].mean())
