"""The arrays that frozen, pretrained encoders give: `sentence` of a text, `frozen` of a photo or sound."""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from models.inputs.arrays import Fitted, QueryText, Shape, array
from models.inputs.media_file import in_threads
from models.inputs.photos import Photo
from models.inputs.sounds import Sound
from models.pretrained.audio import load_frozen_audio
from models.pretrained.kept_files import name_of_kept
from models.pretrained.text_and_image import load_frozen_image, load_frozen_text
from shelfspace.errors import ArtifactError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Features

__all__ = ["FROZEN", "frozen_encoder"]

FROZEN = {"text": "sentence", "image": "frozen", "audio": "frozen"}
"""Modality to its array that a frozen encoder gives; `features.<modality>_encoder` names the encoder."""

LOADERS: dict[str, Callable[..., Any]] = {
    "text": load_frozen_text,
    "image": load_frozen_image,
    "audio": load_frozen_audio,
}


_loaded: WeakValueDictionary[tuple[str, str | None, str], Any] = WeakValueDictionary()
"""Encoders that are loaded already, by modality, fingerprint and device: the copy beside a champion and the
one beside its release are the same, and are not held twice."""


def frozen_encoder(fitted: Fitted, modality: str) -> Any:
    """The configured frozen encoder of a modality, on the device of `fitted`.

    Of texts a `FrozenText` or `TowerText`, of photos `PhotoVectors`, of sounds a `FrozenAudio`.

    Raises:
        SettingsError: it is absent.
        ArtifactError: it is another one than at fitting time.
    """
    name, kept = getattr(fitted.features, f"{modality}_encoder"), fitted.kept.get(modality)
    known = modality, fitted.frozen.get(modality), fitted.device
    if kept is not None and known in _loaded:
        return _loaded[known]
    if kept is not None and kept.is_file():
        from models.pretrained.packaged_photos import load_kept_image

        found: Any = load_kept_image(name, fitted.device, kept, fitted.frozen[modality])
    else:
        place = name if kept is None else name_of_kept(name, kept)
        found = LOADERS[modality](place, fitted.device, *_text_options(fitted.features, modality))
    if fitted.frozen.get(modality, found.fingerprint) != found.fingerprint:
        raise ArtifactError(
            f"{name} is not the {modality} encoder this model was trained with: "
            "put its files back, or train again"
        )
    _loaded[modality, found.fingerprint, fitted.device] = found
    return found


def _text_options(features: Features, modality: str) -> tuple[str | int | None, ...]:
    """What text encoders are told beside their name; nothing where nothing is set."""
    given = (features.text_query_prompt, features.text_product_prompt, features.text_dim)
    return given if modality == "text" and any(one is not None for one in given) else ()


def _shape(fitted: Fitted, modality: str) -> Shape:
    return (int(frozen_encoder(fitted, modality).dim),), "<f4"


def _fingerprint(fitted: Fitted, modality: str) -> str:
    """The encoder's, as it was at fitting time, so that it need not be loaded to be told apart."""
    return fitted.frozen.get(modality) or str(frozen_encoder(fitted, modality).fingerprint)


@array(
    "text",
    "sentence",
    shape=lambda fitted: _shape(fitted, "text"),
    fingerprint=lambda fitted: _fingerprint(fitted, "text"),
)
def sentence_vectors(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """(n, d) float32 of unit length; a `QueryText` is read as a query, with the prompt of one."""
    encoder = frozen_encoder(fitted, "text")
    asked = np.array([isinstance(text, QueryText) for text in texts], dtype=bool)
    vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
    for query in (False, True):
        rows = np.flatnonzero(asked == query)
        vectors[rows] = encoder.encode([str(texts[int(row)]) for row in rows], query=query)
    return vectors


@array(
    "image",
    "frozen",
    shape=lambda fitted: _shape(fitted, "image"),
    fingerprint=lambda fitted: _fingerprint(fitted, "image"),
)
def photo_vectors(fitted: Fitted, photos: Sequence[Photo]) -> np.ndarray:
    """(n, d) float32 of unit length; the encoder opens the files in its own way."""
    encoder = frozen_encoder(fitted, "image")

    def opened(photo: Photo) -> Any:
        return photo.opened(lambda data: encoder.recipe.open(data, photo.limits))

    return np.asarray(encoder.encode(in_threads(opened, photos)))


@array(
    "audio",
    "frozen",
    shape=lambda fitted: _shape(fitted, "audio"),
    fingerprint=lambda fitted: fingerprint(
        [_fingerprint(fitted, "audio"), fitted.preprocessing.sound_seconds]
    ),
)
def sound_vectors(fitted: Fitted, sounds: Sequence[Sound]) -> np.ndarray:
    """(n, d) float32 of unit length; the encoder reads the files at its own rate."""
    encoder, seconds = frozen_encoder(fitted, "audio"), fitted.preprocessing.sound_seconds

    def opened(sound: Sound) -> Any:
        return sound.opened(lambda data: encoder.open(data, seconds, sound.limits))

    return np.asarray(encoder.encode(in_threads(opened, sounds)))
