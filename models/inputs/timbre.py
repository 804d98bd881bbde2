"""What a sound is like beyond its mean spectrum: how it begins, moves, dies away, and how it is pitched.

Numbers per clip in the sense of the Timbre Toolbox (Peeters et al. 2011, JASA 130(5)) and of music
information retrieval's usual set, from two real FFTs a clip: short frames for what moves, long ones
for pitch and harmonics. Statistics are taken over the frames that are not silence, so that padding
does not blur them.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import scipy.fft

from models.inputs.arrays import Fitted, array
from models.inputs.media_file import in_threads
from models.inputs.sounds import FLOOR, HOP_SECONDS, QUIET_DB, Sound, mel_filters, samples_fingerprint
from shelfspace.hashing import fingerprint

__all__ = ["TIMBRE", "TIMBRE_CODE", "timbre"]

TIMBRE_CODE = "timbre 1"
"""Changes when the same samples give other numbers."""

CONTRAST_HZ = (0.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, np.inf)
MODULATION_HZ = (0.5, 2.0, 4.0, 6.0, 8.0, 12.0, 20.0, 50.0)
ENVELOPE_SECONDS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56)
"""Times after the onset at which the level is read."""
LONG_SECONDS = 0.256
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 35.0, 2400.0
HARMONICS = 12
DB = np.float32(10 / np.log(10))
"""From natural logarithms of energies to decibels."""

SHAPES = 7
PERCENTILES = (10, 50, 90)
BANDS = 40
TIMBRE = (
    5 * BANDS
    + 6 * (SHAPES + len(CONTRAST_HZ) - 1)
    + (7 + len(ENVELOPE_SECONDS) + len(MODULATION_HZ) - 1)
    + (8 + 2 * HARMONICS)
)
"""Numbers that `timbre` gives: of mel bands, of frames, of the envelope, of the pitch."""


def timbre(samples: np.ndarray, rate: int, power: np.ndarray) -> np.ndarray:
    """Numbers of one sound, (TIMBRE,) float32, all finite.

    Args:
        samples: int16, a sound from its onset, padded with zeros.
        rate: in Hz.
        power: `frame_power` of the samples.
    """
    level = DB * np.log(power.sum(axis=1) + np.float32(FLOOR))
    heard = np.flatnonzero(level >= level.max() - QUIET_DB)
    parts = [
        _bands(power[heard], rate),
        _statistics(_frame_shapes(power[heard], level[heard], rate)),
        _envelope(level[: heard[-1] + 1], len(heard)),
        _pitched(samples, rate),
    ]
    return np.nan_to_num(np.concatenate(parts)).astype(np.float32)


@array(
    "audio",
    "timbre",
    shape=lambda fitted: ((TIMBRE,), "<f4"),
    fingerprint=lambda fitted: fingerprint([samples_fingerprint(fitted), TIMBRE_CODE]),
)
def timbre_array(fitted: Fitted, sounds: Sequence[Sound]) -> np.ndarray:
    """(n, TIMBRE) float32."""
    rate = fitted.preprocessing.sample_rate
    return np.stack(in_threads(lambda sound: timbre(sound.samples, rate, sound.power), sounds))


def _bands(power: np.ndarray, rate: int) -> np.ndarray:
    """Mean, deviation and percentiles of the mel bands in dB, against the clip's mean level."""
    length = 2 * (power.shape[1] - 1)
    bands = DB * np.log(power @ mel_filters(rate, length, BANDS) + np.float32(FLOOR))
    bands = bands - bands.mean()
    return np.concatenate([bands.mean(axis=0), bands.std(axis=0), *_percentiles(bands)])


def _percentiles(values: np.ndarray) -> list[np.ndarray]:
    """10th, 50th and 90th percentile over the frames, by sorting once."""
    ordered = np.sort(values, axis=0)
    return [ordered[round((len(values) - 1) * p / 100)] for p in PERCENTILES]


def _statistics(series: np.ndarray) -> np.ndarray:
    """(frames, k) to (6 k,): mean, deviation, percentiles, mean step from frame to frame."""
    steps = np.abs(np.diff(series, axis=0)).mean(axis=0) if len(series) > 1 else np.zeros(series.shape[1])
    return np.concatenate([series.mean(axis=0), series.std(axis=0), *_percentiles(series), steps])


def _frame_shapes(power: np.ndarray, level: np.ndarray, rate: int) -> np.ndarray:
    """(frames, SHAPES + 6): centroid, spread, two roll-offs, flatness, flux, level, and contrasts."""
    bins = power.shape[1]
    octave = np.log2(np.maximum(np.arange(bins), 1) * (rate / 2 / (bins - 1))).astype(np.float32)
    total = power.sum(axis=1) + np.float32(FLOOR)
    centroid = power @ octave / total
    spread = np.sqrt(np.maximum(power @ octave**2 / total - centroid**2, 0))
    running = np.cumsum(power, axis=1)
    rolled = [octave[np.argmax(running >= share * running[:, -1:], axis=1)] for share in (0.85, 0.97)]
    logs = np.log(power + np.float32(FLOOR * 1e-3))
    flatness = DB * (logs.mean(axis=1) - np.log(total / bins))
    unit = np.sqrt(power / total[:, None])
    flux = np.zeros(len(power), dtype=np.float32)
    flux[1:] = np.sqrt(np.square(np.diff(unit, axis=0)).sum(axis=1))
    # Spectral contrast (Jiang et al. 2002): peaks against valleys, octave by octave.
    hertz = np.arange(bins) * (rate / 2 / (bins - 1))
    contrasts = []
    for low, high in pairwise(CONTRAST_HZ):
        band = np.sort(logs[:, (hertz >= low) & (hertz < high)], axis=1)
        few = max(1, band.shape[1] // 5)
        contrasts.append(DB * (band[:, -few:].mean(axis=1) - band[:, :few].mean(axis=1)))
    return np.stack([centroid, spread, *rolled, flatness, flux, level, *contrasts], axis=1)


def _envelope(level: np.ndarray, heard: int) -> np.ndarray:
    """Attack, decay, level at fixed times and modulation of the level (dB) of a clip's frames."""
    seconds = np.arange(len(level)) * HOP_SECONDS
    peak = int(level.argmax())
    relative = np.maximum(level - level[peak], -80)
    energy = 10 ** (relative / 10)
    rising = relative[: peak + 1]
    attack = seconds[np.argmax(rising >= -3)] - seconds[np.argmax(rising >= -20)]
    after = relative[peak:]
    decay = _slope(seconds[peak:], after)
    first = relative[peak : peak + 30]
    centre = float((seconds * energy).sum() / energy.sum())
    marks = [round(t / HOP_SECONDS) for t in ENVELOPE_SECONDS]
    # A mark behind the clip's end reads as silence.
    read = [float(relative[mark]) if mark < len(level) else -80.0 for mark in marks]
    summary = [
        np.log(heard * HOP_SECONDS), np.log(attack + HOP_SECONDS), np.log(seconds[peak] + HOP_SECONDS),
        centre / (seconds[-1] + HOP_SECONDS), decay, _slope(seconds[: len(first)], first),
        float((relative > -10).mean()),
    ]  # fmt: skip
    return np.array([*summary, *read, *_modulation(relative)])


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Regression slope, squeezed by a signed root so that a click does not dwarf the rest."""
    if len(x) < 3:
        return 0.0
    centred = x - x.mean()
    slope = float((centred * y).sum() / (centred**2).sum())
    return float(np.sign(slope) * np.sqrt(abs(slope)))


def _modulation(relative: np.ndarray) -> list[float]:
    """Log energy of the level's fluctuation in bands of modulation frequency: tremolo, vibrato, roughness."""
    size = 512
    frames = relative[:size]
    x = np.arange(len(frames))
    flat = frames - np.polyval(np.polyfit(x, frames, 1), x) if len(frames) > 2 else frames * 0
    spectrum = np.abs(scipy.fft.rfft(flat * np.hanning(len(flat)), n=size)) ** 2 / len(frames)
    hertz = np.fft.rfftfreq(size, HOP_SECONDS)
    bands = [spectrum[(hertz >= low) & (hertz < high)].mean() for low, high in pairwise(MODULATION_HZ)]
    return [float(np.log(energy + 1e-3)) for energy in bands]


@cache
def _long_window(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Periodic Hann window and its autocorrelation."""
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    spectrum = scipy.fft.rfft(window, n=2 * size)
    own = scipy.fft.irfft(spectrum.real**2 + spectrum.imag**2)[: size // 2]
    return window, (own / own[0]).astype(np.float32)


def _pitched(samples: np.ndarray, rate: int) -> np.ndarray:
    """Pitch, its clarity and movement, and the levels of its harmonics: (8 + 2 HARMONICS,).

    The pitch of a frame is the first lag whose normalised autocorrelation comes near its highest
    (Boersma 1993); harmonics are read from the long frame's spectrum at its multiples.
    """
    size = 1 << (round(rate * LONG_SECONDS) - 1).bit_length()
    window, own = _long_window(size)
    wave = samples.astype(np.float32) / np.float32(32768)
    if len(wave) < size:
        wave = np.pad(wave, (0, size - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[:: size // 2]
    energy = np.square(frames).mean(axis=1)
    frames = frames[energy >= energy.max() * 10 ** (-QUIET_DB / 20)][:32]
    spectrum = scipy.fft.rfft(frames * window, n=2 * size, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    correlation = scipy.fft.irfft(power, axis=1)[:, : size // 2]
    correlation = correlation / (correlation[:, :1] + np.float32(1e-9)) / own
    low, high = int(rate / HIGHEST_PITCH_HZ), int(rate / LOWEST_PITCH_HZ)
    part = correlation[:, low : high + 1]
    inner = part[:, 1:-1]
    peaks = (inner >= part[:, :-2]) & (inner >= part[:, 2:])
    score = np.where(peaks, inner, -1.0)
    best = score.max(axis=1, keepdims=True)
    lag = np.argmax(score >= 0.9 * np.maximum(best, 0), axis=1) + low + 1
    clarity = np.clip(best[:, 0], 0, 1)
    pitch = np.log2(rate / lag)
    middle = float(np.median(pitch))
    steady = np.abs(pitch - middle) < 0.5
    levels = _harmonics(power, rate / lag, rate, size)
    summary = [
        middle, float(pitch.std()), float(np.abs(np.diff(pitch)).mean()) if len(pitch) > 1 else 0.0,
        float(np.median(clarity)), float(clarity.std()), float(clarity.max()), float(steady.mean()),
        float(levels[:, 0::2].mean() - levels[:, 1::2].mean()),
    ]  # fmt: skip
    return np.concatenate([summary, np.median(levels, axis=0), levels.std(axis=0)])


def _harmonics(power: np.ndarray, pitch: np.ndarray, rate: int, size: int) -> np.ndarray:
    """(frames, HARMONICS) levels in dB against the frame's energy, -60 at least and above half the rate."""
    step = rate / (2 * size)
    number = np.arange(1, HARMONICS + 1)
    centre = pitch[:, None] * number[None, :] / step
    reach = np.arange(-4, 5)
    places = np.rint(centre[:, :, None] + reach).astype(np.int64)
    inside = (places >= 0) & (places < power.shape[1])
    row = np.arange(len(power))[:, None, None]
    found = np.where(inside, power[row, np.clip(places, 0, power.shape[1] - 1)], 0).max(axis=2)
    total = power.sum(axis=1, keepdims=True) + np.float32(1e-9)
    return np.maximum(DB * np.log(found / total + 1e-9), -60)
