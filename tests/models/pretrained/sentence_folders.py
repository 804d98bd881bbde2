"""Tiny sentence encoders with random weights, saved by sentence-transformers itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

__all__ = ["WORDS", "bert_folder", "sentence_folder"]

WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "cotton", "towel", "lamp", "##s", "灯", "红",
    "query", "passage", ":", "find", "a", "product",
]  # fmt: skip


def plain_bert(folder: Path, seed: int = 0, positions: int = 512) -> Path:
    """A BERT with its tokenizer, as transformers saves it."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=positions,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def sentence_folder(
    folder: Path,
    pooling: str | tuple[str, ...] = "mean",
    more: Sequence[Any] = (),
    seed: int = 0,
    positions: int = 512,
    include_prompt: bool = True,
    **model: Any,
) -> str:
    """A sentence encoder of a tiny BERT, its pooling and further modules; returns its name.

    Args:
        model: arguments of `SentenceTransformer`: prompts, default_prompt_name, truncate_dim.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    first = Transformer(str(plain_bert(folder / "bert", seed, positions)))
    pooled = Pooling(16, pooling, include_prompt=include_prompt)
    SentenceTransformer(modules=[first, pooled, *more], device="cpu", **model).save(
        str(folder / "saved"), create_model_card=False
    )
    return f"sentence-transformers:{folder / 'saved'}"


def bert_folder(folder: Path, pooling: str = "mean", seed: int = 0) -> str:
    """The least: a BERT and its pooling."""
    return sentence_folder(folder, pooling, seed=seed)
