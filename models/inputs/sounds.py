"""Sounds as log-mel spectrograms and MFCC statistics, clip by clip in float32.

Clip by clip with scipy's real FFT is the fastest of what was compared on a CPU; batching is slower.
"""

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
import scipy.fft
import soundfile
import soxr

from catalog.media import open_sound
from models.inputs.arrays import Fitted, Shape, array
from models.inputs.media_file import MediaFile, in_threads
from shelfspace.hashing import fingerprint
from shelfspace.settings import Media

__all__ = [
    "DECODER",
    "Sound",
    "frame_power",
    "log_bands",
    "mel_filters",
    "mfcc",
    "samples_fingerprint",
    "sound_frames",
    "sound_samples",
    "sound_wave",
]

DECODER = f"libsndfile {soundfile.__libsndfile_version__}, soxr {soxr.__version__}, 3"
"""Names the samples and what is computed of them: a part of their fingerprint."""

FRAME_SECONDS, HOP_SECONDS = 0.025, 0.010
LOWEST_HZ = 20.0
FLOOR = 1e-6
"""Energy below which a mel band counts as silent; under the noise of 16-bit samples."""
QUIET_DB = 50.0
"""Frames this far under the loudest one are silence and do not count in the statistics."""
ONSET_DB = 40.0
"""A clip begins where the wave first comes this near to its peak; what is before is silence."""
LEAD_SECONDS = 0.02
"""Kept of that silence, so that the attack is whole."""


def sound_samples(data: bytes, rate: int, seconds: float, limits: Media) -> np.ndarray:
    """A sound as (rate * seconds,) int16 mono, from its onset: resampled, cut or padded with silence.

    Raises:
        MediaError: the file is refused (`catalog.media.open_sound`).
    """
    wave = sound_wave(data, rate, seconds, limits)
    samples = np.zeros(round(rate * seconds), dtype=np.int16)
    samples[: len(wave)] = np.clip(np.rint(wave * 32767), -32768, 32767).astype(np.int16)
    return samples


def sound_wave(data: bytes, rate: int, seconds: float, limits: Media) -> np.ndarray:
    """A sound as at most rate * seconds samples, float32 mono, from its onset, resampled and not padded.

    Raises:
        MediaError: as `sound_samples`.
    """
    wave, own_rate = open_sound(data, limits)
    magnitude = np.abs(wave)
    onset = int(np.argmax(magnitude >= magnitude.max() * 10 ** (-ONSET_DB / 20)))
    begin = max(0, onset - round(LEAD_SECONDS * own_rate))
    # A little more than is kept: the resampler's filter looks ahead.
    wave = wave[begin : begin + round((seconds + 0.1) * own_rate)]
    if own_rate != rate:
        wave = soxr.resample(wave, own_rate, rate)
    return wave[: round(rate * seconds)]


def sound_frames(rate: int, seconds: float) -> int:
    """Frames of a spectrogram of that many seconds; at least one."""
    size, hop = round(rate * FRAME_SECONDS), round(rate * HOP_SECONDS)
    return 1 + max(0, round(rate * seconds) - size) // hop


def log_bands(power: np.ndarray, rate: int, n_mels: int) -> np.ndarray:
    """Natural log of mel-band energies: frames' power spectra (frames, bins) to (frames, n_mels) float32.

    Triangular bands of equal peak, evenly spaced on the HTK mel scale from 20 Hz to half the rate.

    Args:
        power: `frame_power` of a sound.
        rate: in Hz.
    """
    length = 2 * (power.shape[1] - 1)
    return np.log(power @ mel_filters(rate, length, n_mels) + np.float32(FLOOR))


def frame_power(samples: np.ndarray, rate: int) -> np.ndarray:
    """Power spectrum of each frame, (frames, bins) float32; bins is 2^k + 1.

    Frames of 25 ms every 10 ms under a Hann window, only whole ones. A clip shorter than a frame is
    padded to one.

    Args:
        samples: int16.
        rate: in Hz.
    """
    size, hop = round(rate * FRAME_SECONDS), round(rate * HOP_SECONDS)
    wave = samples.astype(np.float32) / np.float32(32768)
    if len(wave) < size:
        wave = np.pad(wave, (0, size - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[::hop]
    length = 1 << (size - 1).bit_length()
    spectrum = scipy.fft.rfft(frames * _window(size), n=length, axis=1)
    return spectrum.real**2 + spectrum.imag**2


@cache
def _window(size: int) -> np.ndarray:
    """Periodic Hann window, float32."""
    return np.hanning(size + 1)[:-1].astype(np.float32)


@cache
def mel_filters(rate: int, length: int, n_mels: int) -> np.ndarray:
    """Triangular filters of an FFT of `length` points, (length // 2 + 1, n_mels) float32.

    HTK mel scale: mel = 2595 log10(1 + f / 700) (Young et al., The HTK Book, section 5.4). A band
    too narrow to hold an FFT bin takes the nearest one, so that none is dead.
    """
    low, high = (2595 * np.log10(1 + f / 700) for f in (LOWEST_HZ, rate / 2))
    edges = 700 * (10 ** (np.linspace(low, high, n_mels + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(length, 1 / rate)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    for band in np.flatnonzero(filters.sum(axis=0) == 0):
        filters[np.argmin(np.abs(bins - edges[band + 1])), band] = 1
    return filters.astype(np.float32)


def mfcc(spectrogram: np.ndarray, n_mfcc: int) -> np.ndarray:
    """Statistics of mel-frequency cepstral coefficients, (6 * n_mfcc,) float32.

    Orthonormal DCT-II of the log-mel energies (Davis & Mermelstein 1980), with first and second
    regression deltas over two frames each side; mean, then standard deviation over the frames that
    are not silence, so that padding does not blur them.

    Args:
        spectrogram: `log_bands` of one sound.
        n_mfcc: coefficients kept, the 0th (level) first; at most the number of mel bands.
    """
    loud = spectrogram.max(axis=1)
    # Deltas are taken within the part that sounds: its end is no change of timbre.
    voiced = np.flatnonzero(loud > loud.max() - np.float32(QUIET_DB / 10 * np.log(10)))
    within = spectrogram[: voiced[-1] + 1]
    cepstrum = scipy.fft.dct(within, type=2, norm="ortho", axis=1)[:, :n_mfcc]
    first = deltas(cepstrum)
    parts = np.concatenate([cepstrum, first, deltas(first)], axis=1)[voiced]
    return np.concatenate([parts.mean(axis=0), parts.std(axis=0)]).astype(np.float32)


def deltas(values: np.ndarray, reach: int = 2) -> np.ndarray:
    """Regression slope per frame over `reach` frames each side (The HTK Book, eq. 5.16); edges repeat."""
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    n = len(values)
    total = np.zeros_like(values)
    for step in range(1, reach + 1):
        total += step * (padded[reach + step : reach + step + n] - padded[reach - step : reach - step + n])
    return total / np.float32(2 * sum(step * step for step in range(1, reach + 1)))


class Sound(MediaFile):
    """A sound file, and its power spectra, which several arrays are made of."""

    @cached_property
    def samples(self) -> np.ndarray:
        """int16 mono of the fitted rate and length, see `sound_samples`."""
        shape = self.preprocessing
        return self.opened(
            lambda data: sound_samples(data, shape.sample_rate, shape.sound_seconds, self.limits)
        )

    @cached_property
    def power(self) -> np.ndarray:
        """Its `frame_power`."""
        return frame_power(self.samples, self.preprocessing.sample_rate)

    def spectrogram(self, n_mels: int) -> np.ndarray:
        """Its `log_bands`, (frames, n_mels) float32."""
        return log_bands(self.power, self.preprocessing.sample_rate, n_mels)


def samples_fingerprint(fitted: Fitted) -> str:
    """What decides the samples of a sound beside its file."""
    return fingerprint([DECODER, fitted.preprocessing.sample_rate, fitted.preprocessing.sound_seconds])


def _logmel_shape(fitted: Fitted) -> Shape:
    shape = fitted.preprocessing
    return (sound_frames(shape.sample_rate, shape.sound_seconds), fitted.features.n_mels), "<f2"


@array(
    "audio",
    "logmel",
    shape=_logmel_shape,
    fingerprint=lambda fitted: fingerprint([samples_fingerprint(fitted), fitted.features.n_mels]),
)
def logmel_array(fitted: Fitted, sounds: Sequence[Sound]) -> np.ndarray:
    """(n, frames, n_mels) float16."""
    bands = fitted.features.n_mels
    return np.stack(in_threads(lambda sound: sound.spectrogram(bands).astype(np.float16), sounds))


@array(
    "audio",
    "mfcc",
    shape=lambda fitted: ((6 * fitted.features.n_mfcc,), "<f4"),
    fingerprint=lambda fitted: fingerprint(
        [samples_fingerprint(fitted), fitted.features.n_mels, fitted.features.n_mfcc]
    ),
)
def mfcc_array(fitted: Fitted, sounds: Sequence[Sound]) -> np.ndarray:
    """(n, 6 * n_mfcc) float32."""
    bands, kept = fitted.features.n_mels, fitted.features.n_mfcc
    return np.stack(in_threads(lambda sound: mfcc(sound.spectrogram(bands), kept), sounds))
