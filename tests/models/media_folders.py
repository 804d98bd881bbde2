"""Tiny encoders in folders, with random weights, and settings small enough to read media by them."""

import json
from pathlib import Path

import torch

from shelfspace.settings import load_settings
from tests.models.pretrained.test_text_and_image import VIT_LIKE, clip_folder

SMALL = {"preprocessing": {"image_size": 24, "sound_seconds": 1.0, "vocabulary": 150, "text_length": 12}}


def settings_of(**sections: dict):
    base = {
        **SMALL,
        "model": {"text": "lstm", "image": "cnn"},
        "features": {"n_mels": 32, "n_mfcc": 8, "device": "cpu"},
    }
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return load_settings(overrides=base)


def wav2vec2_folder(folder: Path, seed: int = 0) -> str:
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(seed)
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8, 8), conv_stride=(10, 8), conv_kernel=(20, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(folder)
    return f"transformers:{folder}"


def ast_folder(folder: Path, seed: int = 0) -> str:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTModel

    torch.manual_seed(seed)
    config = ASTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_length=64, num_mel_bins=32,
    )  # fmt: skip
    ASTModel(config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)
    return f"transformers:{folder}"


def clap_folder(folder: Path, seed: int = 0) -> str:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    torch.manual_seed(seed)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = ClapConfig(
        text_config={**small, "vocab_size": 20, "projection_dim": 12},
        audio_config={
            "spec_size": 64, "num_mel_bins": 16, "window_size": 4, "patch_size": 4, "patch_stride": [4, 4],
            "patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 2],
            "hidden_size": 16, "projection_dim": 12,
        },
        projection_dim=12,
    )  # fmt: skip
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16, sampling_rate=48_000, hop_length=480, max_length_s=1, fft_window_size=512,
        frequency_min=50, frequency_max=14_000, truncation="rand_trunc",
    ).save_pretrained(folder)  # fmt: skip
    return f"transformers:{folder}"


AUDIO_FOLDERS = {"wav2vec2": wav2vec2_folder, "ast": ast_folder, "clap": clap_folder}


def clip_with_words(folder: Path) -> str:
    """A CLIP folder that can read: with a tokenizer of a dozen words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    name = clip_folder(folder)
    words = ["<pad>", "<s>", "</s>", "<unk>", "red", "blue", "cotton", "towel", "lamp"]
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 1), ("</s>", 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_max_length=16,
    ).save_pretrained(folder)  # fmt: skip
    return name


def siglip_with_words(folder: Path) -> str:
    """A SigLIP folder that sees and reads; its texts are padded to the full length."""
    from transformers import SiglipConfig, SiglipModel

    clip_with_words(folder)  # its tokenizer serves as well
    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = SiglipConfig(
        text_config={
            **small,
            "vocab_size": 20,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "max_position_embeddings": 16,
            "projection_size": 16,
        },
        vision_config={**small, "image_size": 32, "patch_size": 16},
    )
    SiglipModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(VIT_LIKE))
    return f"transformers:{folder}"
