"""What an image encoder wants done to a photo: by its own processor, or as its library describes it.

Both by Pillow alone: torchvision does not install beside the CPU build of torch. A photo is decoded whole.
A JPEG decoded at half or a quarter of its size takes a third of the time, and gives vectors 0.994 to 0.999
alike (ImageNet's EfficientNet-Lite0, photos of 1,400 pixels), where 0.9999 is asked for.
"""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from catalog.media import open_photo
from models.pretrained.loading import IMAGE_FIELD, absent, quiet
from shelfspace.errors import SettingsError
from shelfspace.settings import Media

__all__ = ["PhotoProcessor", "PhotoRecipe", "Recipe"]

TRIED = ((40, 30), (30, 90))
"""Sizes of blank photos that tell whether all photos come out alike."""


class Recipe(Protocol):
    """How a photo becomes an encoder's input."""

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form, for fingerprints."""

    def open(self, data: bytes, limits: Media) -> np.ndarray:
        """A photo file as input, (3, height, width) float32.

        Raises:
            MediaError: the file is refused (`catalog.media.open_photo`).
        """

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """A decoded RGB photo as input, (3, height, width) float32."""


class PhotoProcessor:
    """Photos prepared by the image processor of transformers that the encoder's files name, by Pillow.

    Raises:
        SettingsError: its description is absent, it needs torchvision, or it makes patches, or arrays
            whose size depends on the photo.
    """

    def __init__(self, name: str, place: str) -> None:
        from transformers import AutoImageProcessor

        try:
            with quiet():
                self.processor: Any = AutoImageProcessor.from_pretrained(
                    place, backend="pil", trust_remote_code=False
                )
        except (OSError, ValueError, ImportError) as error:
            raise absent(IMAGE_FIELD, name, error) from error
        made = [self._made(Image.new("RGB", size)) for size in TRIED]
        given = sorted(set().union(*made))
        shapes = {one["pixel_values"].shape for one in made if "pixel_values" in one}
        if given != ["pixel_values"] or len(shapes) != 1 or len(next(iter(shapes))) != 3:
            sizes = " or ".join(" x ".join(map(str, shape)) for shape in sorted(shapes))
            taken = f"{', '.join(given)} of {sizes} numbers"
            remedy = f"use an encoder of whole photos of one size; this one takes {taken}"
            raise SettingsError(IMAGE_FIELD, name, remedy)

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form, for fingerprints."""
        return dict(self.processor.to_dict())

    def open(self, data: bytes, limits: Media) -> np.ndarray:
        """See `Recipe`."""
        return self.prepare(open_photo(data, limits))

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """See `Recipe`."""
        return np.ascontiguousarray(self._made(photo)["pixel_values"], dtype=np.float32)

    def _made(self, photo: Image.Image) -> dict[str, np.ndarray]:
        return {
            key: np.asarray(value[0]) for key, value in self.processor(photo, return_tensors="np").items()
        }


@dataclass(frozen=True)
class PhotoRecipe:
    """Resize, crop, scale and normalise.

    Attributes:
        shortest: resize so that the shorter side has this many pixels; 0: resize to height x width.
        height, width: of the result, in pixels; cropped from the middle where `shortest` is set.
        resample: Pillow's number of the filter.
        scale: factor of the 0..255 values.
        mean, deviation: per channel, after scaling.
    """

    shortest: int
    height: int
    width: int
    resample: int
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form, for fingerprints."""
        return asdict(self)

    def open(self, data: bytes, limits: Media) -> np.ndarray:
        """A photo file as input, (3, height, width) float32.

        Raises:
            MediaError: the file is refused (`catalog.media.open_photo`).
        """
        return self.prepare(open_photo(data, limits))

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """A decoded RGB photo as input, (3, height, width) float32."""
        width, height = photo.size
        if self.shortest:
            # Truncated as torchvision does it, never rounded.
            long = int(self.shortest * max(width, height) / min(width, height))
            new = (self.shortest, long) if width <= height else (long, self.shortest)
        else:
            new = (self.width, self.height)
        small = photo.resize(new, Image.Resampling(self.resample))
        if self.shortest:
            small = self._middle(small)
        values = np.asarray(small, dtype=np.float32) * np.float32(self.scale)
        mean, deviation = (np.asarray(v, dtype=np.float32) for v in (self.mean, self.deviation))
        values = (values - mean) / deviation
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def _middle(self, photo: Image.Image) -> Image.Image:
        """The middle height x width pixels; black where the photo is smaller."""
        # Rounded as torchvision does it, half to even; a pixel aside gives other vectors.
        left, top = round((photo.width - self.width) / 2), round((photo.height - self.height) / 2)
        return photo.crop((left, top, left + self.width, top + self.height))
