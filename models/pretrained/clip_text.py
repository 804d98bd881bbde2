"""The text half of a CLIP-like encoder: words in the space of its photos.

`features.text_encoder: transformers:<folder>` beside `features.image_encoder: transformers:<folder>`
lets one pretrained encoder see both sides of a product.
"""

from collections.abc import Sequence

import numpy as np

from models.pretrained.loading import (
    TEXT_FIELD,
    absent,
    in_calls,
    place_of,
    pretrained,
    unit_length,
    weights_hash,
)
from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint

__all__ = ["FrozenClipText"]


class FrozenClipText:
    """Projected text vectors of CLIP (Radford 2021), SigLIP and their like, normalised.

    Attributes:
        dim: length of a vector, that of the encoder's photos.
        fingerprint: of weights and tokenizer.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or has no text half.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        from transformers import AutoTokenizer

        place = place_of(TEXT_FIELD, name, "transformers")
        self.model = pretrained(TEXT_FIELD, name, place, device)
        if not hasattr(self.model, "get_text_features"):
            remedy = "use a CLIP-like encoder here, or sentence-transformers:<name or folder>"
            raise SettingsError(TEXT_FIELD, name, remedy)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(place)
        except (OSError, ValueError) as error:
            raise absent(TEXT_FIELD, name, error) from error
        longest = int(self.model.config.text_config.max_position_embeddings)
        self.length = min(longest, int(self.tokenizer.model_max_length))
        # SigLIP was trained on texts padded to the full length, and reads its last place.
        self.padding = "max_length" if "siglip" in self.model.config.model_type else True
        self.device = device
        self.dim = int(self._call(["a"]).shape[1])
        vocabulary = self.tokenizer.backend_tokenizer.to_str()
        self.fingerprint = fingerprint(["clip-text", 1, self.length, vocabulary, weights_hash(self.model)])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, of n texts."""
        return in_calls(texts, self._call, self.dim, self.device, len)

    def _call(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        batch = self.tokenizer(
            list(texts), padding=self.padding, truncation=True, max_length=self.length, return_tensors="pt"
        ).to(self.device)
        kept = {key: batch[key] for key in ("input_ids", "attention_mask") if key in batch}
        with torch.inference_mode():
            found = self.model.get_text_features(**kept)
            return unit_length(getattr(found, "pooler_output", found))
