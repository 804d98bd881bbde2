"""What all frozen encoders share: finding weights, reading them without pickle, naming them, batching.

On a CPU each input is one call. A padded batch rounds differently in the last bits, by which rows
happen to stand beside one another; alone, a row is the same whoever asks, so a service request
equals the stored row and an interrupted extraction ends in the same bytes. It costs little: MiniLM
takes whole listings 1.2 times as fast one by one as in batches sorted by length, titles half as
fast. On a GPU, where single calls would leave it idle, inputs go in batches sorted by length and
agree with the CPU within rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import orjson
import xxhash

from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint

__all__ = [
    "AUDIO_FIELD", "GPU_BATCH", "IMAGE_FIELD", "PACKAGED", "TEXT_FIELD", "absent", "has_file", "in_calls",
    "json_file", "loaded_once", "one_vector", "place_of", "pretrained", "quiet", "tokenizer_state",
    "unit_length", "weights_hash",
]  # fmt: skip

E = TypeVar("E")

GPU_BATCH = 64
UNREAD = ("masked_spec_embed", "logit_scale", "logit_bias", "position_ids")
"""Ends of weights' names that no vector depends on: of training, or the same for every checkpoint."""

_loading = Lock()


def loaded_once(load: Callable[..., E]) -> Callable[..., E]:
    """A loader of encoders by name, device and more that loads each once a process, whatever threads ask."""
    kept = lru_cache(maxsize=4)(load)

    @wraps(load)
    def one(name: str, device: str = "cpu", *more: str | int | None) -> E:
        with _loading:
            return kept(name, device, *more)

    return one


PACKAGED = "efficientnet_lite0"
"""The image encoder whose weights come in a package (`models.pretrained.packaged_photos`)."""

TEXT_FIELD, IMAGE_FIELD = "features.text_encoder", "features.image_encoder"
AUDIO_FIELD = "features.audio_encoder"
CHOICES = {
    TEXT_FIELD: "minilm, sentence-transformers:<name or folder>, transformers:<CLIP name or folder>, "
    "open_clip:<name>/<weights>",
    IMAGE_FIELD: "efficientnet_lite0, transformers:<name or folder>, timm:<name>, open_clip:<name>/<weights>",
    AUDIO_FIELD: "transformers:<name or folder>",
}


def place_of(field: str, name: str, kind: str) -> str:
    """The name or folder behind `kind:`.

    Raises:
        SettingsError: another kind, or nothing behind it; names what may be written.
    """
    found, _, place = name.partition(":")
    if found != kind or not place:
        raise SettingsError(field, name, f"write {CHOICES[field]}, or null")
    return place


def absent(field: str, name: str, error: Exception) -> SettingsError:
    """What to raise where weights are neither on the disk nor cached nor to be fetched, or not to be read."""
    if "trust_remote_code" in str(error):
        remedy = "use an encoder its library knows: it asks for code of its own, which is not run"
        return SettingsError(field, name, remedy)
    said = next(
        (line.strip()[:200] for line in str(error).splitlines() if line.strip()), type(error).__name__
    )
    if isinstance(error, ImportError):
        return SettingsError(
            field, name, f"install what its library asks for, or use another encoder ({said})"
        )
    remedy = (
        "give a folder that holds config.json, model.safetensors and the tokenizer's files or "
        "preprocessor_config.json, or go online once so that the name is cached "
        f"({said})"
    )
    return SettingsError(field, name, remedy)


def pretrained(field: str, name: str, place: str, device: str) -> Any:
    """An AutoModel in evaluation mode, by safetensors alone: no pickle is read, and no code of a folder run.

    A pooler that the weights lack is taken off.

    Raises:
        SettingsError: the encoder is absent, asks for code of its own, or lacks other weights.
    """
    from transformers import AutoModel

    try:
        with quiet():
            model, found = AutoModel.from_pretrained(
                place, use_safetensors=True, output_loading_info=True, trust_remote_code=False
            )
    except (OSError, ValueError) as error:
        raise absent(field, name, error) from error
    lacking = {key for key in found["missing_keys"] if not key.endswith(UNREAD)}
    if poolers := {key for key in lacking if key.startswith("pooler.")}:
        model.pooler = None
    if others := sorted(lacking - poolers):
        remedy = f"use weights of the whole encoder: {', '.join(others[:3])} are not in the file"
        raise SettingsError(field, name, remedy)
    return model.eval().requires_grad_(False).to(device)


@contextmanager
def quiet() -> Iterator[None]:
    """Transformers without its bar of loaded weights and its word on each torchvision that is not there."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def has_file(place: str, name: str) -> bool:
    """Whether the folder or the cached or online repository has a file."""
    from transformers.utils import cached_file

    return cached_file(place, name, _raise_exceptions_for_missing_entries=False) is not None


def json_file(place: str, name: str) -> Any:
    """A JSON file of the folder or of the cached or online repository; None where it has none."""
    from transformers.utils import cached_file

    path = cached_file(place, name, _raise_exceptions_for_missing_entries=False)
    return None if path is None else orjson.loads(Path(path).read_bytes())


def tokenizer_state(tokenizer: Any) -> str:
    """All that a tokenizer does, for fingerprints; before it is first called, since a call changes it."""
    made = getattr(tokenizer, "backend_tokenizer", tokenizer)
    sides = [getattr(tokenizer, side, "") for side in ("padding_side", "truncation_side")]
    known = (
        made.to_str() if hasattr(made, "to_str") else [repr(tokenizer), sorted(tokenizer.get_vocab().items())]
    )
    return fingerprint([known, *sides])


def weights_hash(model: Any) -> str:
    """xxh3-128 over names, shapes and bytes of all weights."""
    import torch

    digest = xxhash.xxh3_128()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(weight.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def one_vector(field: str, name: str, found: Any) -> Any:
    """An encoder's output as (n, d): what a convolutional network pools has sides of length one.

    Raises:
        SettingsError: it has several vectors an item.
    """
    if found.ndim < 2 or found[0].numel() != found.shape[1]:
        sizes = " x ".join(map(str, found.shape[1:]))
        remedy = f"use an encoder of one vector an item; this one gives {sizes} numbers of it"
        raise SettingsError(field, name, remedy)
    return found.flatten(1)


def unit_length(vectors: Any) -> np.ndarray:
    """(n, d) tensor to float32 rows of length one, on the host."""
    import torch

    return torch.nn.functional.normalize(vectors.float(), dim=1).cpu().numpy()


def in_calls(
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
