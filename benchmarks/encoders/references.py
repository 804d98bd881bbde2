"""How each library's own pages say to get an embedding; vectors are compared with these."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

__all__ = ["last_token", "mean_with_prompt", "photos", "sentences", "sounds", "texts"]


def model_of(folder: Path) -> Any:
    from transformers import AutoModel

    return AutoModel.from_pretrained(folder).eval()


def typed(batch: Any, model: Any) -> dict[str, Any]:
    """Inputs in the number format of the model's weights."""
    return {k: v.to(model.dtype) if v.is_floating_point() else v for k, v in batch.items()}


def array_of(found: Any) -> np.ndarray:
    return getattr(found, "pooler_output", found).detach().float().flatten(1).numpy()


@torch.inference_mode()
def texts(folder: Path, given: Sequence[str], padding: str | bool = True) -> np.ndarray:
    """The text half of two towers: the tokenizer's output to `get_text_features`."""
    from transformers import AutoTokenizer

    batch = AutoTokenizer.from_pretrained(folder)(
        list(given), padding=padding, truncation=True, return_tensors="pt"
    )
    kept = {key: value for key, value in batch.items() if key != "token_type_ids"}
    return array_of(model_of(folder).get_text_features(**kept))


@torch.inference_mode()
def photos(folder: Path, given: Sequence[bytes], first_token: bool = False) -> np.ndarray:
    """The image processor's output to `get_image_features`, or to the network and its pooled output."""
    from transformers import AutoImageProcessor

    opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in given]
    batch = AutoImageProcessor.from_pretrained(folder, backend="pil")(images=opened, return_tensors="pt")
    model = model_of(folder)
    given_to = typed(batch, model)
    if hasattr(model, "get_image_features"):
        return array_of(model.get_image_features(**given_to))
    output = model(**given_to)
    return array_of(output.last_hidden_state[:, 0] if first_token else output)


@torch.inference_mode()
def sounds(folder: Path, given: Sequence[np.ndarray], mean: bool = False) -> np.ndarray:
    """The feature extractor's output to `get_audio_features`, or the network's pooled output or mean."""
    from transformers import AutoFeatureExtractor

    extractor, model = AutoFeatureExtractor.from_pretrained(folder), model_of(folder)
    found = []
    for wave in given:
        batch = typed(extractor(wave, sampling_rate=extractor.sampling_rate, return_tensors="pt"), model)
        if hasattr(model, "get_audio_features"):
            found.append(array_of(model.get_audio_features(**batch)))
        else:
            output = model(**batch)
            found.append(array_of(output.last_hidden_state.mean(dim=1) if mean else output))
    return np.concatenate(found)


def sentences(folder: Path, given: Sequence[str], query: bool = False, **options: Any) -> np.ndarray:
    """sentence-transformers' `encode_query` and `encode_document`, in one padded batch."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    return np.asarray((model.encode_query if query else model.encode_document)(list(given), **options))


@torch.inference_mode()
def last_token(folder: Path, given: Sequence[str], prompt: str = "") -> np.ndarray:
    """As Qwen3-Embedding's page does it with transformers: padded on the left, the last place is read."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    batch = tokenizer([prompt + text for text in given], padding=True, truncation=True, return_tensors="pt")
    return array_of(model_of(folder)(batch["input_ids"], batch["attention_mask"]).last_hidden_state[:, -1])


@torch.inference_mode()
def mean_with_prompt(folder: Path, given: Sequence[str], prompt: str = "") -> np.ndarray:
    """As E5's page does it with transformers: the masked mean of the last layer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    batch = tokenizer([prompt + text for text in given], padding=True, truncation=True, return_tensors="pt")
    hidden = model_of(folder)(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    mask = batch["attention_mask"][..., None]
    return array_of((hidden * mask).sum(1) / mask.sum(1))
