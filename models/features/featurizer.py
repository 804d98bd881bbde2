"""Everything between a raw product and its features, fitted on training rows and kept with the model.

Stored features and the features of a service request come from the same functions and the same
fitted parts, so they are equal bit for bit.
"""

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import numpy as np

from catalog.product import ProductInput
from catalog.text.clean import product_text
from models.features.named_arrays import array_of, before_named_arrays, parts_to_fit
from models.features.photo_slots import photo_counts_of, photo_slots, with_photo_axis
from models.features.table import FeatureTable, ModalityFeatures
from models.inputs.arrays import ARRAYS, Array, Fitted, QueryText
from models.inputs.photos import Photo
from models.inputs.sounds import Sound
from models.inputs.tabular import TabularScaler
from models.inputs.tokenizer import train_tokenizer
from models.inputs.words import WordVocabulary
from models.pretrained.arrays import FROZEN, frozen_encoder
from models.pretrained.kept_files import keep_files, kept_files
from models.pretrained.loading import PACKAGED
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.files import atomic_directory, read_json, reading, write_json, write_text
from shelfspace.hashing import fingerprint
from shelfspace.settings import Features, Media, Preprocessing, Settings
from shelfspace.way_back import way_back

__all__ = ["Featurizer"]

MEDIA = {"image": attrgetter("photos"), "audio": attrgetter("sounds")}
TOKENIZER, VOCABULARY = "tokenizer.json", "words.json"
KEPT = "image_encoder.safetensors"
"""The weights of a frozen image encoder that comes in a package."""


class Featurizer(Fitted):
    """The fitted parts, and the arrays that are made by them. Threads may share one.

    Later changes of params.yaml do not reach an existing model: the settings are those at fitting time.

    Args:
        arrays: names of the arrays that are computed, by modality.
        fitted: arguments of `Fitted`.
    """

    def __init__(self, arrays: Mapping[str, Sequence[str]], **fitted: Any) -> None:
        super().__init__(**fitted)
        # A JSON object forgets the order of its keys.
        self.arrays = {name: tuple(sorted(arrays[name])) for name in ARRAYS if name in arrays}

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        prices: np.ndarray,
        settings: Settings,
        frozen: Mapping[str, str] | None = None,
    ) -> Self:
        """Fit on the cleaned texts and the prices of the training rows.

        Args:
            frozen: fingerprints of the frozen encoders where they are known, so that none is loaded.

        Raises:
            SettingsError: more cepstral coefficients than mel bands, a frozen encoder is absent, two
                settings name different ones, or there is no such encoder or array.
        """
        from models.features.needs import needed_arrays, needed_features

        shape = settings.preprocessing
        if settings.features.n_mfcc > settings.features.n_mels:
            remedy = f"keep at most as many as there are mel bands ({settings.features.n_mels})"
            raise SettingsError("features.n_mfcc", settings.features.n_mfcc, remedy)
        arrays = needed_arrays(settings)
        parts = parts_to_fit(arrays)
        fitted = cls(
            arrays,
            preprocessing=shape,
            features=needed_features(settings),
            scaler=TabularScaler.fit(prices),
            tokenizer=train_tokenizer((t for t in texts if t), shape.vocabulary)
            if "tokenizer" in parts
            else None,
            vocabulary=WordVocabulary.fit(texts, shape.word_vocabulary, shape.word_length)
            if "words" in parts
            else None,
            frozen=frozen,
        )
        if frozen is None:
            fitted.frozen = {
                modality: frozen_encoder(fitted, modality).fingerprint
                for modality, names in arrays.items()
                if FROZEN.get(modality) in names
            }
        return fitted

    def save(self, folder: Path) -> None:
        """Write featurizer.json and, where they were fitted, tokenizer.json and words.json; the weights of
        an image encoder that comes in a package, and the files of those that come from elsewhere."""
        with atomic_directory(folder) as temporary:
            if self.vocabulary is not None:
                self.vocabulary.save(temporary / VOCABULARY)
            if self.tokenizer is not None:
                write_text(temporary / TOKENIZER, self.tokenizer.to_str())
            name = self.features.image_encoder or ""
            if name.partition(":")[0] == PACKAGED:
                frozen_encoder(self, "image").save(temporary / KEPT)
            for modality, chosen in self._encoders().items():
                keep_files(chosen, temporary, self.kept.get(modality))
            described = {
                "scaler": self.scaler.to_dict(),
                "preprocessing": self.preprocessing.model_dump(mode="json"),
                "features": self.features.model_dump(mode="json", exclude={"device", "batch_size"}),
                "frozen": self.frozen,
                "arrays": {modality: list(names) for modality, names in self.arrays.items()},
            }
            write_json(temporary / "featurizer.json", described)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            ArtifactError: a file is missing or damaged.
        """
        from tokenizers import Tokenizer

        with reading(folder / "featurizer.json", KeyError, AttributeError, TypeError):
            described = read_json(folder / "featurizer.json")
            features, arrays = described["features"], described.get("arrays")
            if arrays is None:
                features, arrays = before_named_arrays(described)
            parts = parts_to_fit(arrays)
            text = (folder / TOKENIZER).read_text() if "tokenizer" in parts else None
        try:
            tokenizer = None if text is None else Tokenizer.from_str(text)
        except Exception as error:  # the library raises nothing narrower
            raise ArtifactError(f"{folder / TOKENIZER} is damaged ({error}); {way_back(folder)}") from error
        try:
            made = cls(
                arrays,
                preprocessing=Preprocessing(**described["preprocessing"]),
                features=Features(**features),
                scaler=TabularScaler(**described["scaler"]),
                tokenizer=tokenizer,
                vocabulary=WordVocabulary.load(folder / VOCABULARY) if "words" in parts else None,
                frozen=described["frozen"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"featurizer at {folder} is damaged or of another version: {error}"
            ) from error
        if (folder / KEPT).is_file():
            made.kept = {"image": folder / KEPT}
        for modality, chosen in made._encoders().items():
            if (files := kept_files(chosen, folder)) is not None:
                made.kept[modality] = files
        return made

    def _encoders(self) -> dict[str, str]:
        """Modality to the frozen encoder that an array of it is made by."""
        named = {modality: getattr(self.features, f"{modality}_encoder") for modality in FROZEN}
        return {m: name for m, name in named.items() if name and FROZEN[m] in self.arrays.get(m, ())}

    def on(self, device: str) -> Self:
        """The same with its frozen encoders on another device."""
        moved = copy.copy(self)
        moved.device = device
        return moved

    @cached_property
    def _registered(self) -> dict[str, dict[str, Array]]:
        """The arrays that are computed, by modality and name; looked up once, not with every request."""
        return {m: {name: array_of(m, name) for name in names} for m, names in self.arrays.items()}

    @cached_property
    def array_fingerprints(self) -> dict[str, dict[str, str]]:
        """What identifies each array, by modality and name."""
        return {
            modality: {name: found.fingerprint(self) for name, found in arrays.items()}
            for modality, arrays in self._registered.items()
        }

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What identifies the features of each modality: its arrays, and how many photos are read."""
        photos = self.preprocessing.max_photos
        return {
            modality: fingerprint([found, photos] if modality == "image" and photos > 1 else [found])
            for modality, found in self.array_fingerprints.items()
        }

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything it does."""
        return fingerprint([self.fingerprints, self.preprocessing.max_text_characters])

    @property
    def vocabulary_size(self) -> int:
        """Subwords of the tokenizer, padding included; without one the words; 0 where neither is read."""
        if self.tokenizer is not None:
            return int(self.tokenizer.get_vocab_size())
        return 0 if self.vocabulary is None else len(self.vocabulary)

    def text(self, item: ProductInput) -> str:
        """The cleaned text of a product."""
        return product_text(item, self.preprocessing.max_text_characters)

    def compute(self, modality: str, name: str, inputs: Sequence[Any]) -> np.ndarray:
        """Rows of one array for n inputs, none of them absent; see `models.inputs.arrays.Compute`."""
        return self._registered[modality][name].compute(self, inputs)

    def known(self, items: Sequence[ProductInput]) -> np.ndarray:
        """(n,) bool, which products' table values say anything in any of the tabular arrays."""
        found = np.zeros(len(items), dtype=bool)
        for one in self._registered.get("tabular", {}).values():
            found |= np.ones(len(items), dtype=bool) if one.known is None else one.known(items)
        return found

    def modality(self, modality: str, inputs: Sequence[Any]) -> ModalityFeatures:
        """The arrays of n inputs; one that is None or "" is absent, its rows zero."""
        there = [place for place, given in enumerate(inputs) if given not in (None, "")]
        given = inputs if len(there) == len(inputs) else [inputs[place] for place in there]
        found = {}
        for name, one in self._registered[modality].items():
            shape, dtype = one.shape(self)
            found[name] = np.zeros((len(inputs), *shape), dtype=dtype)
            if there:
                found[name][there] = one.compute(self, given)
        present = np.zeros(len(inputs), dtype=bool)
        present[there] = True
        return ModalityFeatures(found, present)

    def table(self, items: Sequence[ProductInput], known: np.ndarray | None = None) -> ModalityFeatures:
        """Table values; present where any of them is known.

        Args:
            known: what `known` says of the items; default: it is asked.
        """
        says = self.known(items) if known is None else known
        return self.modality("tabular", [i if told else None for i, told in zip(items, says, strict=True)])

    def featurize(
        self,
        items: Sequence[ProductInput],
        ids: Sequence[str] | None = None,
        limits: Media | None = None,
        only_given: bool = False,
        queries: bool | Sequence[bool] = False,
    ) -> FeatureTable:
        """Features of raw products; the first photos (`max_photos`) and the first sound of each are read.

        Args:
            queries: which of the items a shopper asks for; their words are read as a query's.
            only_given: leave out photos, sounds and table values where no item has any, instead of arrays of
                zeros: the encoder says the same of them.

        Raises:
            MediaError: a photo or sound is refused.
        """
        allowed, most = limits or Media(), self.preprocessing.max_photos
        names = tuple(ids) if ids is not None else tuple(map(str, range(len(items))))
        made = {}
        for modality in self.arrays:
            if only_given and modality in MEDIA and not any(map(MEDIA[modality], items)):
                continue
            if modality == "text":
                asked = [queries] * len(items) if isinstance(queries, bool) else queries
                read = zip(map(self.text, items), asked, strict=True)
                made[modality] = self.modality("text", [QueryText(t) if one else t for t, one in read])
            elif modality == "tabular":
                known = self.known(items)
                if known.any() or not only_given:
                    made[modality] = self.table(items, known)
            elif modality == "image":
                files = [item.photos for item in items]
                photos = [
                    None if data is None else Photo(data, self.preprocessing, allowed)
                    for data in photo_slots(files, most)
                ]
                arrays = self.modality("image", photos).values
                made[modality] = ModalityFeatures(
                    *with_photo_axis(arrays, photo_counts_of(files, most), most)
                )
            else:
                first = [next(iter(item.sounds), None) for item in items]
                sounds = [None if d is None else Sound(d, self.preprocessing, allowed) for d in first]
                made[modality] = self.modality("audio", sounds)
        return FeatureTable(names, made)
