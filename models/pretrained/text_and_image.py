"""Frozen pretrained encoders by name: sentence vectors and image vectors, never trained here.

    minilm                                    the packaged all-MiniLM-L6-v2 (extra `minilm`)
    sentence-transformers:<name or folder>    a text encoder, as its own library reads it
    transformers:<name or folder>             an image encoder: CLIP, SigLIP, ViT, DINOv2, ...; for texts
                                              the other half of a CLIP-like one
    efficientnet_lite0                        image vectors by packaged weights (extra `pretrained`)
    timm:<name>, open_clip:<name>/<weights>   image encoders of optional libraries; open_clip's texts too

Folders load from the disk, names from the local cache or the hub (HF_HUB_OFFLINE is respected).
"""

from typing import TYPE_CHECKING, Any

from models.pretrained.loading import IMAGE_FIELD, PACKAGED, loaded_once, one_vector, place_of, pretrained
from models.pretrained.photo_recipe import PhotoProcessor
from models.pretrained.photo_vectors import PhotoVectors

if TYPE_CHECKING:
    from models.pretrained.clip_text import TowerText
    from models.pretrained.sentence import FrozenText

__all__ = ["FrozenImage", "load_frozen_image", "load_frozen_text"]


class FrozenImage(PhotoVectors):
    """A transformers image encoder: CLIP's projected vector, else the pooled or first token's.

    Photos are prepared by its own image processor.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, takes patches, or gives several vectors.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        place = place_of(IMAGE_FIELD, name, "transformers")
        self.name = name
        super().__init__(pretrained(IMAGE_FIELD, name, place, device), PhotoProcessor(name, place), device)

    def vectors(self, batch: Any) -> Any:
        batch = batch.to(self.model.dtype)
        if hasattr(self.model, "get_image_features"):
            found = self.model.get_image_features(pixel_values=batch)
            found = getattr(found, "pooler_output", found)
        else:
            output = self.model(pixel_values=batch)
            found = getattr(output, "pooler_output", None)
            found = output.last_hidden_state[:, 0] if found is None else found
        return one_vector(IMAGE_FIELD, self.name, found)


@loaded_once
def load_frozen_text(
    name: str,
    device: str,
    query_prompt: str | None = None,
    product_prompt: str | None = None,
    dim: int | None = None,
) -> "FrozenText | TowerText":
    """The named text encoder; prompts and length are those of `FrozenText`."""
    if name.startswith("transformers:"):
        from models.pretrained.clip_text import FrozenClipText

        return FrozenClipText(name, device, query_prompt, product_prompt, dim)
    if name.startswith("open_clip:"):
        from models.pretrained.timm_open_clip import OpenClipText

        return OpenClipText(name, device, query_prompt, product_prompt, dim)
    from models.pretrained.sentence import FrozenText

    return FrozenText(name, device, query_prompt, product_prompt, dim)


@loaded_once
def load_frozen_image(name: str, device: str) -> PhotoVectors:
    """The named image encoder."""
    if name.partition(":")[0] == PACKAGED:
        from models.encoders.image.efficientnet_lite import packaged_weights
        from models.pretrained.packaged_photos import PackagedPhotos

        return PackagedPhotos(name, packaged_weights(), device)
    if name.startswith(("timm:", "open_clip:")):
        from models.pretrained.timm_open_clip import OpenClipImage, TimmImage

        return (TimmImage if name.startswith("timm:") else OpenClipImage)(name, device)
    return FrozenImage(name, device)
