"""Photos and sounds as they would be taken again: what a steady vector of them should not depend on."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["again"]

Random = np.random.Generator


def again(modality: str, data: bytes, seed: int) -> list[bytes]:
    """A photo (`image`) or a sound (`audio`) taken again in several ways; the same seed gives the same.

    Raises:
        OSError, RuntimeError: the file cannot be read.
    """
    chance = np.random.default_rng(seed)
    return _photos(data, chance) if modality == "image" else _sounds(data, chance)


def _photos(data: bytes, chance: Random) -> list[bytes]:
    from PIL import Image, ImageEnhance, ImageFilter

    with Image.open(io.BytesIO(data)) as opened:
        photo = opened.convert("RGB")

    def cropped(of: Any) -> Any:
        wide, high = (max(1, round(side * chance.uniform(0.75, 0.95))) for side in of.size)
        left, top = (int(chance.integers(a - b + 1)) for a, b in zip(of.size, (wide, high), strict=True))
        return of.crop((left, top, left + wide, top + high))

    def turned(of: Any) -> Any:
        corner = of.getpixel((0, 0))
        return of.rotate(chance.uniform(-15, 15), Image.Resampling.BILINEAR, fillcolor=corner)

    def lit(of: Any) -> Any:
        return ImageEnhance.Brightness(of).enhance(chance.uniform(0.6, 1.4))

    def blurred(of: Any) -> Any:
        return of.filter(ImageFilter.GaussianBlur(min(of.size) * chance.uniform(0.005, 0.02)))

    def further(of: Any) -> Any:
        share, ground = chance.uniform(0.8, 0.95), tuple(int(v) for v in chance.integers(90, 256, 3))
        scene = Image.new("RGB", of.size, ground)
        small = of.resize((max(1, round(of.width * share)), max(1, round(of.height * share))))
        scene.paste(small, ((of.width - small.width) // 2, (of.height - small.height) // 2))
        return scene

    ways: tuple[Callable[[Any], Any], ...] = (cropped, turned, lit, blurred, further)
    pictures = [way(photo) for way in ways]
    pictures.append(blurred(lit(turned(cropped(photo)))))
    found = []
    for picture in pictures:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=80)
        found.append(stream.getvalue())
    return found


def _sounds(data: bytes, chance: Random) -> list[bytes]:
    import soundfile
    from scipy.signal import resample_poly

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float64", always_2d=True)
    sound = samples.mean(axis=1)

    def softer(of: np.ndarray) -> np.ndarray:
        return np.clip(of * 10 ** (chance.uniform(-12, 12) / 20), -1, 1)

    def noisy(of: np.ndarray) -> np.ndarray:
        level = np.sqrt(np.mean(of**2)) * 10 ** (-chance.uniform(15, 30) / 20)
        return of + chance.normal(0, 1, len(of)) * level

    def narrow(of: np.ndarray) -> np.ndarray:
        """As a telephone has it: nothing above a half or a third of the pitch."""
        down = int(chance.integers(2, 4))
        return np.asarray(resample_poly(resample_poly(of, 1, down), down, 1))[: len(of)]

    def cut(of: np.ndarray) -> np.ndarray:
        kept = max(1, int(len(of) * chance.uniform(0.75, 0.95)))
        start = int(chance.integers(len(of) - kept + 1))
        return of[start : start + kept]

    ways: tuple[Callable[[np.ndarray], np.ndarray], ...] = (softer, noisy, narrow, cut)
    found = []
    for changed in (*(way(sound) for way in ways), narrow(noisy(softer(cut(sound))))):
        stream = io.BytesIO()
        soundfile.write(stream, np.clip(changed, -1, 1), rate, format="WAV", subtype="PCM_16")
        found.append(stream.getvalue())
    return found
