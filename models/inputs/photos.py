"""Photos as pixel tensors: decoded safely, letterboxed on white, one size."""

import numpy as np
import PIL
from PIL import Image, features

from catalog.media import open_photo
from shelfspace.settings import Media

__all__ = ["DECODER", "letterbox", "photo_pixels"]

DECODER = (
    f"pillow {PIL.__version__}, libjpeg {features.version_codec('jpg')}, "
    f"webp {features.version_module('webp')}, draft, bilinear, letterbox on white, 2"
)
"""Names the pixels exactly: another decoder gives other pixels, so it belongs to their fingerprint."""


def photo_pixels(data: bytes, size: int, limits: Media) -> np.ndarray:
    """A photo as (size, size, 3) uint8 RGB; its aspect ratio is kept, the rest is white.

    A JPEG is decoded at the smallest scale that still has `size` pixels on its shorter side.

    Raises:
        MediaError: the file is refused (`catalog.media.open_photo`).
    """
    return letterbox(open_photo(data, limits, at_least=size), size)


def letterbox(photo: Image.Image, size: int) -> np.ndarray:
    """A decoded RGB photo in the middle of a white square, (size, size, 3) uint8."""
    scale = size / max(photo.size)
    width, height = (max(1, round(side * scale)) for side in photo.size)
    small = photo.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = np.full((size, size, 3), 255, dtype=np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    pixels[top : top + height, left : left + width] = np.asarray(small)
    return pixels
