"""The array `colour`: what colours the things in photos have (`catalog.media.colours`)."""

from collections.abc import Sequence

import numpy as np

from catalog.media.colours import CODE, colour_size, photo_colours
from models.inputs.arrays import Fitted, array
from models.inputs.media_file import in_threads
from models.inputs.photos import DECODER, Photo
from shelfspace.hashing import fingerprint

__all__ = ["COLOUR"]

COLOUR = "colour"
"""The array's name, and that of the evidence it gives."""


@array(
    "image",
    COLOUR,
    shape=lambda fitted: ((colour_size(),), "<f4"),
    fingerprint=lambda fitted: fingerprint(["colour", CODE, DECODER]),
)
def colours(fitted: Fitted, photos: Sequence[Photo]) -> np.ndarray:
    """(n, colour_size()) float32 of unit length."""

    def one(photo: Photo) -> np.ndarray:
        return photo.opened(lambda data: photo_colours(data, photo.limits))

    return np.stack(in_threads(one, photos))
