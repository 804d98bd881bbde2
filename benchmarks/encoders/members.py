"""One maker for each family: a tiny checkpoint of its true classes in an empty folder."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.encoders.checkpoints import (
    ENDS,
    SMALL,
    drop_weights,
    make_sentence,
    make_sound,
    make_text,
    make_two_towers,
    make_vision,
    rewrite,
    save,
    tokenizer_of,
)

__all__ = [
    "BOTH_WAYS", "GROUPED", "NORMALIZE", "T5", "TANH", "align", "chinese_clip", "clap", "clip", "dinov2",
    "flava", "identity", "other_kind", "pickled", "plain_bert", "remote_photo", "remote_text", "sentence",
    "siglip", "siglip2_naflex", "spectrogram", "stages", "swin", "vit", "waves", "whisper",
]  # fmt: skip

WIDE = {"size": {"height": 32, "width": 32}}
CROPPED = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}}
EYE = {"image_size": 32, "patch_size": 16}
ALIGN_EYE = {
    "image_size": 32, "hidden_dim": 16, "kernel_sizes": [3, 3], "in_channels": [32, 16],
    "out_channels": [16, 16], "strides": [1, 2], "num_block_repeats": [1, 1], "expand_ratios": [1, 2],
    "depthwise_padding": [],
    "width_coefficient": 1.0, "depth_coefficient": 1.0,
}  # fmt: skip
ALIGN_PHOTO = {
    "size": {"height": 40, "width": 40}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True,
    "rescale_factor": 1 / 127.5, "rescale_offset": True, "include_top": False,
}  # fmt: skip


def clip(folder: Path) -> None:
    text = {**ENDS, "max_position_embeddings": 24}
    make_two_towers(
        folder, "CLIP", text, EYE, "CLIPImageProcessorPil", CROPPED, tokenizer_of(), projection_dim=12
    )


def siglip(folder: Path, tokenizer: str = "bert") -> None:
    text = {**ENDS, "max_position_embeddings": 16, "projection_size": 16}
    made = tokenizer_of(tokenizer, length=16)
    make_two_towers(folder, "Siglip", text, EYE, "SiglipImageProcessorPil", WIDE, made)


def siglip2_naflex(folder: Path) -> None:
    text = {**ENDS, "max_position_embeddings": 16, "projection_size": 16}
    eye, patches = {"num_patches": 16, "patch_size": 8}, {"patch_size": 8, "max_num_patches": 16}
    made = tokenizer_of("siglip2", length=16)
    make_two_towers(folder, "Siglip2", text, eye, "Siglip2ImageProcessorPil", patches, made)


def chinese_clip(folder: Path) -> None:
    reader, made = "ChineseCLIPImageProcessorPil", tokenizer_of()
    make_two_towers(folder, "ChineseCLIP", {}, EYE, reader, CROPPED, made, projection_dim=12)


def align(folder: Path) -> None:
    reader, made = "EfficientNetImageProcessorPil", tokenizer_of()
    make_two_towers(folder, "Align", {}, ALIGN_EYE, reader, ALIGN_PHOTO, made, projection_dim=16)


def flava(folder: Path) -> None:
    import transformers

    made, shared = tokenizer_of(), {**SMALL, "vocab_size": 20}
    config = transformers.FlavaConfig(
        image_config={**SMALL, **EYE},
        text_config=shared,
        multimodal_config=SMALL,
        hidden_size=16,
        projection_dim=12,
    )
    save(transformers.FlavaModel(config), folder, transformers.FlavaImageProcessorPil(**CROPPED), made)


def dinov2(folder: Path) -> None:
    make_vision(folder, "Dinov2Config", "Dinov2Model", "BitImageProcessorPil", CROPPED, **SMALL, **EYE)


def vit(folder: Path, lacking: str = "") -> None:
    make_vision(folder, "ViTConfig", "ViTModel", "ViTImageProcessorPil", WIDE, **SMALL, **EYE)
    if lacking:
        drop_weights(folder, lacking)


def swin(folder: Path) -> None:
    shape = {"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2]}
    make_vision(folder, "SwinConfig", "SwinModel", "ViTImageProcessorPil", WIDE, window_size=4, **shape)


def stages(folder: Path, name: str, shape: dict[str, Any]) -> None:
    """ConvNeXt and ResNet, whose processor cuts the middle by a share."""
    given = {"size": {"shortest_edge": 32}, "crop_pct": 0.875}
    reader = "ConvNextImageProcessorPil"
    make_vision(folder, f"{name}Config", f"{name}Model", reader, given, hidden_sizes=[8, 16], **shape)


def sentence(
    folder: Path,
    pooling: str | tuple[str, ...] = "mean",
    family: str = "Bert",
    tokenizer: tuple[str, str] = ("bert", "right"),
    layers: Sequence[Callable[[], Any]] = (),
    inner: dict[str, Any] | None = None,
    **options: Any,
) -> None:
    """A transformer with the modules that sentence-transformers puts behind it."""
    name = "T5EncoderModel" if family == "T5" else f"{family}Model"
    config = f"{family}Config"
    make_text(folder / "inner", config, name, tokenizer_of(*tokenizer), **(inner or {}))
    make_sentence(folder, pooling, layers, **options)


def module(name: str, *given: Any, **more: Any) -> Callable[[], Any]:
    """A layer behind the pooling."""

    def make() -> Any:
        from sentence_transformers.sentence_transformer import modules

        return getattr(modules, name)(*given, **more)

    return make


NORMALIZE = module("Normalize")
TANH = module("Dense", 16, 16)


def identity(wide: int, out: int) -> Callable[[], Any]:
    return module("Dense", wide, out, bias=False, activation_function=torch.nn.Identity())


GROUPED = {"num_key_value_heads": 1, "head_dim": 8}
BOTH_WAYS = {**GROUPED, "use_bidirectional_attention": True}
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
SMALL_GAPS = {
    "conv_dim": (8, 8), "conv_stride": (10, 8), "conv_kernel": (20, 8), "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
MEL = {"max_length": 64, "num_mel_bins": 32}


def plain_bert(folder: Path, lacking: str = "") -> None:
    make_text(folder, "BertConfig", "BertModel", tokenizer_of(), lacking)


def remote_text(folder: Path) -> None:
    sentence(folder)
    described = json.loads((folder / "modules.json").read_text())
    described[1]["type"] = "own.Pooling"
    (folder / "modules.json").write_text(json.dumps(described))


def remote_photo(folder: Path) -> None:
    vit(folder)
    named = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
    rewrite(folder, "config.json", model_type="own", auto_map=named)


def other_kind(folder: Path, kind: str) -> None:
    sentence(folder)
    rewrite(folder, "config_sentence_transformers.json", model_type=kind)


def pickled(folder: Path) -> None:
    vit(folder)
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def waves(folder: Path, name: str, **more: Any) -> None:
    """wav2vec 2 and what is built like it."""
    extractor, rate = "Wav2Vec2FeatureExtractor", {"sampling_rate": 16_000}
    make_sound(folder, f"{name}Config", f"{name}Model", extractor, rate, **SMALL, **SMALL_GAPS, **more)


def spectrogram(folder: Path) -> None:
    make_sound(folder, "ASTConfig", "ASTModel", "ASTFeatureExtractor", MEL, **SMALL, **MEL)


def clap(folder: Path, fused: bool = False) -> None:
    import transformers

    ear = {
        "spec_size": 64, "num_mel_bins": 16, "window_size": 4, "patch_size": 4, "patch_stride": [4, 4],
        "patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 2], "hidden_size": 16,
        "projection_dim": 12, "enable_fusion": fused, "aff_block_r": 2,
    }  # fmt: skip
    text = {**SMALL, "vocab_size": len(tokenizer_of()), "projection_dim": 12}
    config = transformers.ClapConfig(text_config=text, audio_config=ear, projection_dim=12)
    extractor = transformers.ClapFeatureExtractor(
        feature_size=16, sampling_rate=48_000, hop_length=480, max_length_s=1, fft_window_size=512,
        frequency_min=50, frequency_max=14_000, truncation="fusion" if fused else "rand_trunc",
    )  # fmt: skip
    save(transformers.ClapModel(config), folder, extractor, tokenizer_of())


def whisper(folder: Path) -> None:
    shape = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
             "decoder_attention_heads": 2, "num_mel_bins": 80}  # fmt: skip
    make_sound(folder, "WhisperConfig", "WhisperModel", "WhisperFeatureExtractor", {}, **shape)
