"""Everything between a raw product and its features, fitted on training rows and kept with the model.

Stored features and the features of a service request come from the same functions and the same
fitted parts, so they are equal bit for bit.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from catalog.errors import ArtifactError, SettingsError
from catalog.files import atomic_directory, read_json, write_json, write_text
from catalog.hashing import content_hash, fingerprint
from catalog.settings import Features, Media, Preprocessing, Settings
from models.features import FeatureTable, ModalityFeatures
from models.inputs.details import DETAILS_CODE, MOST, detail_ids
from models.inputs.item import ProductInput
from models.inputs.photos import DECODER as PHOTO_DECODER
from models.inputs.photos import photo_pixels
from models.inputs.sounds import DECODER as SOUND_DECODER
from models.inputs.sounds import frame_power, log_bands, mfcc, sound_frames, sound_samples
from models.inputs.tabular import TABULAR_CODE, TabularScaler
from models.inputs.text import product_text
from models.inputs.timbre import TIMBRE, TIMBRE_CODE, timbre
from models.inputs.tokenizer import encode, train_tokenizer
from models.inputs.words import GRAMS, GRAMS_CODE, WordVocabulary, title_grams, title_of
from models.needed_features import needed_features
from models.photo_slots import photo_counts_of, photo_slots, with_photo_axis

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from models.frozen import FrozenText, PhotoVectors
    from models.frozen_clip_text import FrozenClipText
    from models.frozen_sounds import FrozenAudio

__all__ = ["Featurizer"]

E = TypeVar("E", "FrozenText | FrozenClipText", "PhotoVectors", "FrozenAudio")

TEXT_CODE = "2"
"""Changes when cleaning or tokenisation give another text or other ids for the same input."""

VOCABULARY = "words.json"


class Featurizer:
    """Tokenizer, scaler and the settings they belong to. Threads may share one.

    Attributes:
        preprocessing, features: the settings at fitting time, with what the chosen encoders need;
            later changes of params.yaml do not reach an existing model.
        frozen: fingerprint of each configured frozen encoder ("text", "image", "audio") at fitting time.
        text_arrays: names of the arrays that `text_array` makes, as the text encoder reads them.
        vocabulary: words of the training rows; None where no array is made of them.
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
        self.tokenizer, self.scaler = tokenizer, scaler
        self.preprocessing, self.features = preprocessing, features
        self.frozen = frozen or {}
        self.text_arrays, self.vocabulary = tuple(text_arrays), vocabulary

    @classmethod
    def fit(cls, texts: Sequence[str], prices: np.ndarray, settings: Settings) -> "Featurizer":
        """Fit on the cleaned texts and the prices of the training rows.

        Raises:
            SettingsError: more cepstral coefficients than mel bands, a frozen encoder is absent, or
                two settings name different ones, or there is no such text encoder.
        """
        from models.text_choice import text_arrays

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

    @property
    def vocabulary_size(self) -> int:
        """Entries of the tokenizer, padding included."""
        return int(self.tokenizer.get_vocab_size())

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What identifies the features of each modality, as far as this object decides them.

        `samples` identifies the decoded sounds that `audio` is computed from, `pixels` one decoded
        photo; `image` the photos of a product.
        """
        shape, audio = self.preprocessing, self.features
        samples = fingerprint([SOUND_DECODER, shape.sample_rate, shape.sound_seconds])
        texts = list(self.text_fingerprints.values())
        pixels = fingerprint([PHOTO_DECODER, shape.image_size])
        spectra = [samples, audio.n_mels, audio.n_mfcc, *([TIMBRE_CODE] if audio.timbre else [])]
        table = [TABULAR_CODE, self.scaler.to_dict(), *([DETAILS_CODE] if audio.details else [])]
        return {
            "text": texts[0] if len(texts) == 1 else fingerprint(texts),
            "pixels": pixels,
            "image": self._image_fingerprint(pixels),
            "samples": samples,
            "audio": fingerprint(spectra),
            "tabular": fingerprint(table),
        }

    def _image_fingerprint(self, pixels: str) -> str:
        """That of the pixels, joined by what more is made of a product's photos."""
        more: list[Any] = []
        if self.preprocessing.max_photos > 1:
            more.append(self.preprocessing.max_photos)
        if self.features.histograms:
            from models.encoders.photo_textures import HISTOGRAMS_CODE

            more.append(f"histograms {HISTOGRAMS_CODE}")
        return fingerprint([pixels, *more]) if more else pixels

    @cached_property
    def text_fingerprints(self) -> dict[str, str]:
        """What identifies each array that `text_array` makes, by its name."""
        shape = self.preprocessing
        tokens = fingerprint([TEXT_CODE, content_hash(self.tokenizer.to_str()), shape.text_length])
        known = "" if self.vocabulary is None else fingerprint([TEXT_CODE, self.vocabulary.fingerprint])
        every = {
            "tokens": tokens,
            "words": known,
            "grams": fingerprint([TEXT_CODE, GRAMS_CODE, GRAMS]),
            "title": fingerprint([tokens, known]),
        }
        return {name: every[name] for name in self.text_arrays}

    @cached_property
    def text_layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of one row of each text array."""
        shape = self.preprocessing
        lengths = {"tokens": shape.text_length, "words": shape.word_length, "grams": GRAMS, "title": 2}
        return {name: ((lengths[name],), "<i4") for name in self.text_arrays}

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
        from models.frozen import load_frozen_text

        return self._same("text", name, load_frozen_text(name, device))

    def frozen_image(self, device: str = "cpu") -> "PhotoVectors | None":
        """The configured image encoder, or None; raises as `frozen_text`."""
        name = self.features.image_encoder
        if name is None:
            return None
        from models.frozen import load_frozen_image

        return self._same("image", name, load_frozen_image(name, device))

    def frozen_audio(self, device: str = "cpu") -> "FrozenAudio | None":
        """The configured audio encoder, or None; raises as `frozen_text`."""
        name = self.features.audio_encoder
        if name is None:
            return None
        from models.frozen_sounds import load_frozen_audio

        return self._same("audio", name, load_frozen_audio(name, device))

    def _same(self, modality: str, name: str, encoder: E) -> E:
        """The encoder, if it is the one this object was fitted with."""
        if self.frozen.get(modality, encoder.fingerprint) != encoder.fingerprint:
            raise ArtifactError(
                f"{name} is not the {modality} encoder this model was trained with: "
                "put its files back, or train again"
            )
        return encoder

    def text(self, item: ProductInput) -> str:
        """The cleaned text of a product."""
        return product_text(item, self.preprocessing.max_text_characters)

    def tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n, text_length) int32."""
        return encode(self.tokenizer, texts, self.preprocessing.text_length)

    def text_array(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """One of the arrays of `text_arrays`, (n, length) int32.

        `tokens` are subwords, `words` ids of whole words and attribute names, `grams` hashed
        character n-grams of the title, each padded with 0; `title` (n, 2) is how many of the tokens
        and of the words are the title's, the latter 0 where no words are made.
        """
        if name == "tokens":
            return self.tokens(texts)
        if name == "grams":
            return title_grams(texts)
        if name == "words":
            return self._words.ids(texts)
        counts = np.zeros((len(texts), 2), dtype=np.int32)
        counts[:, 0] = (self.tokens([title_of(text) for text in texts]) > 0).sum(axis=1)
        if self.vocabulary is not None:
            counts[:, 1] = self.vocabulary.title_lengths(texts)
        return counts

    @property
    def _words(self) -> WordVocabulary:
        if self.vocabulary is None:
            raise ArtifactError("this featurizer was fitted for a text encoder that reads no words")
        return self.vocabulary

    def samples(self, data: bytes, limits: Media) -> np.ndarray:
        """One sound as int16 mono of the fitted rate and length."""
        return sound_samples(data, self.preprocessing.sample_rate, self.preprocessing.sound_seconds, limits)

    def sound_arrays(self, samples: np.ndarray) -> dict[str, np.ndarray]:
        """`logmel` (T, M) float16 and `mfcc` (6 * n_mfcc,) float32 of one sound; `timbre` where needed."""
        rate = self.preprocessing.sample_rate
        power = frame_power(samples, rate)
        spectrogram = log_bands(power, rate, self.features.n_mels)
        found = {"logmel": spectrogram.astype(np.float16), "mfcc": mfcc(spectrogram, self.features.n_mfcc)}
        return found | ({"timbre": timbre(samples, rate, power)} if self.features.timbre else {})

    @property
    def sample_count(self) -> int:
        """Samples of one decoded sound."""
        return round(self.preprocessing.sample_rate * self.preprocessing.sound_seconds)

    @cached_property
    def sound_layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of one row of the audio arrays."""
        frames = sound_frames(self.preprocessing.sample_rate, self.preprocessing.sound_seconds)
        layout: dict[str, tuple[tuple[int, ...], str]] = {
            "logmel": ((frames, self.features.n_mels), "<f2"),
            "mfcc": ((6 * self.features.n_mfcc,), "<f4"),
        }
        return layout | ({"timbre": ((TIMBRE,), "<f4")} if self.features.timbre else {})

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
            "text": self._text(items),
            "image": self._image(items, allowed),
            "audio": self._audio(items, allowed),
            "tabular": self.table(items),
        }
        return FeatureTable(names, made)

    def _text(self, items: Sequence[ProductInput]) -> ModalityFeatures:
        texts = [self.text(item) for item in items]
        present = np.array([bool(t) for t in texts], dtype=bool)
        arrays = {name: self.text_array(name, texts) for name in self.text_arrays}
        encoder = self.frozen_text()
        if encoder is not None:
            vectors = np.zeros((len(items), encoder.dim), dtype=np.float32)
            vectors[present] = encoder.encode([t for t in texts if t])
            arrays["sentence"] = vectors
        return ModalityFeatures(arrays, present)

    def _image(self, items: Sequence[ProductInput], limits: Media) -> ModalityFeatures:
        size, most = self.preprocessing.image_size, self.preprocessing.max_photos
        files = [item.photos for item in items]
        slots = photo_slots(files, most)
        there = [place for place, data in enumerate(slots) if data is not None]
        photos = [data for data in slots if data is not None]
        pixels = np.zeros((len(slots), size, size, 3), dtype=np.uint8)
        for place, data in zip(there, photos, strict=True):
            pixels[place] = photo_pixels(data, size, limits)
        arrays: dict[str, np.ndarray] = {"pixels": pixels}
        if self.features.histograms:
            from models.encoders.photo_textures import COLUMNS, photo_histograms

            arrays["histograms"] = np.zeros((len(slots), 2, COLUMNS), dtype=np.float16)
            arrays["histograms"][there] = photo_histograms(pixels[there])
        encoder = self.frozen_image()
        if encoder is not None:
            vectors = np.zeros((len(slots), encoder.dim), dtype=np.float32)
            vectors[there] = encoder.encode([encoder.recipe.open(data, limits) for data in photos])
            arrays["frozen"] = vectors
        return ModalityFeatures(*with_photo_axis(arrays, photo_counts_of(files, most), most))

    def _audio(self, items: Sequence[ProductInput], limits: Media) -> ModalityFeatures:
        present = np.array([bool(item.sounds) for item in items], dtype=bool)
        arrays = {
            name: np.zeros((len(items), *shape), dtype=dtype)
            for name, (shape, dtype) in self.sound_layout.items()
        }
        for row in np.flatnonzero(present).tolist():
            for name, array in self.sound_arrays(self.samples(items[row].sounds[0], limits)).items():
                arrays[name][row] = array
        encoder = self.frozen_audio()
        if encoder is not None:
            vectors = np.zeros((len(items), encoder.dim), dtype=np.float32)
            seconds = self.preprocessing.sound_seconds
            vectors[present] = encoder.encode(
                [encoder.open(item.sounds[0], seconds, limits) for item in items if item.sounds]
            )
            arrays["frozen"] = vectors
        return ModalityFeatures(arrays, present)
