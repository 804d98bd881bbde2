"""A frozen, pretrained audio encoder by name: CLAP, AST, wav2vec 2, HuBERT, WavLM.

    transformers:<name or folder>    with the preprocessor_config.json of its feature extractor

A sound is read from its onset, at the encoder's own rate, for `preprocessing.sound_seconds`. The
feature extractors of CLAP, AST and wav2vec 2 are plain numpy and need no torchaudio; AST's uses
torchaudio where there is one, whose numbers differ slightly, so its presence is in the fingerprint.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from models.inputs.sounds import DECODER, sound_wave
from models.pretrained.loading import AUDIO_FIELD as FIELD
from models.pretrained.loading import (
    GPU_BATCH,
    absent,
    loaded_once,
    one_vector,
    place_of,
    pretrained,
    unit_length,
    weights_hash,
)
from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint
from shelfspace.settings import Media

__all__ = ["FrozenAudio", "load_frozen_audio"]

LEAST_SECONDS = 0.1
"""Shorter sounds are padded to this; the first convolutions of wav2vec 2 take 25 ms."""


class FrozenAudio:
    """An audio encoder; vectors are normalised.

    Attributes:
        dim: length of a vector: CLAP's projected one, AST's pooled one, else the mean over time.
        rate: of the samples it takes, in Hz.
        fingerprint: of weights, feature extractor and sound decoder.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or is no audio encoder.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        from transformers import AutoFeatureExtractor
        from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
        from transformers.utils import is_speech_available

        self.name = name
        place = place_of(FIELD, name, "transformers")
        self.model = pretrained(FIELD, name, place, device)
        try:
            self.extractor: Any = AutoFeatureExtractor.from_pretrained(place, trust_remote_code=False)
        except (OSError, ValueError, ImportError) as error:
            raise absent(FIELD, name, error) from error
        if not isinstance(self.extractor, SequenceFeatureExtractor) or self.model.config.is_encoder_decoder:
            remedy = "use an encoder of sounds such as CLAP, AST or wav2vec 2, with its own feature extractor"
            raise SettingsError(FIELD, name, remedy)
        self.rate = int(self.extractor.sampling_rate)
        self.device = device
        self.dim = int(self._call([self._input(np.zeros(self.rate, dtype=np.float32))]).shape[1])
        marks = [self.extractor.to_dict(), is_speech_available(), weights_hash(self.model)]
        self.fingerprint = fingerprint(["audio", 1, DECODER, LEAST_SECONDS, *marks])

    def open(self, data: bytes, seconds: float, limits: Media) -> dict[str, np.ndarray]:
        """A sound file as the encoder's input arrays.

        Raises:
            MediaError: the file is refused (`catalog.media.open_sound`).
        """
        return self._input(sound_wave(data, self.rate, seconds, limits))

    def _input(self, wave: np.ndarray) -> dict[str, np.ndarray]:
        # CLAP would take a random stretch of a longer sound.
        wave = wave[: getattr(self.extractor, "nb_max_samples", len(wave))]
        wave = np.pad(wave, (0, max(0, round(LEAST_SECONDS * self.rate) - len(wave))))
        made = self.extractor(wave, sampling_rate=self.rate, return_tensors="np")
        return {key: np.asarray(value)[0] for key, value in made.items()}

    def encode(self, inputs: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
        """(n, dim) float32, unit length, of n inputs made by `open`.

        One a call on the CPU, so that a row never depends on its neighbours; on a GPU those of one
        shape go together.
        """
        vectors = np.zeros((len(inputs), self.dim), dtype=np.float32)
        size = 1 if self.device == "cpu" else GPU_BATCH
        order = sorted(range(len(inputs)), key=lambda i: _shapes(inputs[i]))
        for _, alike in groupby(order, key=lambda i: _shapes(inputs[i])):
            rows = list(alike)
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                vectors[part] = self._call([inputs[i] for i in part])
        return vectors

    def _call(self, inputs: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
        import torch

        batch = {key: torch.from_numpy(np.stack([one[key] for one in inputs])) for key in inputs[0]}
        batch = {
            key: array.to(self.device, self.model.dtype if array.is_floating_point() else None)
            for key, array in batch.items()
        }
        with torch.inference_mode():
            if hasattr(self.model, "get_audio_features"):
                found = self.model.get_audio_features(**batch)
                found = getattr(found, "pooler_output", found)
            else:
                output = self.model(**batch)
                found = getattr(output, "pooler_output", None)
                found = output.last_hidden_state.mean(dim=1) if found is None else found
            return unit_length(one_vector(FIELD, self.name, found))


def _shapes(arrays: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    return [arrays[key].shape for key in sorted(arrays)]


@loaded_once
def load_frozen_audio(name: str, device: str) -> FrozenAudio:
    """The named audio encoder."""
    return FrozenAudio(name, device)
