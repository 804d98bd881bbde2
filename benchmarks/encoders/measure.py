"""Time and memory of encoders with random weights of true shape: what a thousand items take on one core.

python -m benchmarks.encoders.measure FOLDER KIND    prints one measurement; `measured` calls it
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.encoders import checkpoints

__all__ = ["SHAPES", "measured"]

ITEMS, WARM = 12, 2
INSTALLED = {"minilm": "minilm", "efficientnet": "efficientnet_lite0"}
TOKENS, SIDE, SECONDS = 64, 500, 2.0


def bert(folder: Path, config: str = "Bert", vocabulary: int = 30522, **given: Any) -> None:
    """A sentence encoder of true shape; the words of its tokenizer are a dozen, its table is whole."""
    wide = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
    side = "left" if config == "Qwen3" else "right"
    made = checkpoints.tokenizer_of("last" if side == "left" else "bert", side, 512)
    checkpoints.make_text(
        folder / "inner",
        f"{config}Config",
        f"{config}Model",
        made,
        **{**wide, "vocab_size": vocabulary, **given},
    )
    checkpoints.make_sentence(folder, "lasttoken" if config == "Qwen3" else "mean")


def static(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    inner = checkpoints.tokenizer_of().backend_tokenizer
    module = StaticEmbedding(inner, embedding_dim=256)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)


def two_towers(folder: Path, name: str, text: dict[str, Any], **vision: Any) -> None:
    size = {"height": 224, "width": 224}
    wide = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
    reader = f"{name.upper() if name == 'Clip' else name}"
    given = {"size": {"shortest_edge": 224}, "crop_size": size} if name == "Clip" else {"size": size}
    length = 77 if name == "Clip" else 64
    checkpoints.make_two_towers(
        folder,
        reader,
        {**checkpoints.ENDS, "max_position_embeddings": length, **text},
        {**wide, **vision},
        f"{reader}ImageProcessorPil",
        given,
        checkpoints.tokenizer_of(length=length),
    )


def vision(folder: Path, name: str, reader: str = "ViT", **given: Any) -> None:
    size = {"size": {"height": 224, "width": 224}}
    if reader == "ConvNext":
        size = {"size": {"shortest_edge": 224}, "crop_pct": 0.875}  # type: ignore[dict-item]
    checkpoints.make_vision(
        folder, f"{name}Config", f"{name}Model", f"{reader}ImageProcessorPil", size, **given
    )


def sound(folder: Path, name: str, extractor: str, **given: Any) -> None:
    checkpoints.make_sound(folder, f"{name}Config", f"{name}Model", f"{extractor}FeatureExtractor", given)


def clap(folder: Path) -> None:
    import transformers

    text = {"vocab_size": len(checkpoints.tokenizer_of()), "num_hidden_layers": 1}
    config = transformers.ClapConfig(text_config=text)
    checkpoints.save(transformers.ClapModel(config), folder, transformers.ClapFeatureExtractor())


SMALL = {"hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
QWEN = {
    "hidden_size": 1024,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 3072,
}
GEMMA = {
    "num_hidden_layers": 24,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "intermediate_size": 1152,
    "use_bidirectional_attention": True,
}
CLIP_TEXT = {
    "hidden_size": 512,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "intermediate_size": 2048,
    "vocab_size": 49408,
}
SIGLIP_TEXT = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 32000,
    "projection_size": 768,
}

SHAPES: dict[str, tuple[Callable[[Path], None] | None, tuple[str, ...], str]] = {
    "minilm": (None, ("text",), "MiniLM, 6 layers of 384: its own weights"),
    "multilingual-small": (partial(bert, vocabulary=250_037, **SMALL), ("text",), "BERT, 12 layers of 384"),
    "bert-base": (bert, ("text",), "BERT, 12 layers of 768"),
    "xlm-roberta-large": (
        partial(bert, config="XLMRoberta", vocabulary=250_002, max_position_embeddings=8194, **LARGE),
        ("text",),
        "XLM-RoBERTa, 24 layers of 1024",
    ),
    "qwen3-0.6b": (
        partial(bert, config="Qwen3", vocabulary=151_669, **QWEN),
        ("text",),
        "Qwen3, 28 layers of 1024",
    ),
    "embeddinggemma": (
        partial(bert, config="Gemma3Text", vocabulary=262_144, **GEMMA),
        ("text",),
        "Gemma 3, 24 layers of 768",
    ),
    "static": (static, ("text",), "a table of words, 256 numbers each"),
    "efficientnet": (None, ("photo",), "EfficientNet-Lite0: its own weights"),
    "clip-b32": (
        partial(two_towers, name="Clip", text=CLIP_TEXT, patch_size=32),
        ("photo", "text"),
        "CLIP ViT-B/32",
    ),
    "siglip-b16": (
        partial(two_towers, name="Siglip", text=SIGLIP_TEXT, patch_size=16),
        ("photo", "text"),
        "SigLIP base, patches of 16",
    ),
    "vit-b16": (partial(vision, name="ViT"), ("photo",), "ViT-B/16"),
    "dinov2-s14": (
        partial(vision, name="Dinov2", hidden_size=384, num_attention_heads=6, patch_size=14),
        ("photo",),
        "DINOv2 ViT-S/14",
    ),
    "swin-tiny": (partial(vision, name="Swin"), ("photo",), "Swin-T"),
    "convnext-tiny": (partial(vision, name="ConvNext", reader="ConvNext"), ("photo",), "ConvNeXt-T"),
    "resnet-50": (partial(vision, name="ResNet", reader="ConvNext"), ("photo",), "ResNet-50"),
    "clap": (clap, ("sound",), "CLAP, HTSAT"),
    "ast": (partial(sound, name="AST", extractor="AST"), ("sound",), "AST base"),
    "wav2vec2-base": (
        partial(sound, name="Wav2Vec2", extractor="Wav2Vec2", sampling_rate=16_000),
        ("sound",),
        "wav2vec 2 base",
    ),
}
"""Shape to what makes it (None: it is installed), what it reads, and what it is."""


def measured(shape: str) -> dict[str, dict[str, float]]:
    """Kind to `seconds` of a thousand items and `megabytes` of the whole process, each in one of its own."""
    make, kinds, _ = SHAPES[shape]
    with tempfile.TemporaryDirectory() as folder:
        if make is not None:
            make(Path(folder))
        name = INSTALLED.get(shape, folder)
        found = {}
        for kind in kinds:
            command = [sys.executable, "-m", "benchmarks.encoders.measure", name, kind]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found[kind] = json.loads(said.splitlines()[-1])
        return found


def main(place: str, kind: str) -> None:
    """Measure one encoder of this process's."""
    import torch

    torch.set_num_threads(1)
    encode = _encoder(place, kind)
    for _ in range(WARM):
        encode()
    begin = time.process_time()
    for _ in range(ITEMS):
        encode()
    seconds = (time.process_time() - begin) / ITEMS * 1000
    # Not ru_maxrss, which begins with that of the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps({"seconds": round(seconds, 1), "megabytes": round(peak)}))


def _encoder(place: str, kind: str) -> Callable[[], Any]:
    """What encodes one item: 64 tokens, a photo of 500 pixels a side, or two seconds of sound."""
    import io

    import numpy as np
    import soundfile
    from PIL import Image

    from models.pretrained.audio import FrozenAudio
    from models.pretrained.text_and_image import load_frozen_image, load_frozen_text
    from shelfspace.settings import Media

    installed = place in INSTALLED.values()
    rng, file = np.random.default_rng(0), io.BytesIO()
    if kind == "text":
        pooled = (Path(place) / "modules.json").exists()
        text = " ".join(["red"] * (TOKENS - 2))
        reader = load_frozen_text(place if installed else f"{'sentence-' * pooled}transformers:{place}")
        return lambda: reader.encode([text])
    if kind == "photo":
        Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(file, "JPEG")
        eye = load_frozen_image(place if installed else f"transformers:{place}")
        return lambda: eye.encode([eye.recipe.open(file.getvalue(), Media())])
    ear = FrozenAudio(f"transformers:{place}")
    soundfile.write(file, rng.normal(size=round(SECONDS * ear.rate)).clip(-1, 1), ear.rate, format="WAV")
    return lambda: ear.encode([ear.open(file.getvalue(), SECONDS, Media())])


if __name__ == "__main__":
    main(*sys.argv[1:])
