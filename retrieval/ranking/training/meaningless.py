"""Photos and sounds that show nothing: plain colours, noise, patterns, tones; the same every time."""

import io
from collections.abc import Iterator

import numpy as np

__all__ = ["meaningless"]

SIDE = 192
RATE, SECONDS = 16_000, 2
EACH = 5
PLAIN = ((0, 0, 0), (255, 255, 255), (128, 128, 128))
FAINT = 1e-3

Random = np.random.Generator


def meaningless(modality: str) -> list[bytes]:
    """Encoded photos (`image`) or sounds (`audio`)."""
    chance = np.random.default_rng(0)
    return [_jpeg(one) for one in _photos(chance)] if modality == "image" else list(_sounds(chance))


def _photos(chance: Random) -> Iterator[np.ndarray]:
    """(SIDE, SIDE, 3) values from 0 to 255."""
    whole, down = np.ones((SIDE, SIDE, 1)), np.linspace(0, 1, SIDE)[:, None, None]
    squares = np.indices((SIDE, SIDE))
    for colour in PLAIN:
        yield whole * colour
    for size in range(EACH):
        yield whole * chance.uniform(0, 255, 3)
        yield chance.uniform(0, 255, (SIDE, SIDE, 3))
        yield np.clip(chance.normal(128, 25, (SIDE, SIDE, 1)) * np.ones(3), 0, 255)
        yield np.kron(chance.uniform(0, 255, (SIDE // 24, SIDE // 24, 3)), np.ones((24, 24, 1)))
        yield chance.uniform(0, 255, 3) * down * np.ones((1, SIDE, 1)) + 40 * (1 - down)
        yield np.where((squares // (4 << size)).sum(0)[..., None] % 2, chance.uniform(0, 255, 3), 255.0)


def _jpeg(values: np.ndarray) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _sounds(chance: Random) -> Iterator[bytes]:
    """Encoded sounds of nothing that anybody sells."""
    import soundfile

    size = RATE * SECONDS
    time = np.arange(size) / RATE
    for number in range(EACH):
        white = chance.normal(0, 1, size)
        walk = np.cumsum(white) - np.linspace(0, white.sum(), size)
        tone = np.sin(2 * np.pi * chance.uniform(60, 4000) * time)
        loud = 0.5 ** (number + 1)
        for wave in (
            0.2 * white,
            FAINT * white,
            walk / np.abs(walk).max(),
            tone,
            tone * (np.sin(2 * np.pi * chance.uniform(2, 9) * time) > 0),
            np.sin(2 * np.pi * (50 + chance.uniform(200, 2000) * time) * time),
            (np.arange(size) % int(RATE / chance.uniform(1, 20)) == 0).astype(float),
        ):
            stream = io.BytesIO()
            soundfile.write(stream, np.clip(loud * wave, -1, 1), RATE, format="WAV", subtype="PCM_16")
            yield stream.getvalue()
