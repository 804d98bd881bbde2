"""Features of a whole catalogue, fitted anew on the training rows of one fold.

A tokenizer or a scaler that has seen the rows it is judged on flatters the model. What is fitted is
fitted here on the given rows alone; pixels, sound features and frozen vectors depend on no other
product, so the stored ones are taken.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.features.catalogue import product_items, training_texts
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.errors import ArtifactError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings

__all__ = ["FoldFeatures"]

FROZEN = frozenset({"sentence", "frozen"})
"""Arrays of frozen encoders: they stay as they are whatever is fitted."""


class FoldFeatures:
    """The features of n products, as a featurizer fitted on some of them makes them.

    Attributes:
        texts: n cleaned texts, "" where there is none.

    Args:
        products: the cleaned table, in the row order of `stored`.
        stored: what the features stage computed.
        featurizer: what it computed them with; its settings are used for every fold.
    """

    def __init__(
        self, products: pd.DataFrame, stored: FeatureTable, featurizer: Featurizer, settings: Settings
    ) -> None:
        self.stored = stored
        self.featurizer = featurizer
        # The frozen encoders are not asked, so they need not be loaded for every fold.
        unfrozen = featurizer.features.model_copy(
            update={"text_encoder": None, "image_encoder": None, "audio_encoder": None}
        )
        self.settings = settings.model_copy(
            update={"preprocessing": featurizer.preprocessing, "features": unfrozen}
        )
        self.items = product_items(products)
        self.texts = training_texts(products, featurizer.preprocessing)
        self.prices = products["price"].to_numpy(dtype=np.float64)

    @property
    def fingerprint(self) -> str:
        """Hash of all that the features of any fold depend on."""
        return fingerprint(
            [self.stored.content(), self.texts, self.prices.tolist(), self.featurizer.fingerprint]
        )

    def fit(self, rows: Sequence[int] | np.ndarray) -> FeatureTable:
        """Features of all n products, by a featurizer fitted on the texts and prices of `rows` alone.

        Raises:
            ArtifactError: a stored modality or array that is not known to be free of fitting.
        """
        fitted = Featurizer.fit([self.texts[i] for i in rows], self.prices[rows], self.settings)
        return FeatureTable(
            self.stored.product_ids,
            {name: self._part(name, part, fitted) for name, part in self.stored.modalities.items()},
        )

    def _part(self, name: str, part: ModalityFeatures, fitted: Featurizer) -> ModalityFeatures:
        if name not in fitted.fingerprints:
            raise ArtifactError(f"cross-validation does not know whether the features of {name} are fitted")
        if fitted.fingerprints[name] == self.featurizer.fingerprints[name]:
            return part
        if name == "text":
            fresh = {array: fitted.text_array(array, self.texts) for array in fitted.text_arrays}
        elif name == "tabular":
            fresh = fitted.table(self.items).values
        else:
            raise ArtifactError(f"cross-validation cannot fit the features of {name} anew")
        kept = {key: array for key, array in part.values.items() if key not in fresh}
        if not kept.keys() <= FROZEN:
            unknown = ", ".join(sorted(kept.keys() - FROZEN))
            raise ArtifactError(f"cross-validation does not know whether {unknown} of {name} is fitted")
        return ModalityFeatures({**fresh, **kept}, part.present)
