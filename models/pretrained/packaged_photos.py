"""Photo vectors by weights that come in a package: EfficientNet-Lite0, trained on ImageNet.

    efficientnet_lite0                      a photo padded with white to a square (extra `pretrained`)
    efficientnet_lite0:<view>+<view>+...    the mean over several views of it: padded, squeezed, centre

The weights are kept with the featurizer as safetensors, so a model sees the same wherever it is loaded,
the package there or not. On this project's CPU a photo takes 15 ms in float32, channels last (11 ms in
bfloat16, whose numbers other machines do not repeat; batches are no faster): one call a photo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catalog.media import open_photo
from models.encoders.image.efficientnet_lite import SIDE, EfficientNetLite0
from models.pretrained.loading import IMAGE_FIELD, PACKAGED
from models.pretrained.photo_vectors import PhotoVectors
from shelfspace.errors import SettingsError
from shelfspace.files import reading
from shelfspace.settings import Media

__all__ = ["PackagedPhotos", "Views", "load_kept_image"]

WHITE = "white"


def padded(photo: Image.Image) -> Image.Image:
    """The whole photo in the middle of a white square."""
    scale = SIDE / max(photo.size)
    width, height = (max(1, round(side * scale)) for side in photo.size)
    square = Image.new("RGB", (SIDE, SIDE), WHITE)
    square.paste(_resized(photo, width, height), ((SIDE - width) // 2, (SIDE - height) // 2))
    return square


def squeezed(photo: Image.Image) -> Image.Image:
    """The whole photo as it is, its sides made equal."""
    return _resized(photo, SIDE, SIDE)


def centre(photo: Image.Image) -> Image.Image:
    """The largest square in its middle."""
    scale = SIDE / min(photo.size)
    width, height = (max(SIDE, round(side * scale)) for side in photo.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return _resized(photo, width, height).crop((left, top, left + SIDE, top + SIDE))


def _resized(photo: Image.Image, width: int, height: int) -> Image.Image:
    return photo.resize((width, height), Image.Resampling.BICUBIC)


VIEWS = {"padded": padded, "squeezed": squeezed, "centre": centre}


@dataclass(frozen=True)
class Views:
    """What is done to a photo: each view (RGB 0..255 - 127) / 128.

    Attributes:
        names: views, of `VIEWS`.
    """

    names: tuple[str, ...] = ("padded",)
    height: int = SIDE
    width: int = SIDE

    @classmethod
    def read(cls, name: str) -> "Views":
        """From an encoder's name.

        Raises:
            SettingsError: a view that there is not.
        """
        _, colon, asked = name.partition(":")
        names = tuple(asked.split("+")) if colon else ("padded",)
        if set(names) - set(VIEWS) or len(set(names)) < len(names):
            remedy = f"write {PACKAGED}, or {PACKAGED}:{'+'.join(VIEWS)} or some of these views"
            raise SettingsError(IMAGE_FIELD, name, remedy)
        return cls(names)

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form, for fingerprints."""
        return {"views": list(self.names), "side": SIDE, "filter": "bicubic", "code": 1}

    def open(self, data: bytes, limits: Media) -> np.ndarray:
        """A photo file as input, (3 * views, SIDE, SIDE) float32.

        Raises:
            MediaError: the file is refused (`catalog.media.open_photo`).
        """
        return self.prepare(open_photo(data, limits, at_least=SIDE))

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """A decoded RGB photo as input, (3 * views, SIDE, SIDE) float32."""
        views = [np.asarray(VIEWS[name](photo), dtype=np.float32) for name in self.names]
        return np.ascontiguousarray(np.concatenate(views, axis=2).transpose(2, 0, 1) - 127) / np.float32(128)


class PackagedPhotos(PhotoVectors):
    """EfficientNet-Lite0's vectors of photos, of unit length; over several views their mean."""

    def __init__(self, name: str, weights: Mapping[str, Any], device: str = "cpu") -> None:
        import torch

        model = EfficientNetLite0()
        model.load_state_dict(weights)
        model.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(model, Views.read(name), device)

    def vectors(self, batch: Any) -> Any:
        import torch

        views = batch.reshape(-1, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
        return self.model(views).reshape(len(batch), -1, self.model.head.out_channels).mean(dim=1)

    def save(self, path: Path) -> None:
        """Keep the weights, as safetensors."""
        from safetensors.torch import save_file

        save_file({k: v.cpu().contiguous() for k, v in self.model.state_dict().items()}, str(path))


@lru_cache(maxsize=4)
def load_kept_image(name: str, device: str, path: Path, fingerprint: str) -> PackagedPhotos:
    """The encoder with weights that `save` kept.

    Args:
        fingerprint: what it was when it was kept: a file that is replaced is read again.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    with reading(path, RuntimeError, SafetensorError):
        return PackagedPhotos(name, load_file(str(path)), device)
