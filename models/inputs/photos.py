"""Photos as pixel tensors: decoded safely, letterboxed on white, one size."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import PIL
from PIL import Image, features

from catalog.media import open_photo
from models.inputs.arrays import Fitted, array
from models.inputs.media_file import MediaFile, in_threads
from shelfspace.hashing import fingerprint
from shelfspace.settings import Media

__all__ = ["DECODER", "Photo", "letterbox", "photo_pixels", "pixels_fingerprint"]

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


class Photo(MediaFile):
    """A photo file."""

    @cached_property
    def pixels(self) -> np.ndarray:
        """(S, S, 3) uint8, see `photo_pixels`."""
        size = self.preprocessing.image_size
        return self.opened(lambda data: photo_pixels(data, size, self.limits))


def pixels_fingerprint(fitted: Fitted) -> str:
    """What decides the pixels of a photo beside its file."""
    return fingerprint([DECODER, fitted.preprocessing.image_size])


@array(
    "image",
    "pixels",
    shape=lambda fitted: ((fitted.preprocessing.image_size, fitted.preprocessing.image_size, 3), "|u1"),
    fingerprint=pixels_fingerprint,
)
def pixels(fitted: Fitted, photos: Sequence[Photo]) -> np.ndarray:
    """(n, S, S, 3) uint8."""
    return np.stack(in_threads(lambda photo: photo.pixels, photos))
