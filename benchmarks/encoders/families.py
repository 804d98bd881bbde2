"""The families of encoders: a tiny checkpoint of each, its own library's vectors, or why it is refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoders import members as made
from benchmarks.encoders.checkpoints import make_half
from benchmarks.encoders.references import (
    last_token,
    mean_with_prompt,
    photos,
    sentences,
    sounds,
    texts,
)

__all__ = ["FAMILIES", "Family"]

Vectors = Callable[[Path, Sequence[Any]], np.ndarray]
Make = Callable[[Path], Any]


@dataclass(frozen=True)
class Family:
    """One row of the table.

    Attributes:
        name: of the family, as people call it.
        kind: text, photo or sound.
        make: writes a checkpoint into an empty folder.
        how: what the library's own way is called, in few words; "" where it has to be refused.
        theirs: the vectors that its own library gives of products; None where it has to be refused.
        theirs_of_queries: the same of a shopper's words, where they are read otherwise.
        options: query prompt and product prompt, as settings give them.
        scheme: what stands before the colon of an encoder's name.
        refused: words of the reason.
    """

    name: str
    kind: str
    make: Make
    how: str = ""
    theirs: Vectors | None = None
    theirs_of_queries: Vectors | None = None
    options: tuple[str, ...] = ()
    scheme: str = "transformers"
    refused: str = ""


def sentence(
    name: str,
    theirs: Vectors = sentences,
    queries: Vectors | None = None,
    how: str = "encode_document, encode_query",
    options: tuple[str, ...] = (),
    make: Make | None = None,
    **given: Any,
) -> Family:
    """A family that sentence-transformers reads; `given` as `members.sentence` takes it."""
    maker = make or partial(made.sentence, **given)
    asked = queries or partial(sentences, query=True)
    return Family(name, "text", maker, how, theirs, asked, options, "sentence-transformers")


def refused(name: str, kind: str, make: Make, reason: str, scheme: str = "transformers") -> Family:
    """A family that has to be refused for a reason with these words."""
    return Family(name, kind, make, scheme=scheme, refused=reason)


def lowered(folder: Path, given: Sequence[str]) -> np.ndarray:
    """SigLIP 2 as it was trained: its texts in small letters."""
    return texts(folder, [text.lower() for text in given], "max_length")


ST = "sentence-transformers"
QUERY, PASSAGE = "query: ", "passage: "
PADDED = partial(texts, padding="max_length")
OVER_TIME = partial(sounds, mean=True)
XLM = {"family": "XLMRoberta", "inner": {"max_position_embeddings": 40}}
QWEN = {"pooling": "lasttoken", "family": "Qwen3", "inner": made.GROUPED, "prompts": {"query": QUERY}}
GEMMA = {
    "family": "Gemma3Text", "tokenizer": ("gemma", "right"), "inner": made.BOTH_WAYS,
    "layers": [made.identity(16, 24), made.identity(24, 16), made.NORMALIZE],
    "prompts": {"query": "task: search query: ", "document": "title: none text: "},
}  # fmt: skip
SENTENCE_T5 = {
    "family": "T5", "tokenizer": ("last", "right"), "inner": made.T5,
    "layers": [made.identity(16, 8), made.NORMALIZE],
}  # fmt: skip
DEFAULT = {"prompts": {"search": "search: "}, "default_prompt_name": "search"}
AS_DEFAULT = partial(sentences, prompt_name="search")
TOWERS: tuple[tuple[str, Make, Vectors], ...] = (
    ("CLIP", made.clip, texts),
    ("SigLIP", made.siglip, PADDED),
    ("SigLIP 2, one photo size", partial(made.siglip, tokenizer="gemma"), lowered),
    ("ChineseCLIP", made.chinese_clip, texts),
    ("ALIGN", made.align, texts),
)
CONVNEXT = partial(made.stages, name="ConvNext", shape={"num_stages": 2, "depths": [1, 1]})
HALF_CONVNEXT = partial(make_half, make=CONVNEXT, form="float16")
HALF_AST = partial(make_half, make=made.spectrogram, form="bfloat16")
RESNET = partial(made.stages, name="ResNet", shape={"embedding_size": 8, "depths": [1, 1]})

TEXTS = (
    *(Family(name, "text", make, "get_text_features", read) for name, make, read in TOWERS),
    Family("SigLIP 2, NaFlex", "text", made.siglip2_naflex, "get_text_features", PADDED),
    Family("CLAP", "text", made.clap, "get_text_features", texts),
    sentence("BERT", layers=[made.NORMALIZE]),
    sentence("BERT, no modules.json", make=made.plain_bert),
    sentence("BERT without its pooler", make=partial(made.plain_bert, lacking="pooler.")),
    sentence("BERT, bfloat16", make=partial(make_half, make=made.sentence, form="bfloat16")),
    sentence("MPNet", family="MPNet"),
    sentence(
        "E5, prompts of the settings", partial(mean_with_prompt, prompt=PASSAGE),
        partial(mean_with_prompt, prompt=QUERY), "masked mean, as its page", (QUERY, PASSAGE), **XLM,
    ),
    sentence(
        "E5, prompts of the folder", partial(sentences, prompt_name="passage"),
        partial(sentences, prompt_name="query"), "encode by prompt_name",
        prompts={"query": QUERY, "passage": PASSAGE}, **XLM,
    ),
    sentence("BGE", pooling="cls", layers=[made.NORMALIZE], prompts={"query": "search red: "}),
    sentence("GTE, ModernBERT", pooling="cls", family="ModernBert"),
    sentence("Nomic, cut", family="NomicBert", truncate_dim=8, prompts={"query": QUERY, "document": PASSAGE}),
    sentence("A default prompt", AS_DEFAULT, AS_DEFAULT, "encode", **DEFAULT),
    *(
        sentence(
            f"Qwen3-Embedding, padded {side}", last_token, partial(last_token, prompt=QUERY),
            "last token, as its page", tokenizer=("last", side), **QWEN,
        )
        for side in ("left", "right")
    ),
    sentence("EmbeddingGemma", **GEMMA),
    sentence("LaBSE", pooling="cls", layers=[made.TANH, made.NORMALIZE]),
    sentence("Sentence-T5", **SENTENCE_T5),
    refused("FLAVA", "text", made.flava, "one vector an item"),
    refused("ColBERT", "text", partial(made.other_kind, kind="MultiVectorEncoder"), "one dense vector", ST),
    refused("SPLADE", "text", partial(made.other_kind, kind="SparseEncoder"), "one dense vector", ST),
    refused("Code of its own", "text", made.remote_text, "code of its own", ST),
)  # fmt: skip
PHOTOS = (
    *(Family(name, "photo", make, "get_image_features", photos) for name, make, _ in TOWERS),
    Family("DINOv2", "photo", made.dinov2, "pooler_output", photos),
    Family("ViT", "photo", made.vit, "pooler_output", photos),
    Family(
        "ViT without its pooler", "photo", partial(made.vit, lacking="pooler."), "first token",
        partial(photos, first_token=True),
    ),
    Family("Swin", "photo", made.swin, "pooler_output", photos),
    Family("ConvNeXt", "photo", CONVNEXT, "pooler_output", photos),
    Family("ConvNeXt, float16", "photo", HALF_CONVNEXT, "pooler_output", photos),
    Family("ResNet", "photo", RESNET, "pooler_output", photos),
    refused("SigLIP 2, NaFlex", "photo", made.siglip2_naflex, "whole photos of one size"),
    refused("FLAVA", "photo", made.flava, "one vector an item"),
    refused("Lacking weights", "photo", partial(made.vit, lacking="layernorm"), "are not in the file"),
    refused("Code of its own", "photo", made.remote_photo, "code of its own"),
    refused("Weights as a pickle", "photo", made.pickled, "model.safetensors"),
)  # fmt: skip
SOUNDS = (
    Family("CLAP", "sound", made.clap, "get_audio_features", sounds),
    Family("CLAP, fused", "sound", partial(made.clap, fused=True), "get_audio_features", sounds),
    Family("AST", "sound", made.spectrogram, "pooler_output", sounds),
    Family("AST, bfloat16", "sound", HALF_AST, "pooler_output", sounds),
    Family("wav2vec 2", "sound", partial(made.waves, name="Wav2Vec2"), "mean over time", OVER_TIME),
    Family("HuBERT", "sound", partial(made.waves, name="Hubert"), "mean over time", OVER_TIME),
    Family("WavLM", "sound", partial(made.waves, name="WavLM"), "mean over time", OVER_TIME),
    refused("Whisper", "sound", made.whisper, "encoder of sounds such as CLAP"),
)
FAMILIES: tuple[Family, ...] = (*TEXTS, *PHOTOS, *SOUNDS)
