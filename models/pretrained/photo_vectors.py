"""Photos to vectors by a pretrained network, in batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from models.inputs.photos import DECODER
from models.pretrained.loading import in_calls, unit_length, weights_hash
from models.pretrained.photo_recipe import Recipe
from shelfspace.hashing import fingerprint

__all__ = ["PhotoVectors"]


class PhotoVectors:
    """What image encoders share: photos prepared by a recipe, vectors normalised.

    A subclass gives `vectors(batch)`.

    Attributes:
        dim: length of a vector.
        recipe: how a photo becomes its input.
        fingerprint: of weights, recipe and photo decoder.
    """

    def __init__(self, model: Any, recipe: Recipe, device: str) -> None:
        self.model, self.recipe, self.device = model, recipe, device
        self.dim = int(self._call([recipe.prepare(Image.new("RGB", (64, 48)))]).shape[1])
        self.fingerprint = fingerprint(["image", 3, DECODER, recipe.described, weights_hash(model)])

    def vectors(self, batch: Any) -> Any:
        """(B, 3, height, width) tensor to (B, dim) tensor, not normalised."""
        raise NotImplementedError

    def encode(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """(n, dim) float32, unit length, of n inputs (3, height, width) float32 made by `recipe`."""
        return in_calls(inputs, self._call, self.dim, self.device, lambda _: 0)

    def _call(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return unit_length(self.vectors(torch.from_numpy(np.stack(inputs)).to(self.device)))
