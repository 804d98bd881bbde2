"""A product's own sound, and the same as another microphone would have it."""

import base64
import io
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import soundfile
from scipy.signal import resample_poly

from benchmarks.shopper.intention import Intention, drawn, first_among, generator
from benchmarks.shopper.shop import Shop

__all__ = ["RECORDINGS", "rerecorded", "sound_intentions"]

SOUNDS = 100
Random = np.random.Generator
Sound = tuple[np.ndarray, int]
"""(n,) samples and their rate in hertz."""


def sound_intentions(shop: Shop) -> Iterator[Intention]:
    """Questions with the sounds of some products."""
    for one in drawn([one for one in shop.products if one.sound], SOUNDS, "sounds"):
        data = shop.media.read(one.sound)
        same = shop.same_file("sound", one.sound) | {one.product_id}
        wanted = f"the product of the sound: {one.title}"
        own = {"sound": base64.b64encode(data).decode()}
        yield Intention("own sound", own, first_among(same), wanted, row="own_sound_first")
        for name in RECORDINGS:
            again = rerecorded(name, data, f"{one.product_id} {name}")
            yield Intention(
                f"sound, {name}", {"sound": base64.b64encode(again).decode()}, first_among(same, 10), wanted,
                row="rerecorded_sound_top10",
            )  # fmt: skip


def rerecorded(way: str, data: bytes, seed: str) -> bytes:
    """A sound as WAV of 16 bits after one of the RECORDINGS; the same seed gives the same sound."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    changed, rate = RECORDINGS[way]((samples.mean(axis=1), rate), generator(seed))
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(changed, -1, 1), rate, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def louder(sound: Sound, random: Random) -> Sound:
    """By 4 to 12 decibels up or down; what does not fit is clipped, as a microphone does."""
    decibels = random.uniform(4, 12) * random.choice([-1, 1])
    return sound[0] * 10 ** (decibels / 20), sound[1]


def noisy(sound: Sound, random: Random) -> Sound:
    """With noise 15 to 25 decibels below it."""
    samples, rate = sound
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-random.uniform(15, 25) / 20)
    return samples + random.normal(0, 1, len(samples)) * level, rate


def resampled(sound: Sound, random: Random) -> Sound:
    """At the rate of a telephone or of a CD."""
    samples, rate = sound
    wanted = int(random.choice([8000, 11025, 44100]))
    ratio = Fraction(wanted, rate)
    return resample_poly(samples, ratio.numerator, ratio.denominator), wanted


def cut(sound: Sound, random: Random) -> Sound:
    """Begun too late and ended too early: four fifths of it."""
    samples, rate = sound
    kept = int(len(samples) * 0.8)
    start = int(random.integers(len(samples) - kept + 1))
    return samples[start : start + kept], rate


def held_up(sound: Sound, random: Random) -> Sound:
    """All of it at once."""
    for change in (cut, louder, noisy, resampled):
        sound = change(sound, random)
    return sound


RECORDINGS: dict[str, Callable[[Sound, Random], Sound]] = {
    "louder or softer": louder,
    "with noise": noisy,
    "at another rate": resampled,
    "cut": cut,
    "recorded by hand": held_up,
}
