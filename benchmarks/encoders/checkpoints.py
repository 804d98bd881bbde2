"""Tiny checkpoints with random weights, each of a family's true classes and files; made in a second."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

__all__ = [
    "ENDS",
    "make_half",
    "make_sentence",
    "make_sound",
    "make_text",
    "make_two_towers",
    "make_vision",
    "tokenizer_of",
]

WORDS = (
    "red",
    "blue",
    "cotton",
    "towel",
    "lamp",
    "Red",
    "query",
    "passage",
    ":",
    "search",
    "task",
    "灯",
    "红",
)
ENDS = {"bos_token_id": 1, "eos_token_id": 4 + len(WORDS)}
SMALL: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
}  # fmt: skip
SIDE = 32
LENGTH = 24


def tokenizer_of(kind: str = "bert", side: str = "right", length: int = LENGTH) -> Any:
    """A tokenizer of a dozen words.

    Args:
        kind: bert puts a text between two marks; last ends it with one; gemma does so by Gemma's class,
            siglip2 by that of SigLIP 2.
        side: where shorter texts are padded.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import GemmaTokenizer, PreTrainedTokenizerFast, Siglip2Tokenizer

    if kind in ("gemma", "siglip2"):
        # Byte fallback spells what the vocabulary lacks, so that every capital counts.
        letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *map(chr, range(33, 127))]
        letters += [f"<0x{byte:02X}>" for byte in range(256)]
        vocabulary = {letter: place for place, letter in enumerate(letters)}
        made = (GemmaTokenizer if kind == "gemma" else Siglip2Tokenizer)(vocab=vocabulary, merges=[])
        made.model_max_length, made.padding_side = length, side
        return made
    # The end has the highest id, as CLIP's, which reads the place of that.
    words = {word: place for place, word in enumerate(["<pad>", "<s>", "<unk>", "<mask>", *WORDS, "</s>"])}
    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    inner = Tokenizer(models.WordLevel(words, named["unk_token"]))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    template = "$A </s>" if kind == "last" else "<s> $A </s>"
    ends = [("<s>", 1), ("</s>", words["</s>"])]
    inner.post_processor = processors.TemplateProcessing(template, None, ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=length, padding_side=side, **named
    )


def save(model: Any, folder: Path, *more: Any) -> None:
    """Model, tokenizer and processors as transformers saves them.

    Weights are spread: those of a fresh network are so small that all inputs would look the same.
    """
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.3)
    for one in (model, *more):
        one.save_pretrained(folder)


def make_text(
    folder: Path, config: str, model: str, tokenizer: Any, lacking: str = "", **settings: Any
) -> Path:
    """A transformer of texts and its tokenizer.

    Args:
        lacking: beginning of the names of weights that are left out of the file.
    """
    import transformers

    given = {**SMALL, "vocab_size": len(tokenizer), "pad_token_id": 0, **settings}
    save(getattr(transformers, model)(getattr(transformers, config)(**given)), folder, tokenizer)
    if lacking:
        drop_weights(folder, lacking)
    return folder


def drop_weights(folder: Path, lacking: str) -> None:
    """Leave the weights out whose names begin so."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    kept = {key: value for key, value in load_file(path).items() if not key.startswith(lacking)}
    save_file(kept, path, metadata={"format": "pt"})


def make_half(folder: Path, make: Callable[[Path], Any], form: str) -> None:
    """What `make` makes, its weights in bfloat16 or float16."""
    from safetensors.torch import load_file, save_file

    make(folder)
    for path in folder.rglob("model.safetensors"):
        weights = {
            k: v.to(getattr(torch, form)) if v.is_floating_point() else v for k, v in load_file(path).items()
        }
        save_file(weights, path, metadata={"format": "pt"})
    for path in folder.rglob("config.json"):
        if "dtype" in json.loads(path.read_text()):
            rewrite(path.parent, path.name, dtype=form)


def make_sentence(
    folder: Path,
    pooling: str | tuple[str, ...],
    layers: Sequence[Callable[[], Any]] = (),
    prompts: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """What sentence-transformers saves of the transformer that lies in `folder`/inner."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    first = Transformer(str(folder / "inner"))
    torch.manual_seed(1)
    modules = [first, Pooling(first.get_embedding_dimension(), pooling), *(layer() for layer in layers)]
    model = SentenceTransformer(modules=modules, device="cpu", prompts=dict(prompts or {}), **options)
    model.save(str(folder), create_model_card=False)


def make_vision(
    folder: Path, config: str, model: str, processor: str, given: Mapping[str, Any], **settings: Any
) -> None:
    """A network of photos and the processor of its library."""
    import transformers

    network = getattr(transformers, model)(getattr(transformers, config)(**settings))
    save(network, folder, getattr(transformers, processor)(**given))


def make_two_towers(
    folder: Path,
    name: str,
    text: Mapping[str, Any],
    vision: Mapping[str, Any],
    processor: str,
    given: Mapping[str, Any],
    tokenizer: Any,
    **settings: Any,
) -> None:
    """A network of texts and photos, and what reads both."""
    import transformers

    config = getattr(transformers, f"{name}Config")(
        text_config={**SMALL, "vocab_size": len(tokenizer), **text},
        vision_config={**SMALL, **vision},
        **settings,
    )
    pictures = getattr(transformers, processor)(**given)
    save(getattr(transformers, f"{name}Model")(config), folder, pictures, tokenizer)


def make_sound(
    folder: Path, config: str, model: str, extractor: str, given: Mapping[str, Any], **settings: Any
) -> None:
    """A network of sounds and its feature extractor."""
    import transformers

    network = getattr(transformers, model)(getattr(transformers, config)(**settings))
    save(network, folder, getattr(transformers, extractor)(**given))


def rewrite(folder: Path, file: str, **values: Any) -> None:
    """Change some values of a JSON file."""
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
