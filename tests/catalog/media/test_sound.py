"""Hostile and odd sounds: what is refused, before what, and what the rest decodes to."""

import io
import struct

import numpy as np
import pytest
import soundfile

from catalog.media import open_sound, probe_sound
from shelfspace.errors import MediaError
from shelfspace.settings import Media

LIMITS = Media()
RATE = 16_000


def encoded(wave: np.ndarray, form: str = "WAV", rate: int = RATE, subtype: str | None = None) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate, format=form, subtype=subtype)
    return stream.getvalue()


def tone(seconds: float = 1.0, amplitude: float = 0.3) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def wav_header(data_bytes: int, rate: int = RATE, channels: int = 1) -> bytes:
    block = 2 * channels
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * block, block, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", data_bytes)
    return b"RIFF" + struct.pack("<I", (len(head) + data_bytes) & 0xFFFFFFFF) + head


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_good_sound_opens_as_mono(form: str) -> None:
    stereo = np.stack([tone(), 0.5 * tone()], axis=1)
    data = encoded(stereo, form)
    wave, rate = open_sound(data, LIMITS)
    facts = probe_sound(data, LIMITS)
    assert rate == RATE
    assert wave.dtype == np.float32
    assert wave.ndim == 1
    assert (facts.channels, facts.rate, facts.format, facts.bytes) == (2, RATE, form, len(data))
    assert facts.seconds == pytest.approx(len(wave) / RATE)
    assert facts.seconds == pytest.approx(1.0, abs=0.1)
    assert np.abs(wave).max() == pytest.approx(0.225, abs=0.02)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_truncated_sound_is_refused(form: str, share: float) -> None:
    data = encoded(tone(), form)
    with pytest.raises(MediaError) as caught:
        open_sound(data[: max(1, int(len(data) * share))], LIMITS)
    assert caught.value.field.startswith("sound.")


def test_refusals_say_the_same_each_time() -> None:
    """They are written to the quarantine, whose bytes must not change from run to run."""
    cut = encoded(tone(), "OGG")[:100]
    said = set()
    for _ in range(3):
        with pytest.raises(MediaError) as caught:
            open_sound(cut, LIMITS)
        said.add(str(caught.value))
    assert len(said) == 1
    assert "0x" not in said.pop()


@pytest.mark.parametrize("claim", [10**6, 0x7FFFFFF0, 0xFFFFFFF0])
def test_a_wav_whose_header_lies_is_refused(claim: int) -> None:
    payload = (tone(0.2) * 32_767).astype("<i2").tobytes()
    with pytest.raises(MediaError, match=r"fewer than its header says|at most 120 seconds"):
        open_sound(wav_header(claim) + payload, LIMITS)


def test_a_streamed_wav_of_unknown_length_is_read_to_its_end() -> None:
    payload = (tone(0.2) * 32_767).astype("<i2").tobytes()
    wave, _ = open_sound(wav_header(0xFFFFFFFF) + payload, LIMITS)
    assert len(wave) == int(0.2 * RATE)


def test_too_long_is_refused_from_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(tone(3.0), "FLAC")
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *a, **k: pytest.fail("decoded"))
    with pytest.raises(MediaError, match="at most 2 seconds") as caught:
        open_sound(data, Media(max_sound_seconds=2))
    assert caught.value.field == "sound.seconds"


def test_a_flac_that_hides_its_length_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero bytes compress to almost nothing; the header may claim any number of frames, or none."""
    data = bytearray(encoded(np.zeros(RATE * 600, np.float32), "FLAC"))
    assert len(data) < 200_000
    data[21] &= 0xF0  # STREAMINFO: total samples unknown
    data[22:26] = bytes(4)
    read = []
    original = soundfile.SoundFile.read

    def counted(self, frames, *args, **kwargs):
        read.append(frames)
        return original(self, frames, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    with pytest.raises(MediaError, match=r"at most 5 seconds|does not decode"):
        open_sound(bytes(data), Media(max_sound_seconds=5))
    assert sum(read) <= 5 * RATE + (1 << 16) + 1


@pytest.mark.parametrize(
    ("rate", "channels", "field"),
    [(1, 1, "sound.rate"), (900_000, 1, "sound.rate"), (RATE, 64, "sound.channels")],
)
def test_implausible_headers_are_refused(rate: int, channels: int, field: str) -> None:
    payload = bytes(2 * channels * 4000)
    with pytest.raises(MediaError) as caught:
        open_sound(wav_header(len(payload), rate, channels) + payload, LIMITS)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVE", b"fLaC", b"OggS" + bytes(60), b"text"]
)
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(MediaError):
        open_sound(data, LIMITS)


def test_a_format_outside_the_list_is_refused() -> None:
    with pytest.raises(MediaError, match="AIFF"):
        open_sound(encoded(tone(), "AIFF"), LIMITS)


def test_an_offset_alone_is_not_heard() -> None:
    with pytest.raises(MediaError, match="not silent"):
        open_sound(encoded(np.full(RATE, 0.5, np.float32)), LIMITS)
    assert len(open_sound(encoded(0.2 + tone()), LIMITS)[0]) == RATE


def test_silent_and_too_short_are_refused() -> None:
    with pytest.raises(MediaError, match="not silent"):
        open_sound(encoded(np.zeros(RATE, np.float32)), LIMITS)
    with pytest.raises(MediaError, match=r"at least 0\.05 seconds"):
        open_sound(encoded(tone(0.02)), LIMITS)


def noise(amplitude: float, seed: int = 0) -> np.ndarray:
    return (amplitude * np.random.default_rng(seed).standard_normal(RATE)).astype(np.float32)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two sounds, whatever their loudness and sign."""
    return abs(float(one @ other)) / float(np.linalg.norm(one) * np.linalg.norm(other))


INVERTED = {
    "the other, inverted": (tone(), -tone()),
    "and louder": (0.5 * tone(), -tone()),
    "and late": (tone(), -np.roll(tone(), 2)),
    "with noise": (tone() + noise(0.02), -tone() + noise(0.02, 1)),
    "with offsets": (tone() + 0.2, -tone() + 0.2),
    "of broad sound": (noise(0.1), -noise(0.1)),
    "in two of six": (tone(), -tone(), noise(0.001), 0 * tone(), noise(0.001, 1), 0 * tone()),
}


# OGG and MP3 do not keep the sides of noise opposed.
KEPT = [
    (case, form)
    for case in INVERTED
    for form in (("WAV", "FLAC") if case == "of broad sound" else ("WAV", "FLAC", "OGG", "MP3"))
]


@pytest.mark.parametrize(("case", "form"), KEPT)
def test_channels_that_cancel_give_the_loudest(case: str, form: str) -> None:
    channels = np.stack(INVERTED[case], axis=1)
    if form == "MP3":
        channels = channels[:, :2]  # it has no more
    wave, _ = open_sound(encoded(channels, form), LIMITS)
    loudest = channels[:, channels.var(axis=0).argmax()]
    assert likeness(wave[:RATE] - wave[:RATE].mean(), loudest[: len(wave)] - loudest.mean()) > 0.9
    assert np.abs(wave).max() == pytest.approx(np.abs(loudest).max(), rel=0.2)


@pytest.mark.parametrize(
    "channels",
    [
        (tone(), 0.5 * tone()),
        (tone(), 0 * tone()),
        (noise(0.1), noise(0.1, 1)),  # nothing in common
        (tone(), np.roll(tone(), 9)),  # a quarter of a wave apart
        (tone() + 0.3, tone() - 0.3),  # offsets that cancel
        (0 * tone(),) * 5 + (tone(),),  # one speaker of six
    ],
)
def test_other_channels_give_their_mean(channels: tuple[np.ndarray, ...]) -> None:
    data = encoded(np.stack(channels, axis=1), subtype="FLOAT")
    wave, _ = open_sound(data, LIMITS)
    np.testing.assert_array_equal(wave, np.stack(channels, axis=1).mean(axis=1, dtype=np.float32))


def test_floats_beyond_full_scale_come_down_and_infinite_ones_are_refused() -> None:
    wave, _ = open_sound(encoded(tone(amplitude=8.0), subtype="FLOAT"), LIMITS)
    assert np.abs(wave).max() == pytest.approx(1.0, abs=1e-3)
    for bad in (np.nan, np.inf):
        spoilt = tone()
        spoilt[100] = bad
        with pytest.raises(MediaError, match="finite"):
            open_sound(encoded(spoilt, subtype="FLOAT"), LIMITS)


def test_every_bit_flip_gives_a_wave_or_a_media_error() -> None:
    rng = np.random.default_rng(2)
    for form in ("WAV", "FLAC", "OGG"):
        good = encoded(tone(0.3), form)
        for _ in range(60):
            data = bytearray(good)
            for place in rng.integers(0, min(len(data), 400), 3):
                data[place] ^= int(rng.integers(1, 256))
            try:
                wave, _ = open_sound(bytes(data), LIMITS)
                assert np.isfinite(wave).all()
            except MediaError:
                pass
