"""Frozen encoders of two optional libraries: timm's of photos, open_clip's of photos and words.

    timm:<name>                     any name that timm.create_model takes (hf-hub:..., local-dir:...)
    open_clip:<name>/<weights>      such as ViT-B-32/laion2b_s34b_b79k; or hf-hub:..., local-dir:...

Both import torchvision, whose usual builds break beside the CPU build of torch; so they are extras,
imported when asked for. Their photos are prepared by the same Pillow code as all others.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from models.pretrained.clip_text import TowerText
from models.pretrained.loading import IMAGE_FIELD, TEXT_FIELD, absent, place_of
from models.pretrained.photo_recipe import PhotoRecipe
from models.pretrained.photo_vectors import PhotoVectors
from shelfspace.errors import SettingsError

__all__ = ["OpenClipImage", "OpenClipText", "TimmImage", "open_clip_recipe", "timm_recipe"]

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
PANGRAM = "the quick brown fox jumps over the lazy dog, 0123456789!"
SCHEMES = ("hf-hub:", "local-dir:")


def _library(module: str, name: str, field: str = IMAGE_FIELD) -> Any:
    """The optional library, or why it cannot be used here."""
    try:
        return importlib.import_module(module)
    # A torchvision of another torch build fails with RuntimeError (missing operators) or OSError.
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        remedy = (
            f"install the extra (pip install 'shelfspace[{module}]') and a torchvision built for this torch, "
            f"or use transformers:<name or folder>, which needs neither ({reason})"
        )
        raise SettingsError(field, name, remedy) from error


def _recipe(name: str, described: Mapping[str, Any], shortest: int, height: int, width: int) -> PhotoRecipe:
    """What both libraries describe alike: filter, mean and deviation."""
    given = described["interpolation"]
    if given not in FILTERS:
        raise SettingsError(IMAGE_FIELD, name, f"use an encoder that resizes by {' or '.join(FILTERS)}")
    mean, deviation = tuple(described["mean"]), tuple(described["std"])
    return PhotoRecipe(shortest, height, width, int(FILTERS[given]), 1 / 255, mean, deviation)


def timm_recipe(described: Mapping[str, Any], name: str) -> PhotoRecipe:
    """From `timm.data.resolve_model_data_config`: resize by the crop share, then the middle.

    Raises:
        SettingsError: a crop mode that Pillow's recipe does not do.
    """
    _, height, width = described["input_size"]
    share, mode = float(described["crop_pct"]), described.get("crop_mode", "center")
    if (mode == "squash" and share != 1) or mode not in ("center", "squash") or height != width:
        raise SettingsError(IMAGE_FIELD, name, f"use an encoder that crops the middle, not {mode} {share}")
    return _recipe(name, described, math.floor(height / share) if mode == "center" else 0, height, width)


def open_clip_recipe(described: Mapping[str, Any], name: str) -> PhotoRecipe:
    """From the `preprocess_cfg` of an open_clip model's visual half.

    Raises:
        SettingsError: a resize mode that Pillow's recipe does not do.
    """
    size, mode = described["size"], described["resize_mode"]
    height, width = (size, size) if isinstance(size, int) else size
    if mode not in ("shortest", "squash") or (mode == "shortest" and height != width):
        raise SettingsError(
            IMAGE_FIELD, name, f"use an encoder that resizes to shortest or squash, not {mode}"
        )
    return _recipe(name, described, height if mode == "shortest" else 0, height, width)


class TimmImage(PhotoVectors):
    """A timm model without its classifier: its pooled features, normalised.

    Raises:
        SettingsError: timm does not import, or the weights are absent.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        place = place_of(IMAGE_FIELD, name, "timm")
        timm = _library("timm", name)
        try:
            model = timm.create_model(place, pretrained=True, num_classes=0)
        except (OSError, ValueError, RuntimeError) as error:
            raise absent(IMAGE_FIELD, name, error) from error
        recipe = timm_recipe(timm.data.resolve_model_data_config(model), name)
        super().__init__(model.eval().requires_grad_(False).to(device), recipe, device)

    def vectors(self, batch: Any) -> Any:
        return self.model(batch)


def _open_clip(field: str, name: str) -> tuple[Any, str, Any]:
    """The library, the model's name for it, and the model with its weights.

    Raises:
        SettingsError: open_clip does not import, or the weights are absent or not named.
    """
    place = place_of(field, name, "open_clip")
    library = _library("open_clip", name, field)
    kind, _, weights = (place, "", "") if place.startswith(SCHEMES) else place.rpartition("/")
    if not kind:
        remedy = "name the weights too: open_clip:<name>/<weights>, as open_clip.list_pretrained() does"
        raise SettingsError(field, name, remedy)
    try:
        model = library.create_model(kind, pretrained=weights or None, require_pretrained=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise absent(field, name, error) from error
    return library, kind, model.eval().requires_grad_(False)


class OpenClipImage(PhotoVectors):
    """The visual half of an open_clip model, projected and normalised; raises as `_open_clip`."""

    def __init__(self, name: str, device: str = "cpu") -> None:
        _, _, model = _open_clip(IMAGE_FIELD, name)
        super().__init__(model.to(device), open_clip_recipe(model.visual.preprocess_cfg, name), device)

    def vectors(self, batch: Any) -> Any:
        return self.model.encode_image(batch)


class OpenClipText(TowerText):
    """The words' half of an open_clip model, in the space of its photos; raises as `_open_clip`."""

    def __init__(self, name: str, device: str = "cpu", *options: Any) -> None:
        library, kind, model = _open_clip(TEXT_FIELD, name)
        try:
            self.tokenizer = library.get_tokenizer(kind)
        except (OSError, ValueError, ImportError) as error:
            raise absent(TEXT_FIELD, name, error) from error
        # Its tokenizers have no common state to tell; what becomes of a text tells them apart.
        state = self.tokenizer([PANGRAM, PANGRAM.upper(), "红色"]).tolist()
        super().__init__(name, model.to(device), device, state, *options)

    def vectors(self, texts: Sequence[str]) -> Any:
        return self.model.encode_text(self.tokenizer(list(texts)).to(self.device))
