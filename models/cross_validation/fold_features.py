"""Features of a whole catalogue, fitted anew on the training rows of one fold.

A tokenizer or a scaler that has seen the rows it is judged on flatters the model. What is fitted is
fitted here on the given rows alone; pixels, sound features and frozen vectors depend on no other
product, so the stored ones are taken.
"""

from collections.abc import Sequence

import numpy as np

from models.features.catalogue import Catalogue, product_items
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable, ModalityFeatures
from models.pretrained.arrays import FROZEN
from shelfspace.errors import ArtifactError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings

__all__ = ["FoldFeatures"]

FREE = frozenset({"photos", *FROZEN.values()})
"""Arrays that no fit touches: the number of photos, and the vectors of frozen encoders."""


class FoldFeatures:
    """The features of n products, as a featurizer fitted on some of them makes them.

    Attributes:
        texts: n cleaned texts, "" where there is none.

    Args:
        catalogue: its products in the row order of `stored`.
        stored: what the features stage computed.
        featurizer: what it computed them with; its settings are used for every fold.
    """

    def __init__(
        self, catalogue: Catalogue, stored: FeatureTable, featurizer: Featurizer, settings: Settings
    ) -> None:
        self.stored = stored
        self.featurizer = featurizer
        self.settings = settings.model_copy(
            update={"preprocessing": featurizer.preprocessing, "features": featurizer.features}
        )
        self.items = product_items(catalogue.products)
        self.texts = list(catalogue.as_read_by(featurizer.preprocessing).texts["text"])
        self.prices = catalogue.products["price"].to_numpy(dtype=np.float64)

    @property
    def fingerprint(self) -> str:
        """Hash of all that the features of any fold depend on."""
        return fingerprint(
            [self.stored.content(), self.texts, self.prices.tolist(), self.featurizer.fingerprint]
        )

    def fit(self, rows: Sequence[int] | np.ndarray) -> FeatureTable:
        """Features of all n products, by a featurizer fitted on the texts and prices of `rows` alone.

        Raises:
            ArtifactError: a stored array that is not known to be free of fitting.
        """
        # No frozen encoder needs to be loaded for a fold: its vectors are the stored ones.
        fitted = Featurizer.fit(
            [self.texts[i] for i in rows], self.prices[rows], self.settings, self.featurizer.frozen
        )
        return FeatureTable(
            self.stored.product_ids,
            {name: self._part(name, part, fitted) for name, part in self.stored.modalities.items()},
        )

    def _part(self, modality: str, part: ModalityFeatures, fitted: Featurizer) -> ModalityFeatures:
        """The stored arrays, those that another fit changes made anew."""
        before, now = (f.array_fingerprints.get(modality, {}) for f in (self.featurizer, fitted))
        fresh = [name for name in part.values if name in now and now[name] != before.get(name)]
        unknown = part.values.keys() - now.keys() - FREE
        if unknown:
            raise ArtifactError(
                f"cross-validation does not know whether {', '.join(sorted(unknown))} of {modality} is fitted"
            )
        if not fresh:
            return part
        if modality not in ("text", "tabular"):
            raise ArtifactError(f"cross-validation cannot fit {', '.join(fresh)} of {modality} anew")
        inputs = self.texts if modality == "text" else self.items
        there = np.flatnonzero(part.present)
        given = [inputs[i] for i in there]
        values = dict(part.values)
        for name in fresh if given else ():
            values[name] = np.zeros_like(part.values[name])
            values[name][there] = fitted.compute(modality, name, given)
        return ModalityFeatures(values, part.present)
