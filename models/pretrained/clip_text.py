"""The words' half of a CLIP-like encoder: texts in the space of its photos, or of CLAP's sounds.

`features.text_encoder: transformers:<folder>` beside `features.image_encoder: transformers:<folder>`
lets one pretrained encoder see both sides of a product.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.pretrained.loading import (
    TEXT_FIELD,
    absent,
    in_calls,
    one_vector,
    place_of,
    pretrained,
    tokenizer_state,
    unit_length,
    weights_hash,
)
from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint

__all__ = ["FrozenClipText", "TowerText"]


class TowerText:
    """What such encoders share: prompts, one call a text, unit length. A subclass gives `vectors(texts)`.

    Args:
        state: JSON-able, all that decides a vector beside the weights and the prompts.
        query_prompt, product_prompt: put before a query and before a product; None for nothing.
        dim: none, since vectors of texts and photos together are not trained to be cut.

    Attributes:
        dim: length of a vector, that of the encoder's photos.
        fingerprint: of weights, tokenizer and prompts.

    Raises:
        SettingsError: the vectors are to be cut.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        device: str,
        state: Any,
        query_prompt: str | None = None,
        product_prompt: str | None = None,
        dim: int | None = None,
    ) -> None:
        if dim is not None:
            remedy = "leave it null: vectors of texts and photos together are not trained to be cut"
            raise SettingsError("features.text_dim", dim, remedy)
        self.name, self.model, self.device = name, model, device
        self.prompts = {"query": query_prompt or "", "document": product_prompt or ""}
        self.dim = int(self._call(["a"]).shape[1])
        self.fingerprint = fingerprint(["clip-text", 2, state, self.prompts, weights_hash(model)])

    def vectors(self, texts: Sequence[str]) -> Any:
        """(n, dim) tensor of n texts with their prompts, not normalised."""
        raise NotImplementedError

    def encode(self, texts: Sequence[str], query: bool = False) -> np.ndarray:
        """(n, dim) float32, unit length, of n texts: listings, or words that a shopper asks for."""
        prompt = self.prompts["query" if query else "document"]
        return in_calls([prompt + text for text in texts], self._call, self.dim, self.device, len)

    def _call(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return unit_length(one_vector(TEXT_FIELD, self.name, self.vectors(texts)))


class FrozenClipText(TowerText):
    """Projected text vectors of CLIP (Radford 2021), SigLIP and their like, by transformers.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, has no text half, or is to be cut.
    """

    def __init__(self, name: str, device: str = "cpu", *options: Any) -> None:
        from transformers import AutoTokenizer

        place = place_of(TEXT_FIELD, name, "transformers")
        model = pretrained(TEXT_FIELD, name, place, device)
        if not hasattr(model, "get_text_features"):
            remedy = "use a CLIP-like encoder here, or sentence-transformers:<name or folder>"
            raise SettingsError(TEXT_FIELD, name, remedy)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        except (OSError, ValueError, ImportError) as error:
            raise absent(TEXT_FIELD, name, error) from error
        longest = int(model.config.text_config.max_position_embeddings)
        self.length = min(longest, int(self.tokenizer.model_max_length))
        # SigLIP was trained on texts padded to the full length, and reads its last place.
        siglip = "siglip" in model.config.model_type
        self.padding = "max_length" if siglip else True
        # SigLIP 2 was trained on small letters. `Siglip2Tokenizer` sees to it; the files of its encoders of
        # one photo size name Gemma's tokenizer, which does not.
        self.lower = siglip and type(self.tokenizer).__name__.startswith("Gemma")
        state = [self.length, self.lower, tokenizer_state(self.tokenizer)]
        super().__init__(name, model, device, state, *options)

    def vectors(self, texts: Sequence[str]) -> Any:
        batch = self.tokenizer(
            [text.lower() if self.lower else text for text in texts],
            padding=self.padding, truncation=True, max_length=self.length, return_tensors="pt",
        ).to(self.device)  # fmt: skip
        kept = {key: batch[key] for key in ("input_ids", "attention_mask") if key in batch}
        found = self.model.get_text_features(**kept)
        return getattr(found, "pooler_output", found)
