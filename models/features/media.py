"""The media half of the featurizer: arrays of photos and sounds. Nothing here is fitted."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.product import ProductInput
from models.features.photo_slots import photo_counts_of, photo_slots, with_photo_axis
from models.features.table import ModalityFeatures
from models.inputs.photos import DECODER as PHOTO_DECODER
from models.inputs.photos import photo_pixels
from models.inputs.sounds import DECODER as SOUND_DECODER
from models.inputs.sounds import frame_power, log_bands, mfcc, sound_frames, sound_samples
from models.inputs.timbre import TIMBRE, TIMBRE_CODE, timbre
from shelfspace.hashing import fingerprint
from shelfspace.settings import Features, Media, Preprocessing

if TYPE_CHECKING:
    from models.pretrained.audio import FrozenAudio
    from models.pretrained.photo_vectors import PhotoVectors

__all__ = ["MediaFeaturizer"]


class MediaFeaturizer:
    """The sizes, rates and statistics that photos and sounds become.

    Attributes:
        preprocessing, features: the settings at fitting time.
    """

    def __init__(self, preprocessing: Preprocessing, features: Features) -> None:
        self.preprocessing, self.features = preprocessing, features

    @cached_property
    def media_fingerprints(self) -> dict[str, str]:
        """What identifies the arrays of photos and sounds, and what these are decoded to."""
        shape, audio = self.preprocessing, self.features
        pixels = fingerprint([PHOTO_DECODER, shape.image_size])
        samples = fingerprint([SOUND_DECODER, shape.sample_rate, shape.sound_seconds])
        spectra = [samples, audio.n_mels, audio.n_mfcc, *([TIMBRE_CODE] if audio.timbre else [])]
        return {
            "pixels": pixels,
            "image": self._image_fingerprint(pixels),
            "samples": samples,
            "audio": fingerprint(spectra),
        }

    def _image_fingerprint(self, pixels: str) -> str:
        """That of the pixels, joined by what more is made of a product's photos."""
        more: list[Any] = []
        if self.preprocessing.max_photos > 1:
            more.append(self.preprocessing.max_photos)
        if self.features.histograms:
            from models.encoders.image.photo_textures import HISTOGRAMS_CODE

            more.append(f"histograms {HISTOGRAMS_CODE}")
        return fingerprint([pixels, *more]) if more else pixels

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

    def photo_features(
        self, items: Sequence[ProductInput], encoder: "PhotoVectors | None", limits: Media
    ) -> ModalityFeatures:
        """The arrays of n products' first photos, and their vectors where there is an encoder."""
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
            from models.encoders.image.photo_textures import COLUMNS, photo_histograms

            arrays["histograms"] = np.zeros((len(slots), 2, COLUMNS), dtype=np.float16)
            arrays["histograms"][there] = photo_histograms(pixels[there])
        if encoder is not None:
            vectors = np.zeros((len(slots), encoder.dim), dtype=np.float32)
            vectors[there] = encoder.encode([encoder.recipe.open(data, limits) for data in photos])
            arrays["frozen"] = vectors
        return ModalityFeatures(*with_photo_axis(arrays, photo_counts_of(files, most), most))

    def sound_features(
        self, items: Sequence[ProductInput], encoder: "FrozenAudio | None", limits: Media
    ) -> ModalityFeatures:
        """The arrays of n products' first sound, and its vectors where there is an encoder."""
        present = np.array([bool(item.sounds) for item in items], dtype=bool)
        arrays = {
            name: np.zeros((len(items), *shape), dtype=dtype)
            for name, (shape, dtype) in self.sound_layout.items()
        }
        for row in np.flatnonzero(present).tolist():
            for name, array in self.sound_arrays(self.samples(items[row].sounds[0], limits)).items():
                arrays[name][row] = array
        if encoder is not None:
            vectors = np.zeros((len(items), encoder.dim), dtype=np.float32)
            seconds = self.preprocessing.sound_seconds
            vectors[present] = encoder.encode(
                [encoder.open(item.sounds[0], seconds, limits) for item in items if item.sounds]
            )
            arrays["frozen"] = vectors
        return ModalityFeatures(arrays, present)
