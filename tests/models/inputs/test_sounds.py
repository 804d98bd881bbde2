"""The audio front end against slow, independent computations."""

import io
import math

import numpy as np
import pytest
import soundfile

from models.inputs.sounds import frame_power, log_bands, mel_filters, mfcc, sound_frames, sound_samples
from shelfspace.errors import MediaError
from shelfspace.settings import Media

RATE = 16_000


def wav(wave: np.ndarray, rate: int = RATE, form: str = "WAV") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format=form)
    return buffer.getvalue()


def tone(hertz: float, seconds: float, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def chirp(seconds: float = 0.5) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    wave = 0.5 * np.sin(2 * np.pi * (200 * t + 1500 * t**2)) * np.exp(-2 * t)
    return np.rint(wave * 32767).astype(np.int16)


def log_mel(samples: np.ndarray, rate: int, n_mels: int) -> np.ndarray:
    return log_bands(frame_power(samples, rate), rate, n_mels)


def slow_log_mel(samples: np.ndarray, n_mels: int) -> np.ndarray:
    """Frame by frame in float64, bands straight from the definition."""
    size, hop, length = 400, 160, 512
    to_mel = lambda f: 2595 * math.log10(1 + f / 700)  # noqa: E731
    step = (to_mel(RATE / 2) - to_mel(20)) / (n_mels + 1)
    edges = [700 * (10 ** ((to_mel(20) + i * step) / 2595) - 1) for i in range(n_mels + 2)]
    window = [0.5 - 0.5 * math.cos(2 * math.pi * i / size) for i in range(size)]
    rows = []
    for start in range(0, len(samples) - size + 1, hop):
        frame = samples[start : start + size].astype(np.float64) / 32768 * window
        power = np.abs(np.fft.fft(frame, length)[: length // 2 + 1]) ** 2
        row = []
        for m in range(n_mels):
            low, middle, high = edges[m : m + 3]
            energy = 0.0
            for k, p in enumerate(power):
                f = k * RATE / length
                if low < f <= middle:
                    energy += p * (f - low) / (middle - low)
                elif middle < f < high:
                    energy += p * (high - f) / (high - middle)
            row.append(math.log(energy + 1e-6))
        rows.append(row)
    return np.array(rows)


def test_log_mel_against_the_definition() -> None:
    samples = chirp()
    made = log_mel(samples, RATE, 24)
    assert made.dtype == np.float32
    assert made.shape == (sound_frames(RATE, 0.5), 24)
    assert np.abs(made - slow_log_mel(samples, 24)).max() < 2e-3


def test_mfcc_against_the_definition() -> None:
    n_mels, n_mfcc = 24, 13
    spectrum = slow_log_mel(chirp(), n_mels)
    loud = spectrum.max(axis=1)
    assert (loud > loud.max() - 5 * math.log(10)).all()  # all frames sound: the whole clip counts
    cepstrum = np.zeros((len(spectrum), n_mfcc))
    for k in range(n_mfcc):
        factor = math.sqrt((1 if k == 0 else 2) / n_mels)
        for m in range(n_mels):
            cepstrum[:, k] += factor * spectrum[:, m] * math.cos(math.pi * k * (m + 0.5) / n_mels)

    def slope(values: np.ndarray) -> np.ndarray:
        n = len(values)
        at = lambda t: values[min(max(t, 0), n - 1)]  # noqa: E731
        return np.array([sum(s * (at(t + s) - at(t - s)) for s in (1, 2)) / 10 for t in range(n)])

    parts = np.concatenate([cepstrum, slope(cepstrum), slope(slope(cepstrum))], axis=1)
    expected = np.concatenate([parts.mean(axis=0), parts.std(axis=0)])
    made = mfcc(log_mel(chirp(), RATE, n_mels), n_mfcc)
    assert made.shape == (6 * n_mfcc,)
    assert np.abs(made - expected).max() < 2e-3


def test_padding_with_silence_blurs_nothing() -> None:
    short = chirp(0.5)
    padded = np.concatenate([short, np.zeros(3 * RATE, dtype=np.int16)])
    alone, with_silence = (mfcc(log_mel(s, RATE, 40), 13) for s in (short, padded))
    # Two frames reach into the silence with part of the sound.
    assert np.abs(alone - with_silence).max() < 0.15 * np.abs(alone).max()
    naive = log_mel(padded, RATE, 40).mean(axis=0)
    assert np.abs(naive - log_mel(short, RATE, 40).mean(axis=0)).max() > 3


@pytest.mark.parametrize("hertz", [100, 440, 1000, 4000, 7000])
def test_a_tone_is_loudest_in_its_band(hertz: int) -> None:
    samples = np.rint(tone(hertz, 0.5) * 32767).astype(np.int16)
    band = int(log_mel(samples, RATE, 40).mean(axis=0).argmax())
    centres = (mel_filters(RATE, 512, 40) * np.linspace(0, 8000, 257)[:, None]).sum(axis=0)
    centres /= mel_filters(RATE, 512, 40).sum(axis=0)
    assert abs(np.abs(centres - hertz).argmin() - band) <= 1


@pytest.mark.parametrize("n_mels", [8, 64, 128])
def test_no_band_is_dead(n_mels: int) -> None:
    assert (mel_filters(RATE, 512, n_mels).sum(axis=0) > 0).all()


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_pitch_and_level(rate: int) -> None:
    samples = sound_samples(wav(tone(440, 1.0, rate), rate), RATE, 1.0, Media())
    assert samples.dtype == np.int16
    assert samples.shape == (RATE,)
    spectrum = np.abs(np.fft.rfft(samples[2000:14000].astype(float)))
    assert abs(spectrum.argmax() * RATE / 12000 - 440) < 2
    assert 0.47 < np.abs(samples[2000:14000]).max() / 32767 < 0.53


def test_leading_silence_is_left_out_and_the_end_is_padded() -> None:
    wave = np.concatenate([np.zeros(5 * RATE, np.float32), tone(440, 0.5)])
    samples = sound_samples(wav(wave), RATE, 2.0, Media())
    sounding = np.flatnonzero(np.abs(samples) > 1000)
    assert sounding[0] <= 0.03 * RATE
    assert 0.45 * RATE < sounding[-1] < 0.55 * RATE


def test_stereo_is_mixed_and_loud_sounds_do_not_wrap() -> None:
    both = np.stack([tone(440, 0.5), tone(440, 0.5)], axis=1)
    assert (
        sound_samples(wav(both), RATE, 0.5, Media()) == sound_samples(wav(both[:, 0]), RATE, 0.5, Media())
    ).all()
    loud = sound_samples(wav(np.sign(tone(440, 0.5))), RATE, 0.5, Media())
    assert np.abs(np.diff(np.sign(loud.astype(int)))).sum() < 2000


def test_a_clip_shorter_than_a_frame_still_has_one() -> None:
    tiny = chirp(0.01)
    spectrum = log_mel(tiny, RATE, 20)
    assert spectrum.shape == (1, 20) == (sound_frames(RATE, 0.01), 20)
    assert np.isfinite(mfcc(spectrum, 5)).all()


def test_a_damaged_sound_is_refused() -> None:
    with pytest.raises(MediaError, match="sound"):
        sound_samples(wav(tone(440, 1.0))[:5000], RATE, 1.0, Media())


def test_instrument_families_are_told_apart_by_their_mfcc(public_data) -> None:
    """Nearest centroid of standardised statistics on half of a few families: far above chance."""
    import csv

    with (public_data / "sounds" / "sounds.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["family"] in ("banjo", "flute", "tuba", "violin")]
    rows = rows[:: max(1, len(rows) // 80)]
    clips = [(public_data / "sounds" / row["file"]).read_bytes() for row in rows]
    made = np.stack([mfcc(log_mel(sound_samples(c, RATE, 2.0, Media()), RATE, 40), 13) for c in clips])
    families = np.array([row["family"] for row in rows])
    train = np.arange(len(rows)) % 2 == 0
    scaled = (made - made[train].mean(axis=0)) / (made[train].std(axis=0) + 1e-6)
    names = sorted(set(families))
    centres = np.stack([scaled[train & (families == name)].mean(axis=0) for name in names])
    nearest = ((scaled[~train][:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (np.array(names)[nearest] == families[~train]).mean() > 1.5 / len(names)
