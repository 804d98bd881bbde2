"""Opening one sound: checks of its header first, then a decode that stops at the cap."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile

from catalog.media.headers import check_file, wav_shortage
from shelfspace.errors import MediaError
from shelfspace.settings import Media

__all__ = ["SoundFacts", "loudest_of_cancelled", "open_sound", "probe_sound"]

MAX_CHANNELS = 8
SAMPLE_RATES = (2_000, 384_000)
"""Plausible sample rates, in Hz; outside of them the header is wrong."""

MIN_SECONDS = 0.05
SILENCE = 1e-4
"""Peak amplitude (of 1.0) below which a recording holds nothing to hear."""

CANCELLED = 0.5
"""Power of the mean, over that of channels that have nothing in common, below which the channels cancel: two
have a correlation of less than -0.5 then, which stereo of a room has not."""

PART_SECONDS = 0.05
"""Length of the parts of a sound that are silent or not; a sound has one at least (`MIN_SECONDS`)."""
QUIET = 1e-6
"""Mean power (of 1.0) under which a part is silent: -60 dB of full scale."""

BLOCK_FRAMES = 1 << 16
UNKNOWN_FRAMES = 1 << 40
"""Frame counts from here on mean that the header does not say (a streamed file)."""


@dataclass(frozen=True)
class SoundFacts:
    """What a decodable sound is: length in seconds, rate in Hz, channels, libsndfile format, file size; its
    loudness, the mean power in dB of full scale, and silence, the share of its parts under -60 dB."""

    seconds: float
    rate: int
    channels: int
    format: str
    bytes: int
    loudness: float = 0.0
    silence: float = 0.0


def open_sound(data: bytes, limits: Media) -> tuple[np.ndarray, int]:
    """Decode a sound to one channel, float32 within -1..1: the mean of all, or the loudest where they cancel
    one another, as a recording with one channel inverted does.

    Memory follows what is really decoded and never what the header claims: blocks are mixed as
    they come, and reading stops at the cap.

    Returns:
        (frames,) float32 and the sample rate in Hz. A float recording beyond full scale is
        scaled down to it.

    Raises:
        MediaError: no allowed format, over a cap, truncated, damaged, too short or silent.
    """
    wave, facts = _decode_sound(data, limits)
    return wave, facts.rate


def probe_sound(data: bytes, limits: Media) -> SoundFacts:
    """Facts of a sound that decodes to its end and can be heard.

    Raises:
        MediaError: as `open_sound`.
    """
    return _decode_sound(data, limits)[1]


def _decode_sound(data: bytes, limits: Media) -> tuple[np.ndarray, SoundFacts]:
    found = check_file(data, "sound", limits.sound_formats, limits.max_sound_bytes)
    remedy = "send the whole, undamaged file; it does not decode"
    try:
        missing = wav_shortage(data) if found == "WAV" else 0
        if missing:
            raise MediaError("sound.data", f"{missing} bytes fewer than its header says", remedy)
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_sound_header(file, limits)
            wave, peak, loudest = _mixed(file, limits)
            claimed, rate, channels = file.frames, file.samplerate, file.channels
        if loudest is not None:
            wave = _one_channel(data, loudest)
    except soundfile.LibsndfileError as error:  # its str() carries a memory address
        raise MediaError("sound.data", f"{found}: {error.error_string}", remedy) from error
    except ValueError as error:
        raise MediaError("sound.data", f"{found}: {error}", remedy) from error
    if len(wave) < min(0.98 * claimed, claimed - 0.05 * rate) and claimed < UNKNOWN_FRAMES:
        raise MediaError("sound.data", f"{len(wave)} of {claimed} frames", remedy)
    if len(wave) < MIN_SECONDS * rate:
        raise MediaError("sound.seconds", len(wave) / rate, f"send at least {MIN_SECONDS} seconds")
    if not np.isfinite(peak):
        raise MediaError("sound.data", "samples that are not finite", "send a recording of finite samples")
    heard = float(np.abs(wave - wave.mean(dtype=np.float64)).max())  # an offset is not heard
    if min(peak, heard) < SILENCE:
        raise MediaError("sound.peak", min(peak, heard), "send a recording that is not silent")
    loudness, silence = _heard(wave, rate)
    if peak > 1:
        wave /= peak
    return wave, SoundFacts(len(wave) / rate, rate, channels, found, len(data), loudness, silence)


def _heard(wave: np.ndarray, rate: int) -> tuple[float, float]:
    """Loudness and silence of a wave, see `SoundFacts`; an offset is not heard."""
    part = max(1, round(PART_SECONDS * rate))
    power = np.square(wave - wave.mean(dtype=np.float64), dtype=np.float64)
    parts = np.add.reduceat(power, np.arange(0, len(power) - part + 1, part)) / part
    quiet = float((parts < QUIET).mean())
    return round(10 * float(np.log10(max(power.mean(), 1e-12))), 3), round(quiet, 4)


def _check_sound_header(file: soundfile.SoundFile, limits: Media) -> None:
    if not 1 <= file.channels <= MAX_CHANNELS:
        raise MediaError("sound.channels", file.channels, f"send 1 to {MAX_CHANNELS} channels")
    low, high = SAMPLE_RATES
    if not low <= file.samplerate <= high:
        raise MediaError("sound.rate", file.samplerate, f"send a sample rate of {low} to {high} Hz")
    if file.frames < UNKNOWN_FRAMES:
        _check_seconds(file.frames / file.samplerate, limits)


def _check_seconds(seconds: float, limits: Media) -> None:
    if seconds > limits.max_sound_seconds:
        raise MediaError(
            "sound.seconds", round(seconds, 3), f"send at most {limits.max_sound_seconds:g} seconds"
        )


def _mixed(file: soundfile.SoundFile, limits: Media) -> tuple[np.ndarray, float, int | None]:
    """All frames, mixed to one channel block by block, the peak of any channel, and, where the channels
    cancel one another, the loudest of them."""
    blocks: list[np.ndarray] = []
    frames, peak = 0, 0.0
    sums, squares = np.zeros(file.channels + 1), np.zeros(file.channels + 1)
    while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        frames += len(block)
        _check_seconds(frames / file.samplerate, limits)
        peak = float(np.maximum(peak, np.abs(block).max()))  # keeps a NaN
        mixed = block.mean(axis=1, dtype=np.float32)
        blocks.append(mixed)
        if file.channels > 1 and np.isfinite(peak):
            both = np.column_stack([block, mixed]).astype(np.float64)
            sums += both.sum(axis=0)
            squares += np.square(both).sum(axis=0)
    wave = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    power = squares / max(frames, 1) - (sums / max(frames, 1)) ** 2  # an offset is not heard
    return wave, peak, loudest_of_cancelled(power)


def loudest_of_cancelled(power: np.ndarray) -> int | None:
    """Which channel is the loudest, where they cancel one another; None where their mean is heard.

    Args:
        power: (channels + 1,) of each channel, and of their mean.
    """
    channels = len(power) - 1
    cancelled = power[-1] < CANCELLED * power[:-1].sum() / channels**2
    return int(power[:-1].argmax()) if cancelled else None


def _one_channel(data: bytes, channel: int) -> np.ndarray:
    """One channel of a sound that was read before."""
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        blocks: list[np.ndarray] = []
        while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
            blocks.append(block[:, channel].copy())
        return np.concatenate(blocks)
