"""Everything between a raw product and its features, fitted on training rows and kept with the model.

Stored features and the features of a service request come from the same functions and the same
fitted parts, so they are equal bit for bit.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from catalog.product import ProductInput
from models.features.media import MediaFeaturizer
from models.features.needs import needed_features
from models.features.table import FeatureTable, ModalityFeatures
from models.features.text import TextFeaturizer
from models.inputs.details import DETAILS_CODE, MOST, detail_ids
from models.inputs.tabular import TABULAR_CODE, TabularScaler
from models.inputs.tokenizer import train_tokenizer
from models.inputs.words import WordVocabulary
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.files import atomic_directory, read_json, write_json, write_text
from shelfspace.hashing import fingerprint
from shelfspace.settings import Features, Media, Preprocessing, Settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from models.pretrained.audio import FrozenAudio
    from models.pretrained.clip_text import FrozenClipText
    from models.pretrained.photo_vectors import PhotoVectors
    from models.pretrained.text_and_image import FrozenText

__all__ = ["Featurizer"]

E = TypeVar("E", "FrozenText | FrozenClipText", "PhotoVectors", "FrozenAudio")

VOCABULARY = "words.json"


class Featurizer(TextFeaturizer, MediaFeaturizer):
    """Tokenizer, scaler and the settings they belong to. Threads may share one.

    Attributes:
        preprocessing, features: the settings at fitting time, with what the chosen encoders need;
            later changes of params.yaml do not reach an existing model.
        frozen: fingerprint of each configured frozen encoder ("text", "image", "audio") at fitting time.
    """

    def __init__(
        self,
        tokenizer: "Tokenizer",
        scaler: TabularScaler,
        preprocessing: Preprocessing,
        features: Features,
        frozen: dict[str, str] | None = None,
        text_arrays: Sequence[str] = ("tokens",),
        vocabulary: WordVocabulary | None = None,
    ) -> None:
        TextFeaturizer.__init__(self, tokenizer, preprocessing, text_arrays, vocabulary)
        MediaFeaturizer.__init__(self, preprocessing, features)
        self.scaler = scaler
        self.frozen = frozen or {}

    @classmethod
    def fit(cls, texts: Sequence[str], prices: np.ndarray, settings: Settings) -> "Featurizer":
        """Fit on the cleaned texts and the prices of the training rows.

        Raises:
            SettingsError: more cepstral coefficients than mel bands, a frozen encoder is absent, or
                two settings name different ones, or there is no such text encoder.
        """
        from models.features.text_choice import text_arrays

        shape = settings.preprocessing
        if settings.features.n_mfcc > settings.features.n_mels:
            remedy = f"keep at most as many as there are mel bands ({settings.features.n_mels})"
            raise SettingsError("features.n_mfcc", settings.features.n_mfcc, remedy)
        arrays = text_arrays(settings)
        known = None
        if "words" in arrays:
            known = WordVocabulary.fit(texts, shape.word_vocabulary, shape.word_length)
        tokenizer = train_tokenizer((t for t in texts if t), shape.vocabulary)
        features = needed_features(settings)
        fitted = cls(
            tokenizer, TabularScaler.fit(prices), shape, features, text_arrays=arrays, vocabulary=known
        )
        encoders = {
            "text": fitted.frozen_text(),
            "image": fitted.frozen_image(),
            "audio": fitted.frozen_audio(),
        }
        fitted.frozen = {name: found.fingerprint for name, found in encoders.items() if found is not None}
        return fitted

    def save(self, folder: Path) -> None:
        """Write featurizer.json, tokenizer.json and, where words are read, words.json."""
        with atomic_directory(folder) as temporary:
            if self.vocabulary is not None:
                self.vocabulary.save(temporary / VOCABULARY)
            write_text(temporary / "tokenizer.json", self.tokenizer.to_str())
            described = {
                "scaler": self.scaler.to_dict(),
                "preprocessing": self.preprocessing.model_dump(mode="json"),
                "features": self.features.model_dump(mode="json", exclude={"device", "batch_size"}),
                "frozen": self.frozen,
                "text_arrays": list(self.text_arrays),
            }
            write_json(temporary / "featurizer.json", described)

    @classmethod
    def load(cls, folder: Path) -> "Featurizer":
        """Read what `save` wrote.

        Raises:
            ArtifactError: a file is missing or damaged.
        """
        from tokenizers import Tokenizer

        try:
            described = read_json(folder / "featurizer.json")
            text = (folder / "tokenizer.json").read_text()
        except (OSError, ValueError) as error:
            raise ArtifactError(f"featurizer at {folder} is missing or damaged: {error}") from error
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises nothing narrower
            raise ArtifactError(f"tokenizer at {folder} is damaged: {error}") from error
        try:
            # A model of before word arrays reads tokens alone and says nothing of it.
            arrays = described.get("text_arrays", ["tokens"])
            return cls(
                tokenizer,
                TabularScaler(**described["scaler"]),
                Preprocessing(**described["preprocessing"]),
                Features(**described["features"]),
                described["frozen"],
                arrays,
                WordVocabulary.load(folder / VOCABULARY) if "words" in arrays else None,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"featurizer at {folder} is damaged or of another version: {error}"
            ) from error

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What identifies the features of each modality, as far as this object decides them.

        `samples` identifies the decoded sounds that `audio` is computed from, `pixels` one decoded
        photo; `image` the photos of a product.
        """
        texts = list(self.text_fingerprints.values())
        details = [DETAILS_CODE] if self.features.details else []
        return {
            "text": texts[0] if len(texts) == 1 else fingerprint(texts),
            **self.media_fingerprints,
            "tabular": fingerprint([TABULAR_CODE, self.scaler.to_dict(), *details]),
        }

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything it does."""
        return fingerprint([self.fingerprints, self.preprocessing.max_text_characters, self.frozen])

    def frozen_text(self, device: str = "cpu") -> "FrozenText | FrozenClipText | None":
        """The configured sentence encoder, or None.

        Raises:
            SettingsError: it is absent.
            ArtifactError: it is another one than at fitting time.
        """
        name = self.features.text_encoder
        if name is None:
            return None
        from models.pretrained.text_and_image import load_frozen_text

        return self._same("text", name, load_frozen_text(name, device))

    def frozen_image(self, device: str = "cpu") -> "PhotoVectors | None":
        """The configured image encoder, or None; raises as `frozen_text`."""
        name = self.features.image_encoder
        if name is None:
            return None
        from models.pretrained.text_and_image import load_frozen_image

        return self._same("image", name, load_frozen_image(name, device))

    def frozen_audio(self, device: str = "cpu") -> "FrozenAudio | None":
        """The configured audio encoder, or None; raises as `frozen_text`."""
        name = self.features.audio_encoder
        if name is None:
            return None
        from models.pretrained.audio import load_frozen_audio

        return self._same("audio", name, load_frozen_audio(name, device))

    def _same(self, modality: str, name: str, encoder: E) -> E:
        """The encoder, if it is the one this object was fitted with."""
        if self.frozen.get(modality, encoder.fingerprint) != encoder.fingerprint:
            raise ArtifactError(
                f"{name} is not the {modality} encoder this model was trained with: "
                "put its files back, or train again"
            )
        return encoder

    @cached_property
    def table_layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of one row of the tabular arrays."""
        layout: dict[str, tuple[tuple[int, ...], str]] = {"values": ((self.scaler.width,), "<f4")}
        return layout | (
            {"priced": ((1,), "<f4"), "details": ((MOST,), "<i4")} if self.features.details else {}
        )

    def table(self, items: Sequence[ProductInput]) -> ModalityFeatures:
        """Table values; present with a price or, where details are read, with a brand or attribute too."""
        values, priced = self.scaler.transform(items)
        if not self.features.details:
            return ModalityFeatures({"values": values}, priced)
        ids = np.array([detail_ids(item) for item in items], dtype=np.int32).reshape(len(items), MOST)
        arrays = {"values": values, "priced": priced[:, None].astype(np.float32), "details": ids}
        return ModalityFeatures(arrays, priced | ids.any(axis=1))

    def featurize(
        self, items: Sequence[ProductInput], ids: Sequence[str] | None = None, limits: Media | None = None
    ) -> FeatureTable:
        """Features of raw products; the first photos (`max_photos`) and the first sound of each are read.

        Raises:
            MediaError: a photo or sound is refused.
        """
        allowed = limits or Media()
        names = tuple(ids) if ids is not None else tuple(str(i) for i in range(len(items)))
        made = {
            "text": self.text_features(items, self.frozen_text()),
            "image": self.photo_features(items, self.frozen_image(), allowed),
            "audio": self.sound_features(items, self.frozen_audio(), allowed),
            "tabular": self.table(items),
        }
        return FeatureTable(names, made)
