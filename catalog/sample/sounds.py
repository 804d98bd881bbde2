"""Sounds of the sample's products: one synthesiser a timbre, then a room and a microphone."""

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import soundfile
from scipy.signal import lfilter

from catalog.sample.world import random

__all__ = ["RATE", "TIMBRES", "render_sound"]

RATE = 16_000
"""Sample rate, in Hz."""


def render_sound(timbre: str, seed: int, group: int, product: int, *, noisy: bool) -> bytes:
    """One FLAC recording of 1 to 1.7 s, one channel, 16 bits.

    Args:
        timbre: key of TIMBRES.
        seed, group: variants of one group share the thing's own parameters (pitch, body).
        product: each product has its own recording (length, room, level).
        noisy: recorded in a loud room, 2 to 6 dB above its own noise.
    """
    rng = random(seed, "sound", product)
    seconds = rng.uniform(1.0, 1.7)
    time = np.arange(int(seconds * RATE)) / RATE
    wave = TIMBRES[timbre](time, random(seed, "voice", group), rng)
    wave = _room(wave / np.abs(wave).max(), rng)
    decibels = rng.uniform(2, 6) if noisy else rng.uniform(16, 38)
    noise = _coloured(rng, len(wave), rng.uniform(0.0, 0.95))
    wave += noise * np.sqrt((wave**2).mean() / (noise**2).mean()) * 10 ** (-decibels / 20)
    wave *= rng.uniform(0.25, 0.9) / np.abs(wave).max()
    stream = io.BytesIO()
    soundfile.write(stream, wave.astype(np.float32), RATE, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def _coloured(rng: np.random.Generator, frames: int, pole: float) -> np.ndarray:
    """White (pole 0) to brown (pole near 1) noise."""
    return lfilter([1.0], [1.0, -pole], rng.normal(0, 1, frames))


def _room(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A few early reflections."""
    out = wave.copy()
    for _ in range(3):
        delay = int(rng.uniform(0.008, 0.05) * RATE)
        out[delay:] += rng.uniform(0.05, 0.22) * wave[:-delay]
    return out


def _envelope(time: np.ndarray, attack: float, decay: float) -> np.ndarray:
    """Linear rise over `attack` s, then an exponential fall with time constant `decay` s."""
    return np.minimum(time / attack, 1.0) * np.exp(-np.maximum(time - attack, 0) / decay)


def _bowed(
    time: np.ndarray,
    thing: np.random.Generator,
    take: np.random.Generator,
    *,
    low: int,
    high: int,
    body: float,
) -> np.ndarray:
    """Bowed notes: 1/n harmonics through two body resonances, vibrato, bow noise.

    Args:
        time: seconds of each frame.
        thing, take: randomness of the instrument and of this recording.
        low, high: MIDI notes of the range; body: frequency of the main resonance, in Hz.
    """
    resonance = body * thing.uniform(0.9, 1.1)
    wave = np.zeros_like(time)
    notes = int(take.integers(1, 4))
    edges = np.linspace(0, time[-1], notes + 1)
    for start, end in pairwise(edges.tolist()):
        pitch = 440 * 2 ** ((int(take.integers(low, high)) - 69) / 12)
        inside = (time >= start) & (time <= end)
        local = time[inside] - start
        vibrato = 0.006 * np.sin(2 * np.pi * take.uniform(4.5, 6.5) * local)
        phase = 2 * np.pi * pitch * np.cumsum(1 + vibrato) / RATE
        note = np.zeros_like(local)
        for n in range(1, int(min(24, 7500 // pitch)) + 1):
            f = n * pitch
            gain = 0.25 + np.exp(-((np.log2(f / resonance) / 0.7) ** 2))
            gain += 0.5 * np.exp(-((np.log2(f / (resonance * 3.4)) / 0.4) ** 2))
            note += gain / n * np.sin(n * phase)
        fade = np.minimum(local / 0.06, 1) * np.minimum((end - start - local) / 0.05 + 1e-3, 1)
        wave[inside] += note * fade
    hiss = _coloured(take, len(time), 0.3)
    return wave + 0.03 * np.abs(wave).max() * hiss


def _violin(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    return _bowed(time, thing, take, low=66, high=88, body=480.0)


def _viola(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    return _bowed(time, thing, take, low=48, high=68, body=260.0)


def _struck(time: np.ndarray, partials: list[tuple[float, float, float]]) -> np.ndarray:
    """Decaying partials, each (frequency in Hz, amplitude, time constant in s)."""
    wave = np.zeros_like(time)
    for frequency, amplitude, decay in partials:
        wave += amplitude * np.sin(2 * np.pi * frequency * time) * _envelope(time, 0.002, decay)
    return wave


def _tick(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    """Two alternating clicks, two to six a second."""
    rate = thing.uniform(2, 6)
    tones = thing.uniform(1800, 4800, (2, 3))
    wave = np.zeros_like(time)
    start, k = take.uniform(0, 0.15), 0
    while start < time[-1] - 0.02:
        local = time[time >= start] - start
        click = _struck(
            local,
            [
                (f, 1.0, thing_decay)
                for f, thing_decay in zip(tones[k % 2], (0.006, 0.009, 0.004), strict=True)
            ],
        )
        wave[time >= start] += click * take.uniform(0.8, 1.0)
        start, k = start + 1 / rate, k + 1
    return wave


def _chime(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    """One to three strokes on a bell; partials of a church bell (hum, prime, tierce, quint, nominal)."""
    prime = thing.uniform(380, 900)
    ratios = (
        (0.5, 0.5, 1.2),
        (1.0, 1.0, 0.9),
        (1.2, 0.7, 0.6),
        (1.5, 0.4, 0.5),
        (2.0, 0.8, 0.4),
        (2.67, 0.3, 0.25),
    )
    wave = np.zeros_like(time)
    for stroke in range(int(take.integers(1, 4))):
        start = take.uniform(0, 0.1) + 0.45 * stroke
        if start > time[-1] - 0.2:
            break
        local = time[time >= start] - start
        wave[time >= start] += _struck(local, [(prime * r, a, d) for r, a, d in ratios])
    return wave


def _motor(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    """Mains hum and its harmonics, a whirr that settles, rushing noise."""
    mains = 50 * np.pi * 2 * time
    hum = sum(thing.uniform(0.2, 1.0) / n * np.sin(2 * n * mains + thing.uniform(0, 6)) for n in range(1, 9))
    speed = thing.uniform(150, 420) * (1 - 0.3 * np.exp(-time / take.uniform(0.1, 0.6)))
    whirr = np.sin(2 * np.pi * np.cumsum(speed) / RATE) + 0.4 * np.sin(4 * np.pi * np.cumsum(speed) / RATE)
    rush = _coloured(take, len(time), thing.uniform(0.5, 0.9))
    loud = np.minimum(time / take.uniform(0.05, 0.4), 1)
    return loud * (hum + thing.uniform(0.4, 1.0) * whirr + thing.uniform(0.15, 0.4) * rush)


def _squeak(time: np.ndarray, thing: np.random.Generator, take: np.random.Generator) -> np.ndarray:
    """Two to five short calls whose pitch rises and falls."""
    top = thing.uniform(1100, 2600)
    calls = int(take.integers(2, 6))
    starts = np.sort(take.uniform(0, max(0.2, time[-1] - 0.3), calls))
    wave = np.zeros_like(time)
    for start in starts:
        length = take.uniform(0.12, 0.28)
        inside = (time >= start) & (time < start + length)
        arch = np.sin(np.pi * (time[inside] - start) / length)
        phase = 2 * np.pi * np.cumsum(top * (0.55 + 0.45 * arch)) / RATE
        wave[inside] += arch * (np.sin(phase) + 0.45 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase))
    return wave + 0.01 * _coloured(take, len(time), 0.2)


TIMBRES: dict[str, Callable[[np.ndarray, np.random.Generator, np.random.Generator], np.ndarray]] = {
    "violin": _violin,
    "viola": _viola,
    "tick": _tick,
    "chime": _chime,
    "motor": _motor,
    "squeak": _squeak,
}
