"""Numbers of a sound's onset, movement, decay and pitch, against sounds whose numbers are known."""

import csv

import numpy as np
import pytest

from models.inputs.sounds import frame_power, log_bands, mfcc, sound_samples
from models.inputs.timbre import BANDS, CONTRAST_HZ, HARMONICS, SHAPES, TIMBRE, timbre
from shelfspace.settings import Media

RATE = 16_000
ENVELOPE = 5 * BANDS + 6 * (SHAPES + len(CONTRAST_HZ) - 1)
PITCH = TIMBRE - 8 - 2 * HARMONICS
LENGTH, ATTACK, DECAY = ENVELOPE, ENVELOPE + 1, ENVELOPE + 4
MODULATION = PITCH - 7
CLARITY, ODD_EVEN = PITCH + 3, PITCH + 7


def numbers(wave: np.ndarray, seconds: float = 2.0) -> np.ndarray:
    samples = np.zeros(round(RATE * seconds), dtype=np.int16)
    samples[: len(wave)] = np.rint(wave * 32767).astype(np.int16)
    return timbre(samples, RATE, frame_power(samples, RATE))


def tone(hertz: float, harmonics: tuple[float, ...] = (1.0,), seconds: float = 1.5) -> np.ndarray:
    t = np.arange(round(RATE * seconds)) / RATE
    wave = sum(a * np.sin(2 * np.pi * hertz * k * t) for k, a in enumerate(harmonics, 1))
    return 0.4 * wave / sum(harmonics)


def noise(seconds: float = 1.5) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).normal(size=round(RATE * seconds)).clip(-3, 3)


@pytest.mark.parametrize("hertz", [55, 110, 440, 1000, 1760])
def test_pitch_is_that_of_the_tone_and_a_noise_has_little(hertz: float) -> None:
    found = numbers(tone(hertz, (1.0, 0.6, 0.3)))
    assert abs(found[PITCH] - np.log2(hertz)) < 0.06
    assert found[CLARITY] > 0.95
    assert numbers(noise())[CLARITY] < 0.6


def test_odd_harmonics_alone_are_told_from_all_of_them() -> None:
    odd = numbers(tone(220, (1, 0, 0.8, 0, 0.6, 0, 0.4)))[ODD_EVEN]
    every = numbers(tone(220, (1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)))[ODD_EVEN]
    assert odd > every + 10


def test_harmonic_levels_are_those_of_the_tone() -> None:
    levels = numbers(tone(220, (1.0, 0.1)))[PITCH + 8 : PITCH + 8 + HARMONICS]
    assert levels[0] - levels[1] == pytest.approx(20, abs=1)


def test_a_slow_attack_and_a_quick_decay_are_seen() -> None:
    t = np.arange(round(RATE * 1.5)) / RATE
    steady = tone(440)
    slow = numbers(steady * np.minimum(t / 0.8, 1))
    quick = numbers(steady * np.minimum(t / 0.01, 1))
    assert slow[ATTACK] > quick[ATTACK] + 1
    plucked, held = numbers(steady * np.exp(-8 * t)), numbers(steady)
    assert plucked[DECAY] < held[DECAY] - 2
    assert numbers(tone(440, seconds=0.4))[LENGTH] == pytest.approx(np.log(0.4), abs=0.1)


def test_a_tremolo_stands_in_its_band() -> None:
    t = np.arange(round(RATE * 1.8)) / RATE
    for hertz, band in ((5.0, 2), (10.0, 4)):
        found = numbers(tone(440, seconds=1.8) * (1 + 0.5 * np.sin(2 * np.pi * hertz * t)) / 1.5)
        assert int(found[MODULATION : MODULATION + 7].argmax()) == band


def test_padding_changes_little_and_loudness_not_the_pitch() -> None:
    wave = tone(330, (1, 0.5, 0.3)) * np.exp(-2 * np.arange(round(RATE * 1.5)) / RATE)
    short, long = numbers(wave, 2.0), numbers(wave, 5.0)
    assert np.abs(short - long).max() < 0.01
    loud, soft = numbers(wave), numbers(wave / 4)
    assert np.abs(loud[PITCH:] - soft[PITCH:]).max() < 0.01


@pytest.mark.parametrize(
    "wave",
    [np.zeros(0), np.array([0.9]), np.full(200, 0.5), noise(0.03), np.tile([1.0, -1.0], 8000), noise(2.0)],
    ids=["silence", "click", "step", "burst", "highest", "full"],
)
@pytest.mark.parametrize("seconds", [0.05, 0.3, 2.0])
def test_any_sound_gives_finite_numbers(wave: np.ndarray, seconds: float) -> None:
    found = numbers(wave[: round(RATE * seconds)], seconds)
    assert found.shape == (TIMBRE,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 1e4


def test_instruments_are_better_told_apart_than_by_cepstra_alone(public_data) -> None:
    """Nearest centroid of standardised numbers, learnt on every second clip of all families."""
    with (public_data / "sounds" / "sounds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::3]
    media = Media()
    clips = [
        sound_samples((public_data / "sounds" / row["file"]).read_bytes(), RATE, 5.0, media) for row in rows
    ]
    families = np.array([row["family"] for row in rows])
    learnt = np.arange(len(rows)) % 2 == 0

    def right(made: np.ndarray) -> float:
        scaled = (made - made[learnt].mean(axis=0)) / (made[learnt].std(axis=0) + 1e-6)
        names = sorted(set(families[learnt]))
        centres = np.stack([scaled[learnt & (families == name)].mean(axis=0) for name in names])
        nearest = ((scaled[~learnt][:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        return float((np.array(names)[nearest] == families[~learnt]).mean())

    cepstra = right(np.stack([mfcc(log_bands(frame_power(clip, RATE), RATE, 64), 20) for clip in clips]))
    both = right(np.stack([timbre(clip, RATE, frame_power(clip, RATE)) for clip in clips]))
    assert both > cepstra + 0.05
