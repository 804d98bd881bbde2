"""What an image encoder wants done to a photo, done with Pillow as its preprocessor_config.json says.

The file's usual reader needs torchvision, which does not install beside the CPU build of torch.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from catalog.media import open_photo
from shelfspace.errors import SettingsError
from shelfspace.settings import Media

__all__ = ["PhotoRecipe"]


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

    @classmethod
    def read(cls, described: dict[str, Any], field: str) -> "PhotoRecipe":
        """From the content of a preprocessor_config.json.

        Raises:
            SettingsError: sizes of a kind that no encoder known here has.
        """
        size, crop = described.get("size", 224), described.get("crop_size")
        if not described.get("do_center_crop", crop is not None):
            crop = None
        shortest = size.get("shortest_edge", 0) if isinstance(size, dict) else size if crop else 0
        frame = crop or size
        height, width = (
            (frame.get("height"), frame.get("width")) if isinstance(frame, dict) else (frame, frame)
        )
        if not height or not width or not described.get("do_resize", True):
            remedy = "use an encoder whose size is height and width or has a crop size"
            raise SettingsError(field, size, remedy)
        normalise = described.get("do_normalize", True)
        return cls(
            shortest=int(shortest),
            height=int(height),
            width=int(width),
            resample=int(described.get("resample", Image.Resampling.BICUBIC)),
            scale=float(described.get("rescale_factor", 1 / 255))
            if described.get("do_rescale", True)
            else 1.0,
            mean=tuple(described["image_mean"]) if normalise else (0.0, 0.0, 0.0),
            deviation=tuple(described["image_std"]) if normalise else (1.0, 1.0, 1.0),
        )

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form, for fingerprints."""
        return asdict(self)

    def open(self, data: bytes, limits: Media) -> np.ndarray:
        """A photo file as input, (3, height, width) float32.

        Raises:
            MediaError: the file is refused (`catalog.media.open_photo`).
        """
        return self.prepare(open_photo(data, limits, at_least=max(self.shortest, self.height, self.width)))

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """A decoded RGB photo as input, (3, height, width) float32."""
        width, height = photo.size
        if self.shortest:
            # Truncated as transformers does it, never rounded.
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
        left, top = (photo.width - self.width) // 2, (photo.height - self.height) // 2
        return photo.crop((left, top, left + self.width, top + self.height))
